#include "pipeline/workers.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>

#include "base/clock.h"
#include "base/error.h"
#include "store/store.h"
#include "support/temporary_folder.h"
#include "vault/file_key_provider.h"

namespace lucerna::pipeline {
namespace {

using namespace std::chrono_literals;

class AnySource final : public deliver::ObjectSource {
  public:
    dicom::ObjectHead head(const std::string& uid) override { return {"1.2.840", uid, "1.2"}; }
    std::optional<File> file(const std::string&) override {
        throw Error(ErrorCode::kInternal, "not asked for");
    }
};

/// A destination that takes connections and says nothing.
deliver::OpenSender that_hangs(std::stop_source& reached) {
    return [&reached](const deliver::Destination&, std::span<const dicom::ObjectHead>,
                      const std::stop_token& stop) -> std::unique_ptr<deliver::ObjectSender> {
        reached.request_stop();
        std::mutex mutex;
        std::condition_variable_any changed;
        std::unique_lock lock(mutex);
        changed.wait(lock, stop, [] { return false; });
        throw Error(ErrorCode::kCancelled, "asked to stop");
    };
}

class DeliverResults : public testing::Test {
  protected:
    test::TemporaryFolder folder;
    SystemClock clock;
    vault::FileKeyProvider keys{folder.path() / "kek.json"};
    store::Store store{{folder.path() / "data", {}}, keys, clock};
    AnySource source;
};

TEST_F(DeliverResults, BreaksOffWhenTheServerStopsAndLeavesTheRestForLater) {
    const std::string payload = deliver::to_json({"pacs", {"1.2.3"}});
    store.queue().enqueue({"deliver:pacs", "1", payload});
    const auto job = store.queue().lease("deliver:pacs", "test", 60s);
    ASSERT_TRUE(job);
    deliver::Destination pacs;
    pacs.name = "pacs";
    std::stop_source reached;
    deliver::DeliveryStep step({pacs}, source, {}, that_hangs(reached));
    std::stop_source stop;
    const std::stop_callback when_reached(reached.get_token(), [&] { stop.request_stop(); });
    deliver_results(*job, store.queue(), step, clock, 60s, stop.get_token());
    const auto left = store.queue().list("deliver:pacs");
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].payload, payload);
    EXPECT_FALSE(store.queue().lease("deliver:pacs", "test", 60s)) << "not at once";
}

TEST_F(DeliverResults, SaysInTheLogWhoseResultsAreGivenUp) {
    deliver::DeliveryStep step({}, source);
    testing::internal::CaptureStderr();
    for (const std::string& payload : {std::string("{}"), deliver::to_json({"pacs", {"1.3"}})}) {
        store.queue().enqueue({"deliver:pacs", payload, payload, {}, "1.2.840.7"});
        const auto job = store.queue().lease("deliver:pacs", "test", 60s);
        ASSERT_TRUE(job);
        deliver_results(*job, store.queue(), step, clock, 60s, {});
    }
    const std::string log = testing::internal::GetCapturedStderr();
    const std::string line = R"("deliver.given-up","exam":"1.2.840.7",)";
    EXPECT_NE(log.find(line), std::string::npos) << log;
    EXPECT_NE(log.find(line), log.rfind(line)) << log;
}

TEST_F(DeliverResults, SaysNothingOfADeliveryThatIsAnothersByNow) {
    deliver::DeliveryStep step({}, source);
    const std::string payload = deliver::to_json({"pacs", {"1.3"}});
    store.queue().enqueue({"deliver:pacs", payload, payload, {}, "1.2.840.7"});
    const auto job = store.queue().lease("deliver:pacs", "test", 60s);
    ASSERT_TRUE(job);
    store.queue().complete(*job);
    testing::internal::CaptureStderr();
    EXPECT_THROW(deliver_results(*job, store.queue(), step, clock, 60s, {}), Error);
    EXPECT_EQ(testing::internal::GetCapturedStderr().find("given-up"), std::string::npos);
}

}  // namespace
}  // namespace lucerna::pipeline
