#include "dicom/association_gate.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace lucerna::dicom {
namespace {

using namespace std::chrono_literals;

TEST(AssociationLag, IsWhatWasWaitedLessWhatBytesTake) {
    AssociationLag lag(1000, 1h);
    {
        const AssociationLag::Wait wait(&lag);
        std::this_thread::sleep_for(20ms);
        const AssociationLag::Wait within(&lag);
        EXPECT_TRUE(lag.is_waiting());
        EXPECT_GE(lag.now(), 20ms);
    }
    EXPECT_FALSE(lag.is_waiting());
    const auto waited = lag.now();
    EXPECT_GE(waited, 20ms);
    lag.moved(10);
    EXPECT_EQ(lag.now(), waited - 10ms);
    lag.moved(1'000'000);
    EXPECT_EQ(lag.now(), 0ms) << "nothing is saved up";
}

TEST(AssociationLag, EndsSomewhere) {
    AssociationLag lag(1000, 5ms);
    const AssociationLag::Wait wait(&lag);
    std::this_thread::sleep_for(10ms);
    EXPECT_EQ(lag.now(), 5ms);
}

/// Of four places, with a rest of 50 ms. Whoever is cut leaves.
class AssociationGateTest : public testing::Test {
  protected:
    struct Association {
        explicit Association(AssociationGate& gate) : place(gate) {}
        AssociationGate::Place place;
        std::optional<AssociationLag::Wait> wait;
        bool is_cut = false;
    };

    Association& enter(const std::string& address) {
        auto& one = *associations_.emplace_back(std::make_unique<Association>(gate_));
        is_in_ = one.place.enter(address, [&one] { one.is_cut = true; });
        return one;
    }
    /// A crowd that waits for its peers.
    std::vector<Association*> four(const std::string& address) {
        std::vector<Association*> all;
        for (int i = 0; i < 4; ++i) {
            all.push_back(&enter(address));
            all.back()->wait.emplace(&all.back()->place.lag());
        }
        return all;
    }
    /// One that was cut has a second to leave, of which a thread makes use.
    bool comes_in(const std::string& address) {
        const std::jthread leaver([this](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                for (const auto& one : associations_)
                    if (one->place.is_given_up()) one->place.leave();
                std::this_thread::sleep_for(1ms);
            }
        });
        AssociationGate::Place place(gate_);
        return place.enter(address, [] {});
    }
    /// In a thread of its own.
    std::future<bool> asks(const std::string& address) {
        auto& place = associations_.emplace_back(std::make_unique<Association>(gate_))->place;
        return std::async(std::launch::async,
                          [&place, address] { return place.enter(address, [] {}); });
    }
    static Association& that_is_given_up(const std::vector<Association*>& crowd) {
        for (;; std::this_thread::sleep_for(1ms))
            for (Association* const one : crowd)
                if (one->place.is_given_up()) return *one;
    }
    static int cut_of(const std::vector<Association*>& crowd) {
        int count = 0;
        for (const Association* one : crowd) count += one->is_cut ? 1 : 0;
        return count;
    }

    AssociationGate gate_{4, 50ms, 1000};
    std::vector<std::unique_ptr<Association>> associations_;
    bool is_in_ = false;
};

TEST_F(AssociationGateTest, KeepsOneAddressFromHavingAllWhereAnotherAsks) {
    const auto crowd = four("10.0.0.1");
    EXPECT_FALSE(comes_in("10.0.0.1")) << "none of its own has rested or lagged";
    EXPECT_TRUE(comes_in("10.0.0.2"));
    EXPECT_EQ(cut_of(crowd), 1);
}

TEST_F(AssociationGateTest, GivesAPlaceToTheOneThatItWasFreedFor) {
    auto crowd = four("10.0.0.1");
    for (int i = 0; i < 2; ++i) {
        auto other = asks("10.0.0.2");
        Association& cut = that_is_given_up(crowd);
        std::erase(crowd, &cut);
        cut.place.leave();
        (void)enter("10.0.0.1");
        EXPECT_FALSE(is_in_) << "another was quicker, that had to leave before";
        EXPECT_TRUE(other.get());
    }
    EXPECT_EQ(gate_.inside(), 4U);
}

