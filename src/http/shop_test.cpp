#include "http/shop.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lucerna::http {
namespace {

/// Goes as soon as it is given up, where it does not stay.
class Visitor final : public AnyConnection {
  public:
    explicit Visitor(Shop& shop) : shop_(shop) {}
    ~Visitor() override { shop_.leave(*this); }
    void stop() override {}
    void give_up() override {
        is_given_up = true;
        if (!stays) shop_.leave(*this);
    }

    using AnyConnection::set_takes_nothing_since;

    bool stays = false;
    bool is_given_up = false;

  private:
    Shop& shop_;
};

class ShopTest : public testing::Test {
  protected:
    enum class Wire { kPlain, kTls };
    void open(Wire wire) {
        ServerOptions options;
        options.max_connections = 6;
        options.max_handshakes = 3;
        options.max_channels = 4;
        options.max_event_streams = 3;
        if (wire == Wire::kTls) options.tls_certificate_chain = "own.crt";
        shop_.emplace(options, Router());
    }
    std::shared_ptr<Visitor> come(const std::string& address) {
        auto visitor = std::make_shared<Visitor>(*shop_);
        EXPECT_TRUE(shop_->enter(*visitor, address));
        return visitor;
    }
    std::vector<std::shared_ptr<Visitor>> come(int count, const std::string& address) {
        std::vector<std::shared_ptr<Visitor>> all;
        for (int i = 0; i < count; ++i) all.push_back(come(address));
        return all;
    }
    static int given_up_of(const std::vector<std::shared_ptr<Visitor>>& visitors) {
        int count = 0;
        for (const auto& one : visitors) count += one->is_given_up ? 1 : 0;
        return count;
    }

