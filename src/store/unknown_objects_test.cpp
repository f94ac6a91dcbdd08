#include "store/unknown_objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "store/archive.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

using testing::ElementsAre;

/// Gives each of the texts it is bound that it knows.
class CountedStatement final : public StatementPort {
  public:
    explicit CountedStatement(const std::set<std::string>& known) : known_(known) {}
    void bind(int, std::int64_t) override {}
    void bind(int, double) override {}
    void bind(int, std::string_view text) override {
        if (known_.contains(std::string(text))) found_.emplace_back(text);
    }
    void bind_null(int) override {}
    [[nodiscard]] bool step() override { return ++row_ <= found_.size(); }
    [[nodiscard]] bool is_null(int) const override { return false; }
    [[nodiscard]] std::int64_t integer(int) const override { return 0; }
    [[nodiscard]] double number(int) const override { return 0; }
    [[nodiscard]] std::string text(int) const override { return found_.at(row_ - 1); }

  private:
    const std::set<std::string>& known_;
    std::vector<std::string> found_;
    std::size_t row_ = 0;
};

class CountedIndex final : public Connection {
  public:
    [[nodiscard]] Statement prepare(std::string_view sql) override {
        texts.emplace(sql);
        ++queries;
        return Statement(std::make_unique<CountedStatement>(known));
    }
    void execute(const char*) override {}
    [[nodiscard]] std::int64_t last_row() const override { return 0; }
    [[nodiscard]] std::int64_t changes() const override { return 0; }
    [[nodiscard]] bool in_transaction() const override { return false; }

    std::set<std::string> known;
    std::set<std::string> texts;
    std::size_t queries = 0;
};

TEST(UnknownObjects, AreFoundWithOneQueryOfOneTextHoweverManyTheyAre) {
    CountedIndex index;
    index.known = {"a", "c"};
    EXPECT_THAT(unknown_among(index, {"d", "a", "b", "c"}), ElementsAre("d", "b"));
    EXPECT_EQ(unknown_among(index, std::vector<std::string>(kNamesInAQuery, "x")).size(),
              kNamesInAQuery);
    EXPECT_TRUE(unknown_among(index, {}).empty());
    EXPECT_EQ(index.queries, 3U);
    EXPECT_EQ(index.texts.size(), 1U);
}

TEST(UnknownObjects, AreCountedAmongMoreThanAQueryAsksFor) {
    TestStore store;
    for (const char* number : {"1", "2", "3"}) {
        test::StoredInstance instance;
        instance.sop_instance += std::string(".") + number;
        store.archive().keep(instance.file());
    }
    EXPECT_EQ(store.archive().unknown_objects(), 0U);
    const Bytes sealed = store.sealed(store.objects().front());
    for (std::size_t i = 0; i < kNamesInAQuery + 1; ++i) {
        const std::string name = vault::to_text(vault::random_id());
        if (store.on_files())
            std::filesystem::create_directories(store.data() / "objects" / name.substr(0, 2));
        store.replace(name, sealed);
        if (i + 4 == kNamesInAQuery) {
            EXPECT_EQ(store.archive().unknown_objects(), kNamesInAQuery - 3) << "just one query";
        }
    }
    EXPECT_EQ(store.archive().unknown_objects(), kNamesInAQuery + 1);
}

}  // namespace
}  // namespace lucerna::store