TEST_F(AssociationGateTest, WaitsForOneAtWork) {
    const auto crowd = four("10.0.0.1");
    auto other = asks("10.0.0.2");
    Association& cut = that_is_given_up(crowd);
    EXPECT_EQ(other.wait_for(1200ms), std::future_status::timeout);
    cut.place.leave();
    EXPECT_TRUE(other.get());
}

TEST_F(AssociationGateTest, LetsInAsManyAsLeave) {
    const auto crowd = four("10.0.0.1");
    auto other = asks("10.0.0.2");
    Association& cut = that_is_given_up(crowd);
    auto excess = asks("10.0.0.1");
    for (Association* const one : crowd)
        if (one != &cut) {
            one->place.leave();
            break;
        }
    cut.place.leave();
    EXPECT_TRUE(other.get());
    EXPECT_TRUE(excess.get()) << "it waits as well, for what is left beside that";
    EXPECT_EQ(gate_.inside(), 4U);
}

TEST_F(AssociationGateTest, LeavesToAllWhatItsHeirNeedsNoMore) {
    const auto crowd = four("10.0.0.1");
    auto other = asks("10.0.0.2");
    Association& cut = that_is_given_up(crowd);
    for (Association* const one : crowd)
        if (one != &cut) {
            one->place.leave();
            break;
        }
    EXPECT_TRUE(other.get());
    EXPECT_EQ(gate_.inside(), 4U);
    cut.place.leave();
    EXPECT_EQ(gate_.inside(), 3U);
    (void)enter("10.0.0.1");
    EXPECT_TRUE(is_in_);
}

TEST_F(AssociationGateTest, LeavesAnAddressItsHalf) {
    (void)enter("10.0.0.1");
    (void)enter("10.0.0.1");
    (void)enter("10.0.0.2");
    (void)enter("10.0.0.3");
    EXPECT_FALSE(comes_in("10.0.0.4"));
}

TEST_F(AssociationGateTest, EndsTheOneOfACrowdedAddressThatLagsMost) {
    const auto crowd = four("10.0.0.1");
    std::this_thread::sleep_for(5ms);
    for (const std::size_t at_work : {0U, 1U, 3U}) {
        crowd[at_work]->wait.reset();
        crowd[at_work]->place.lag().moved(100'000);
    }
    EXPECT_TRUE(comes_in("10.0.0.2"));
    EXPECT_TRUE(crowd[2]->is_cut);
    EXPECT_EQ(cut_of(crowd), 1);
}

TEST_F(AssociationGateTest, EndsOneThatLagsForItsOwnAddress) {
    const auto crowd = four("10.0.0.1");
    std::this_thread::sleep_for(60ms);
    crowd[0]->place.lag().moved(100'000);
    crowd[0]->wait.reset();
    crowd[0]->place.lag().moved(100'000);
    EXPECT_TRUE(comes_in("10.0.0.1"));
    EXPECT_FALSE(crowd[0]->is_cut);
    EXPECT_EQ(cut_of(crowd), 1);
}

TEST_F(AssociationGateTest, EndsOneThatRestsBeforeOneThatIsSlow) {
    const auto crowd = four("10.0.0.1");
    crowd[3]->place.rest();
    std::this_thread::sleep_for(60ms);
    EXPECT_TRUE(comes_in("10.0.0.1"));
    EXPECT_TRUE(crowd[3]->is_cut);
    EXPECT_EQ(cut_of(crowd), 1);
}

TEST_F(AssociationGateTest, EndsNobodyWhoSendsAtAUsualRate) {
    const auto crowd = four("10.0.0.1");
    for (int i = 0; i < 20; ++i) {
        std::this_thread::sleep_for(5ms);
        for (Association* const one : crowd) {
            one->wait.reset();
            one->place.lag().moved(1000);
            one->wait.emplace(&one->place.lag());
        }
    }
    EXPECT_FALSE(comes_in("10.0.0.1"));
    EXPECT_EQ(cut_of(crowd), 0);
}

}  // namespace
}  // namespace lucerna::dicom