    std::optional<Shop> shop_;
};

TEST_F(ShopTest, GivesUpTheOldestOfTheAddressThatHasMost) {
    open(Wire::kPlain);
    const auto first = come("10.0.0.1");
    const auto crowd = come(5, "10.0.0.2");
    const auto another = come("10.0.0.3");
    EXPECT_TRUE(crowd[0]->is_given_up);
    const auto of_theirs = come(20, "10.0.0.2");
    EXPECT_EQ(given_up_of(crowd), 5);
    EXPECT_EQ(given_up_of(of_theirs), 16);
    EXPECT_FALSE(first->is_given_up);
    EXPECT_FALSE(another->is_given_up);
}

TEST_F(ShopTest, GivesUpTheOldestWhereAllAddressesHaveAsMany) {
    open(Wire::kPlain);
    std::vector<std::shared_ptr<Visitor>> all;
    for (int i = 0; i < 6; ++i) all.push_back(come("10.0.0." + std::to_string(i)));
    shop_->begin(*all[0]);
    shop_->rest(*all[0]);
    const auto next = come("10.0.0.9");
    EXPECT_TRUE(all[1]->is_given_up);
    EXPECT_EQ(given_up_of(all), 1);
}

TEST_F(ShopTest, CountsNoneThatHasARequestInHand) {
    open(Wire::kPlain);
    const auto busy = come(3, "10.0.0.1");
    for (const auto& one : busy) shop_->begin(*one);
    const auto resting = come(2, "10.0.0.2");
    const auto last = come("10.0.0.1");
    const auto next = come("10.0.0.3");
    EXPECT_TRUE(resting[0]->is_given_up);
    EXPECT_EQ(given_up_of(busy), 0);
    EXPECT_FALSE(last->is_given_up);
}

TEST_F(ShopTest, LeavesPlacesToOthersWhateverOneAddressHasInHand) {
    open(Wire::kPlain);
    const auto crowd = come(5, "10.0.0.1");
    for (const auto& one : crowd) shop_->begin(*one);
    auto one_more = std::make_shared<Visitor>(*shop_);
    EXPECT_FALSE(shop_->enter(*one_more, "10.0.0.1"));
    const auto other = come("10.0.0.2");
    shop_->rest(*crowd[3]);
    const auto next = come("10.0.0.1");
    EXPECT_TRUE(crowd[3]->is_given_up) << "its own";
    EXPECT_FALSE(other->is_given_up);
}

TEST_F(ShopTest, LeavesChannelsToOthers) {
    open(Wire::kPlain);
    const auto first = come("10.0.0.1"), second = come("10.0.0.2");
    int opened = 0;
    while (opened < 10 && shop_->enter_channel("10.0.0.1")) ++opened;
    EXPECT_EQ(opened, 3) << "of four";
    EXPECT_TRUE(shop_->enter_channel("10.0.0.2"));
    EXPECT_FALSE(shop_->enter_channel("10.0.0.2")) << "all four are open";
    shop_->leave_channel("10.0.0.1");
    EXPECT_TRUE(shop_->enter_channel("10.0.0.2"));
}

TEST_F(ShopTest, EndsTheOldestStreamOfTheAddressThatHasMost) {
    open(Wire::kPlain);
    const auto first = come("10.0.0.1");
    const auto crowd = come(3, "10.0.0.2");
    shop_->streams(*first);
    for (const auto& one : crowd) shop_->streams(*one);
    EXPECT_TRUE(crowd[0]->is_given_up);
    EXPECT_FALSE(first->is_given_up);
}

TEST_F(ShopTest, ShutsTheDoorToACrowdBeforeOthers) {
    open(Wire::kPlain);
    auto crowd = come(6, "10.0.0.2");
    for (int i = 0; i < 1000; ++i) {
        crowd.back()->stays = true;
        auto next = std::make_shared<Visitor>(*shop_);
        if (!shop_->enter(*next, "10.0.0.2")) break;
        crowd.push_back(std::move(next));
    }
    EXPECT_LT(crowd.size(), 100U);
    const auto first = come("10.0.0.1");
    EXPECT_FALSE(first->is_given_up);
}

TEST_F(ShopTest, LeavesWhoHasTakenSomethingLately) {
    using std::chrono::seconds;
    open(Wire::kPlain);
    auto crowd = come(5, "10.0.0.2");
    crowd.push_back(come("10.0.0.3"));
    const auto now = std::chrono::steady_clock::now();
    for (const auto& one : crowd) {
        shop_->begin(*one);
        one->set_takes_nothing_since(now - seconds(1));
    }
    const auto too_early = std::make_shared<Visitor>(*shop_);
    EXPECT_FALSE(shop_->enter(*too_early, "10.0.0.1"));
}

TEST_F(ShopTest, GivesUpTheOneThatHasTakenNothingForLongest) {
    using std::chrono::seconds;
    open(Wire::kPlain);
    auto crowd = come(5, "10.0.0.2");
    crowd.push_back(come("10.0.0.3"));
    const auto now = std::chrono::steady_clock::now();
    for (const auto& one : crowd) shop_->begin(*one);
    crowd[1]->set_takes_nothing_since(now - seconds(3600));
    crowd[2]->set_takes_nothing_since(now - seconds(7200));
    crowd[3]->set_takes_nothing_since(now - seconds(3600));
    crowd[3]->set_takes_nothing_since({});
    const auto first = come("10.0.0.1");
    EXPECT_TRUE(crowd[2]->is_given_up);
    EXPECT_EQ(given_up_of(crowd), 1);
}

TEST_F(ShopTest, GivesUpTheOldestHandshakeOfTheAddressThatHasMost) {
    open(Wire::kTls);
    const auto first = come("10.0.0.1");
    const auto crowd = come(2, "10.0.0.2");
    const auto more = come(4, "10.0.0.2");
    EXPECT_EQ(given_up_of(crowd), 2);
    EXPECT_EQ(given_up_of(more), 2);
    EXPECT_FALSE(first->is_given_up);
}

TEST_F(ShopTest, GivesUpNoneThatRestsWhereHandshakesAreTooMany) {
    open(Wire::kTls);
    const auto resting = come(3, "10.0.0.2");
    for (const auto& one : resting) shop_->rest(*one);
    const auto handshakes = come(3, "10.0.0.1");
    const auto next = come("10.0.0.2");
    EXPECT_EQ(given_up_of(resting), 0);
    EXPECT_TRUE(handshakes[0]->is_given_up);
}

TEST_F(ShopTest, CountsHandshakesWithThoseThatRestWhereConnectionsAreTooMany) {
    open(Wire::kTls);
    const auto resting = come(2, "10.0.0.1");
    for (const auto& one : resting) shop_->rest(*one);
    const auto others = come(2, "10.0.0.2");
    for (const auto& one : others) shop_->rest(*one);
    const auto handshakes = come(2, "10.0.0.2");
    const auto next = come("10.0.0.1");
    EXPECT_TRUE(others[0]->is_given_up) << "it was there before its handshakes";
    EXPECT_EQ(given_up_of(resting), 0);
    EXPECT_EQ(given_up_of(handshakes), 0);
}

}  // namespace
}  // namespace lucerna::http
