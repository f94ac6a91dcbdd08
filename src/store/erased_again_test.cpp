#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "store/key_ring.h"
#include "store/page_cipher.h"
#include "store/store_test_support.h"
#include "vault/audit_trail.h"

namespace lucerna::store {
namespace {

namespace fs = std::filesystem;
using test::StoredInstance;

StoredInstance of_patient(const std::string& id, int number = 1) {
    StoredInstance instance;
    instance.patient_id = id;
    instance.patient_name = "Name^" + id;
    instance.study = "1.2.3." + std::to_string(id.size());
    instance.series = instance.study + ".1";
    instance.sop_instance = instance.series + "." + std::to_string(number);
    return instance;
}

/// A copy of the index of now, that is put back later.
class OlderIndex : public testing::Test {
  protected:
    void SetUp() override { LUCERNA_NEEDS_SQLITE(); }
    void copy() {
        store.close();
        fs::copy_file(index(), store.data() / "older");
        store.open();
    }
    void put_back() {
        store.close();
        fs::copy_file(store.data() / "older", index(), fs::copy_options::overwrite_existing);
    }
    [[nodiscard]] fs::path index() const { return store.data() / "index.sqlite"; }
    [[nodiscard]] std::size_t acts(const std::string& act) const {
        std::size_t count = 0;
        for (const std::string& line : vault::AuditTrail(store.data() / "audit.log").acts())
            if (line.find("\"act\":\"" + act + "\"") != std::string::npos) ++count;
        return count;
    }

