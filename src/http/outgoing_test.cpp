#include "http/outgoing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace lucerna::http {
namespace {

// Who is to be given the next piece may wait for a thread for long, and hundreds may.
TEST(Outgoing, HoldsNothingOfWhatWasTaken) {
    BodyInMemory none;
    Exchange exchange(none);
    exchange.method = "GET";
    const Guard guard{ServerOptions{}};
    int given = 0;
    Outgoing outgoing(
        exchange,
        {200, {}, Stream{[&] { return Chunk{.bytes = Bytes(1000, 7), .last = ++given == 2}; }}},
        guard, true);
    ASSERT_EQ(outgoing.next(), Outgoing::Next::kWrite);
    for (int piece = 1; piece <= 2; ++piece) {
        ASSERT_EQ(outgoing.next(), Outgoing::Next::kPull);
        outgoing.let_go_of_what_was_taken();
        EXPECT_EQ(outgoing.bytes_in_memory(), 0U);
        outgoing.pull({});
        EXPECT_EQ(outgoing.bytes_in_memory(), 1000U);
        ASSERT_EQ(outgoing.next(), Outgoing::Next::kWrite);
        EXPECT_EQ(outgoing.buffers()[1].size(), 1000U);
    }
    ASSERT_EQ(outgoing.next(), Outgoing::Next::kWrite) << "that there are no more chunks";
    EXPECT_EQ(outgoing.next(), Outgoing::Next::kDone);
    EXPECT_EQ(exchange.bytes_sent, 2000U);
}

// Making it may wait for an object store.
TEST(Outgoing, HasRoomForAPieceBeforeItIsMade) {
    BodyInMemory none;
    Exchange exchange(none);
    exchange.method = "GET";
    const Guard guard{ServerOptions{}};
    constexpr std::size_t kSize = std::size_t{2} << 20;
    std::size_t given = 0;
    std::vector<std::size_t> held;
    Outgoing outgoing(exchange,
                      {200,
                       {},
                       Stream{[&] {
                                  held.push_back(answer_memory().held());
                                  const std::size_t piece =
                                      std::min(answer_memory().piece_bytes(), kSize - given);
                                  given += piece;
                                  return Chunk{.bytes = Bytes(piece, 7), .last = given == kSize};
                              },
                              kSize}},
                      guard, true);
    for (Outgoing::Next next; (next = outgoing.next()) != Outgoing::Next::kDone;) {
        if (next != Outgoing::Next::kPull) continue;
        const std::size_t before = given;
        outgoing.pull({});
        EXPECT_GE(held.back(), given - before);
        EXPECT_EQ(answer_memory().held(), given - before) << "no more than it is";
    }
    EXPECT_EQ(held, (std::vector<std::size_t>(2, std::size_t{1} << 20)));
    outgoing.let_go_of_what_was_taken();
    EXPECT_EQ(answer_memory().held(), 0U);
}

}  // namespace
}  // namespace lucerna::http
