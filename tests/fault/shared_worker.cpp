// One of several processes that share an index on PostgreSQL and a bucket.
//
//     shared_worker work|leave|open|check|reindex FOLDER KEYS POSTGRES S3 NAME [SECONDS]
//
// work: keeps objects and does jobs until the time is over or it is killed. Each line on standard
// output is a promise, written after the store said that the object or the job is durable, or that
// the job is done. What fails is tried again, as a modality would.
// leave: is killed when the object is in the bucket and the index does not know it yet.
// open: opens the store and ends.
// check: reads such lines and says which do not hold. reindex: the same, after reindexing.

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "store/object_bucket.h"
#include "store/store.h"
#include "support/stored_instance.h"
#include "vault/file_key_provider.h"

namespace {

using namespace lucerna;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

void promise(const std::string& line) {
    // One write of less than PIPE_BUF is never torn.
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(3);
}

/// Until it succeeds or the time is over.
template <typename Work>
bool insist(Steady::time_point end, Work work) {
    while (Steady::now() < end) {
        try {
            work();
            return true;
        } catch (const Error& error) {
            if (error.code() == ErrorCode::kInternal || error.code() == ErrorCode::kCorrupt ||
                error.code() == ErrorCode::kInvalidInput) {
                std::fprintf(stderr, "%s\n", error.what());
                std::_Exit(4);
            }
            std::this_thread::sleep_for(50ms);
        }
    }
    return false;
}

/// A bucket whose writer does not live to commit.
class LeftBucket final : public store::Objects {
  public:
    explicit LeftBucket(std::shared_ptr<store::S3> bucket) : bucket_(std::move(bucket)) {}

    [[nodiscard]] bool is_shared() const override { return bucket_.is_shared(); }
    void write_as(const std::string& writer) override { bucket_.write_as(writer); }
    [[nodiscard]] std::unique_ptr<store::ObjectWriter> create(const std::string& name) override {
        written_ = true;
        return bucket_.create(name);
    }
    void settle() override {
        if (written_) ::raise(SIGKILL);
    }
    void publish(const std::string& name) override { bucket_.publish(name); }
    [[nodiscard]] std::unique_ptr<store::ObjectReader> open(const std::string& name) override {
        return bucket_.open(name);
    }
    void remove(const std::string& name) override { bucket_.remove(name); }
    void for_each(const std::function<void(const std::string& name)>& visit) override {
        bucket_.for_each(visit);
    }
    void for_each_stray(const std::function<void(const std::string& place)>& visit) override {
        bucket_.for_each_stray(visit);
    }
    Recovered recover(const std::function<bool(const std::string& name)>& known,
                      const std::function<bool(const std::string& writer)>& alive) override {
        return bucket_.recover(known, alive);
    }

  private:
    store::ObjectBucket bucket_;
    bool written_ = false;
};

void leave(const store::StoreOptions& options, vault::KeyProvider& keys, const Clock& clock) {
    const auto bucket = std::make_shared<store::S3>(*options.bucket);
    store::Store store(options, std::make_unique<LeftBucket>(bucket),
                       std::make_unique<store::RecordBucket>(bucket), keys, clock);
    store.archive().keep(test::StoredInstance().file());
}

void send(store::Store& store, const std::string& who, unsigned sender, Steady::time_point end) {
    Random random(sender + std::hash<std::string>{}(who) % 1000);
    for (unsigned number = 1; Steady::now() < end; ++number) {
        test::StoredInstance instance;
        // Several processes send into one study, of one patient each.
        instance.patient_id = "P" + std::to_string(number % 7 % 5);
        instance.study = "1.2." + std::to_string(number % 7);
        instance.series = instance.study + ".1";
        instance.sop_instance =
            "1.3." + who + "." + std::to_string(sender) + "." + std::to_string(number);
        instance.seed = static_cast<unsigned>(random.below(1000));
        instance.pixels = 2 * (1 + random.below(20000));
        const Bytes file = instance.file();
        if (!insist(end, [&] { store.archive().keep(file); })) return;
        promise("object " + instance.patient_id + " " + instance.study + " " +
                instance.sop_instance + " " + std::to_string(instance.seed) + " " +
                std::to_string(instance.pixels) + "\n");
        const std::string key = instance.sop_instance;
        if (!insist(end, [&] { store.queue().enqueue({"work", key, ""}); })) return;
        promise("job " + key + "\n");
        std::this_thread::sleep_for(10ms);
    }
}

void work(store::Store& store, const std::string& who, Steady::time_point end) {
    while (Steady::now() < end) {
        try {
            const auto job = store.queue().wait_and_lease("work", who, 10min, 200ms, {});
            if (!job) continue;
            std::this_thread::sleep_for(3ms);
            store.queue().complete(*job);
            promise("did " + job->key + "\n");
        } catch (const Error&) {
            std::this_thread::sleep_for(50ms);
        }
    }
}

int check(store::Store& store) {
    int broken = 0;
    const auto complain = [&](const std::string& what) {
        std::printf("%s\n", what.c_str());
        ++broken;
    };
    std::map<std::string, int> did;
    std::map<std::string, bool> promised;
    std::string line;
    while (std::getline(std::cin, line)) {
        std::istringstream words(line);
        std::string what;
        test::StoredInstance instance;
        words >> what;
        if (what == "object") {
            words >> instance.patient_id >> instance.study >> instance.sop_instance >>
                instance.seed >> instance.pixels;
            instance.series = instance.study + ".1";
            if (store.archive().object(instance.sop_instance) != instance.file())
                complain("other bytes: " + line);
        } else {
            words >> instance.sop_instance;
            if (what == "job") promised[instance.sop_instance] = true;
            if (what == "did" && ++did[instance.sop_instance] > 1) complain("done twice: " + line);
        }
    }
    // A lease that was written and whose worker never heard of it is free now that all are gone.
    while (const auto job = store.queue().lease("work", "check", 10min))
        store.queue().complete(*job);
    for (const store::Job& job : store.queue().list("work", 1'000'000)) {
        promised.erase(job.key);
        if (job.state != store::JobState::kDone) complain("not done: " + job.key);
    }
    for (const auto& [key, unused] : promised) complain("lost: " + key);
    for (const store::Damage& damage : store.archive().verify()) complain(damage.what);
    std::printf("%llu instances\n",
                static_cast<unsigned long long>(store.archive().totals().instances));
    return broken == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 7) return 2;
    const std::vector<std::string> words(arguments + 1, arguments + count);
    const SystemClock clock;
    vault::FileKeyProvider keys(words[2]);
    store::S3Options bucket;
    bucket.endpoint = words[4];
    bucket.bucket = "lucerna";
    bucket.credentials = store::s3_credentials({});
    const store::StoreOptions options{words[1], {}, words[3], bucket};
    if (words[0] == "leave") leave(options, keys, clock);
    store::Store store(options, keys, clock);
    promise("up\n");
    if (words[0] == "open") return 0;
    if (words[0] == "reindex")
        for (const store::Damage& damage : store.archive().reindex())
            std::printf("%s\n", damage.what.c_str());
    if (words[0] == "check" || words[0] == "reindex") return check(store);
    const auto end = Steady::now() + std::chrono::seconds(count > 7 ? std::stoi(words[6]) : 3600);
    std::vector<std::jthread> threads;
    for (unsigned sender = 1; sender <= 2; ++sender)
        threads.emplace_back([&, sender] { send(store, words[5], sender, end - 3s); });
    for (int worker = 0; worker < 2; ++worker)
        threads.emplace_back([&] { work(store, words[5], end); });
}