    TestStore store;
};

TEST_F(OlderIndex, KnowsNobodyAgainWhoWasErased) {
    store.archive().keep(of_patient("A\nB").file());
    store.archive().keep(of_patient("ANNA").file());
    copy();
    EXPECT_EQ(store.archive().erase_patient("A\nB", "", "someone"), 1U);
    put_back();
    store.open();
    EXPECT_EQ(store.archive().totals().instances, 1U);
    EXPECT_TRUE(store.archive().instance(of_patient("ANNA").sop_instance));
    EXPECT_TRUE(store.archive().verify().empty());
    EXPECT_EQ(acts("erase-again"), 1U);
    store.open();
    EXPECT_EQ(acts("erase-again"), 1U) << "once";
}

TEST_F(OlderIndex, LeavesWhoCameAgain) {
    store.archive().keep(of_patient("ANNA").file());
    EXPECT_EQ(store.archive().erase_patient("ANNA", "", "someone"), 1U);
    store.archive().keep(of_patient("ANNA", 2).file());
    copy();
    store.archive().keep(of_patient("ANNA", 3).file());
    put_back();
    store.open();
    EXPECT_EQ(store.archive().totals().instances, 1U);
    EXPECT_TRUE(store.archive().reindex().empty());
    EXPECT_EQ(store.archive().totals().instances, 2U);
    EXPECT_EQ(acts("erase-again"), 0U);
}

TEST_F(OlderIndex, KnowsNoStudyAgainThatWasHerLast) {
    store.archive().keep(of_patient("ANNA").file());
    store.archive().keep(of_patient("BERTHA").file());
    copy();
    EXPECT_EQ(store.archive().erase_study(of_patient("ANNA").study, "someone"), 1U);
    put_back();
    store.open();
    EXPECT_EQ(store.archive().totals().instances, 1U);
    EXPECT_TRUE(store.archive().verify().empty());
}

TEST_F(OlderIndex, TakesNothingThatCanBeRead) {
    store.archive().keep(of_patient("ANNA").file());
    const fs::path keys = store.data() / "keys";
    const fs::path objects = store.data() / "objects";
    copy();
    store.close();
    for (const fs::path& folder : {keys, objects})
        fs::copy(folder, folder.string() + "-copy", fs::copy_options::recursive);
    store.open();
    // By mistake: all but the trail is put back.
    EXPECT_EQ(store.archive().erase_patient("ANNA", "", "someone"), 1U);
    put_back();
    for (const fs::path& folder : {keys, objects}) {
        fs::remove_all(folder);
        fs::rename(folder.string() + "-copy", folder);
    }
    store.open();
    EXPECT_EQ(store.archive().totals().instances, 1U);
    EXPECT_TRUE(store.archive().verify().empty());
}

// Of what has no key any more it may as well be: names and dates would stand in rows again.
TEST_F(OlderIndex, KnowsNobodyAgainWhoWasErasedThoughTheTrailIsDamaged) {
    store.archive().keep(of_patient("ANNA").file());
    store.archive().keep(of_patient("BERTHA").file());
    copy();
    EXPECT_EQ(store.archive().erase_patient("ANNA", "", "someone"), 1U);
    put_back();
    const fs::path trail = store.data() / "audit.log";
    std::string text(as_text(read_file(trail)));
    text.replace(text.find("someone"), 7, "anybody");
    write_file(trail, as_byte_view(text));
    store.open();
    EXPECT_EQ(store.archive().totals().instances, 1U);
    EXPECT_TRUE(store.archive().instance(of_patient("BERTHA").sop_instance));
    EXPECT_EQ(acts("erase-again"), 1U);
}

TEST_F(OlderIndex, TakesNobodyWhoWasNotErased) {
    StoredInstance here = of_patient("ANNA");
    here.issuer = "HERE";
    here.study = "1.2.3.77";
    here.series = here.study + ".1";
    here.sop_instance = here.series + ".1";
    store.archive().keep(of_patient("ANNA").file());
    store.archive().keep(here.file());
    copy();
    StoredInstance there = here;
    there.issuer = "THERE";
    there.study = "1.2.3.78";
    there.series = there.study + ".1";
    there.sop_instance = there.series + ".1";
    store.archive().keep(there.file());
    EXPECT_EQ(store.archive().erase_patient("ANNA", "HERE", "someone"), 1U);
    put_back();
    store.open();
    EXPECT_TRUE(store.archive().instance(of_patient("ANNA").sop_instance));
    EXPECT_FALSE(store.archive().instance(here.sop_instance));
    EXPECT_TRUE(store.archive().reindex().empty());
    EXPECT_TRUE(store.archive().verify().empty());
}

TEST_F(OlderIndex, GivesWhoComesAgainAnotherKey) {
    StoredInstance without = of_patient("ANNA");
    StoredInstance with = of_patient("ANNA", 2);
    with.issuer = "HERE";
    store.archive().keep(without.file());
    store.archive().keep(with.file());
    copy();
    // The key of what has no issuer goes with it; the study stays.
    EXPECT_EQ(store.archive().erase_part({without.study, without.series, without.sop_instance}),
              1U);
    put_back();
    store.open();
    EXPECT_EQ(store.archive().totals().instances, 2U) << "one of them cannot be read";
    EXPECT_EQ(store.archive().keep(of_patient("ANNA", 3).file()), Kept::kNew);
    const std::size_t noted = acts("erase-again");
    store.open();
    EXPECT_EQ(acts("erase-again"), noted);
}

TEST_F(OlderIndex, OpensNoMoreOnceTheKeysWereRotated) {
    store.archive().keep(of_patient("ANNA").file());
    copy();
    store.archive().rotate_keys("someone");
    store.open();
    EXPECT_EQ(store.archive().totals().instances, 1U);
    EXPECT_TRUE(store.archive().verify().empty());
    const auto records = store.records();
    EXPECT_FALSE(next_index_key(*records, store.keys));
    EXPECT_FALSE(
        damages_of_pages(store.data() / "older", index_key(*records, store.keys, index())).empty());
    put_back();
    EXPECT_EQ(test::error_of([&] { store.open(); }), "corrupt");
}

/// A rotation, or the opening that seals anew, is killed where it may be.
TEST_F(OlderIndex, IsSealedAnewWhateverBrokeOff) {
    store.archive().keep(of_patient("ANNA").file());
    const fs::path keys = store.data() / "keys";
    const fs::path before = store.data() / "keys-before";
    store.archive().rotate_keys("someone");
    store.close();
    fs::copy(keys, before, fs::copy_options::recursive);
    write_file(store.data() / "index.sqlite.sealing", as_byte_view(std::string("half")));
    store.open();
    EXPECT_EQ(store.archive().totals().instances, 1U);
    store.close();
    // The index lies in its place, but neither of its keys' records was written.
    fs::remove_all(keys);
    fs::rename(before, keys);
    store.open();
    EXPECT_EQ(store.archive().totals().instances, 1U);
    EXPECT_FALSE(next_index_key(*store.records(), store.keys));
    store.open();
    EXPECT_TRUE(store.archive().verify().empty());
}

TEST_F(OlderIndex, GoesOnAsItIsWhereItCannotBeSealedAnew) {
    store.archive().keep(of_patient("ANNA").file());
    store.archive().rotate_keys("someone");
    store.close();
    const fs::path in_the_way = store.data() / "index.sqlite.sealing";
    fs::create_directories(in_the_way / "something");
    store.open();
    EXPECT_TRUE(store.archive().verify().empty());
    EXPECT_EQ(store.archive().keep(of_patient("ANNA", 2).file()), Kept::kNew);
    EXPECT_TRUE(next_index_key(*store.records(), store.keys));
    fs::remove_all(in_the_way);
    store.open();
    EXPECT_FALSE(next_index_key(*store.records(), store.keys));
    EXPECT_EQ(store.archive().totals().instances, 2U);
    EXPECT_TRUE(store.archive().verify().empty());
}

}  // namespace
}  // namespace lucerna::store
