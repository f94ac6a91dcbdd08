#include "http/outgoing.h"

#include <gtest/gtest.h>

#include <utility>

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
        outgoing.pull();
        EXPECT_EQ(outgoing.bytes_in_memory(), 1000U);
        ASSERT_EQ(outgoing.next(), Outgoing::Next::kWrite);
        EXPECT_EQ(outgoing.buffers()[1].size(), 1000U);
    }
    ASSERT_EQ(outgoing.next(), Outgoing::Next::kWrite) << "that there are no more chunks";
    EXPECT_EQ(outgoing.next(), Outgoing::Next::kDone);
    EXPECT_EQ(exchange.bytes_sent, 2000U);
}

}  // namespace
}  // namespace lucerna::http
