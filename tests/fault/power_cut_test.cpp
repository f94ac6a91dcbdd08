#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/guarded.h"
#include "store/object_folder.h"
#include "store/store.h"
#include "support/stored_instance.h"
#include "support/temporary_folder.h"
#include "vault/file_key_provider.h"

namespace lucerna::store {
namespace {

/// What a device holds: names count only once they were settled, publishing is soon forgotten.
struct Device {
    struct State {
        std::map<std::string, Bytes> incoming;
        std::map<std::string, Bytes> published;
        std::set<std::string> settled;
        /// Bytes that can still be written.
        std::size_t space = std::size_t{1} << 40;
    };
    Guarded<State> state;

    /// The power goes: unsettled names are lost, and published files are back where they came from.
    void cut() {
        state.with([](State& held) {
            held.incoming.merge(held.published);
            held.published.clear();
            std::erase_if(held.incoming,
                          [&](const auto& entry) { return !held.settled.contains(entry.first); });
        });
    }
};

class ForgetfulWriter final : public ObjectWriter {
  public:
    ForgetfulWriter(Device& device, std::string name) : device_(device), name_(std::move(name)) {}
    void append(ByteView bytes) override {
        device_.state.with([&](Device::State& held) {
            if (bytes.size() > held.space) throw Error(ErrorCode::kOutOfSpace, "no space");
            held.space -= bytes.size();
        });
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    }
    void finish() override {
        device_.state.with([&](Device::State& held) { held.incoming[name_] = bytes_; });
    }

  private:
    Device& device_;
    std::string name_;
    Bytes bytes_;
};

class MemoryReader final : public ObjectReader {
  public:
    explicit MemoryReader(Bytes bytes) : bytes_(std::move(bytes)) {}
    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
    std::size_t read(std::uint64_t offset, std::span<std::uint8_t> into) override {
        const ByteView rest = ByteView(bytes_).subspan(
            std::min<std::size_t>(static_cast<std::size_t>(offset), bytes_.size()));
        const std::size_t count = std::min(rest.size(), into.size());
        std::copy_n(rest.begin(), count, into.begin());
        return count;
    }

  private:
    Bytes bytes_;
};

class ForgetfulObjects final : public Objects {
  public:
    explicit ForgetfulObjects(Device& device) : device_(device) {}

    std::unique_ptr<ObjectWriter> create(const std::string& name) override {
        return std::make_unique<ForgetfulWriter>(device_, name);
    }
    void settle() override {
        device_.state.with([](Device::State& held) {
            for (const auto& [name, bytes] : held.incoming) held.settled.insert(name);
        });
    }
    void publish(const std::string& name) override {
        device_.state.with(
            [&](Device::State& held) { held.published.insert(held.incoming.extract(name)); });
    }
    std::unique_ptr<ObjectReader> open(const std::string& name) override {
        return device_.state.with([&](Device::State& held) {
            for (const auto* files : {&held.published, &held.incoming})
                if (files->contains(name)) return std::make_unique<MemoryReader>(files->at(name));
            throw Error(ErrorCode::kNotFound, "no object " + name);
        });
    }
    void remove(const std::string& name) override {
        device_.state.with([&](Device::State& held) {
            held.incoming.erase(name);
            held.published.erase(name);
        });
    }
    void for_each(const std::function<void(const std::string& name)>& visit) override {
        std::vector<std::string> names;
        device_.state.with([&](Device::State& held) {
            for (const auto* files : {&held.published, &held.incoming})
                for (const auto& [name, bytes] : *files) names.push_back(name);
        });
        for (const std::string& name : names) visit(name);
    }
    /// It holds nothing else.
    void for_each_stray(const std::function<void(const std::string& place)>&) override {}
    Recovered recover(const std::function<bool(const std::string& name)>& known,
                      const std::function<bool(const std::string& writer)>&) override {
        std::vector<std::string> names;
        device_.state.with([&](Device::State& held) {
            for (const auto& [name, bytes] : held.incoming) names.push_back(name);
        });
        std::size_t removed = 0;
        for (const std::string& name : names) {
            if (known(name)) {
                publish(name);
            } else {
                remove(name);
                ++removed;
            }
        }
        return {removed, 0};
    }

  private:
    Device& device_;
};

class PowerCutTest : public testing::Test {
  protected:
    std::unique_ptr<Store> open() {
        return std::make_unique<Store>(
            StoreOptions{folder.path() / "data", {}}, std::make_unique<ForgetfulObjects>(device),
            std::make_unique<RecordFolder>(folder.path() / "keys"), keys, clock);
    }
    static test::StoredInstance numbered(int sender, int number) {
        test::StoredInstance instance;
        instance.study = "1.2." + std::to_string(sender);
        instance.series = instance.study + ".1";
        instance.sop_instance = instance.series + "." + std::to_string(number);
        instance.pixels = 90000;
        return instance;
    }

    test::TemporaryFolder folder;
    Device device;
    vault::FileKeyProvider keys{folder.path() / "secret"};
    ManualClock clock{from_rfc3339("2026-03-01T08:00:00.000Z")};
};

TEST_F(PowerCutTest, NoIndexRowIsCommittedBeforeTheNameOfItsObject) {
    constexpr int kSenders = 4;
    constexpr int kEach = 12;
    {
        const auto store = open();
        std::vector<std::jthread> senders;
        for (int sender = 1; sender <= kSenders; ++sender)
            senders.emplace_back([&, sender] {
                for (int number = 1; number <= kEach; ++number)
                    store->archive().keep(numbered(sender, number).file());
            });
    }
    device.cut();
    const auto store = open();
    EXPECT_TRUE(store->archive().verify().empty());
    for (int sender = 1; sender <= kSenders; ++sender)
        for (int number = 1; number <= kEach; ++number) {
            const auto instance = numbered(sender, number);
            EXPECT_EQ(store->archive().object(instance.sop_instance), instance.file());
        }
}

TEST_F(PowerCutTest, AFullDeviceRefusesTheObjectWholeAndTakesTheNextOne) {
    const auto store = open();
    store->archive().keep(numbered(1, 1).file());
    device.state.with([](auto& held) { held.space = 70000; });
    EXPECT_EQ(test::error_of([&] { store->archive().keep(numbered(1, 2).file()); }),
              "out-of-space");
    EXPECT_FALSE(store->archive().instance("1.2.1.1.2"));
    EXPECT_TRUE(store->archive().verify().empty()) << "nothing half-stored";
    EXPECT_EQ(store->exams().exam("1.2.1")->images, 1);
    device.state.with([](auto& held) { held.space = 1000000; });
    EXPECT_EQ(store->archive().keep(numbered(1, 2).file()), Kept::kNew);
}

}  // namespace
}  // namespace lucerna::store
