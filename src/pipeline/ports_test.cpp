#include "pipeline/ports.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>

#include "base/answer_due.h"
#include "base/error.h"
#include "base/outside_wait.h"
#include "store/object_folder.h"
#include "store/store.h"
#include "support/forwarding_keys.h"
#include "support/forwarding_records.h"
#include "support/stored_instance.h"
#include "support/temporary_folder.h"
#include "vault/file_key_provider.h"

namespace lucerna::pipeline {
namespace {

/// Says nothing until the answer is due.
[[noreturn]] void silent(const char* what) {
    const OutsideWait waits(what, OutsideWait::Crowded::kWaits);
    std::this_thread::sleep_until(AnswerDue::of_this_thread().value());
    throw Error(ErrorCode::kUnavailable, std::string(what) + " says nothing");
}

class Keys final : public test::ForwardingKeys {
  public:
    using ForwardingKeys::ForwardingKeys;
    vault::WrappedKey wrap(const vault::SecretKey& key, std::string_view purpose) override {
        if (instead) instead();
        return ForwardingKeys::wrap(key, purpose);
    }
    std::function<void()> instead;
};

class Records final : public test::ForwardingRecords {
  public:
    Records(std::unique_ptr<store::Records> records, const std::function<void()>& instead)
        : ForwardingRecords(std::move(records)), instead_(instead) {}
    void write_new(const std::string& name, ByteView bytes) override {
        if (instead_) instead_();
        ForwardingRecords::write_new(name, bytes);
    }

  private:
    const std::function<void()>& instead_;
};

/// What becomes of an object of a new patient.
class ArchiveSinkTest : public testing::Test {
  protected:
    enum class Became { kKept, kRefused, kSilence };
    Became keep() {
        ArchiveSink sink(store_, [](const std::string&) {});
        try {
            (void)sink.keep(test::StoredInstance().file(), {});
        } catch (const receive::Silence& silence) {
            EXPECT_EQ(silence.code(), ErrorCode::kUnavailable);
            return Became::kSilence;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
            return Became::kRefused;
        }
        return Became::kKept;
    }

    test::TemporaryFolder folder_;
    SystemClock clock_;
    vault::FileKeyProvider held_{folder_.path() / "kek.json"};
    Keys keys_{held_};
    std::function<void()> instead_of_records_;
    store::Store store_{
        {folder_.path() / "data"},
        std::make_unique<store::ObjectFolder>(folder_.path() / "objects"),
        std::make_unique<Records>(std::make_unique<store::RecordFolder>(folder_.path() / "keys"),
                                  instead_of_records_),
        keys_,
        clock_};
};

TEST_F(ArchiveSinkTest, CallsSilenceWhatEachObjectWouldWaitFor) {
    instead_of_records_ = [] { silent("the object store"); };
    EXPECT_EQ(keep(), Became::kSilence);
    instead_of_records_ = [] { silent("the index"); };
    EXPECT_EQ(keep(), Became::kSilence);
    instead_of_records_ = nullptr;
    EXPECT_EQ(keep(), Became::kKept);
}

TEST_F(ArchiveSinkTest, CallsNoSilenceWhatOthersNeedNotWaitFor) {
    keys_.instead = [] { silent("the key service"); };
    EXPECT_EQ(keep(), Became::kRefused);
    keys_.instead = nullptr;
    instead_of_records_ = [] {
        const OutsideWait waits("the object store", OutsideWait::Crowded::kWaits);
        throw Error(ErrorCode::kUnavailable, "it answers 503");
    };
    EXPECT_EQ(keep(), Became::kRefused) << "it answered";
}

}  // namespace
}  // namespace lucerna::pipeline
