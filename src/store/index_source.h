#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/connection.h"

namespace lucerna::store {

/// A back end of the index: where its connections come from, and what it does its own way. The SQL
/// that runs over them is everybody's.
class IndexSource {
  public:
    virtual ~IndexSource() = default;

    /// The connection that writes, the schema brought up to the present. Called again when it was
    /// lost.
    [[nodiscard]] virtual std::unique_ptr<Connection> open_writer() = 0;
    [[nodiscard]] virtual std::unique_ptr<Connection> open_reader() = 0;
    /// How many connections may read at once; 0: as many as there are readers.
    [[nodiscard]] virtual std::size_t most_readers() const { return 0; }
    /// From here to COMMIT nobody else writes, in this process or another. `wait_for_others` is how
    /// long another process may keep this one from it: then it is Error(kUnavailable), and
    /// `writer` lost or in no transaction that could be committed.
    virtual void begin_writing(Connection& writer, std::chrono::milliseconds wait_for_others) = 0;
    /// The same of work that nobody waits for an answer to. Nothing where there are no others.
    [[nodiscard]] virtual std::optional<std::chrono::milliseconds> patience() const { return {}; }
    [[nodiscard]] virtual const char* begin_reading() const = 0;
    /// So that what was deleted is not in a log either.
    virtual void empty_log(Connection& /*writer*/) {}
    virtual void close(Connection& /*writer*/) {}
    /// By a key of its own (index_key).
    [[nodiscard]] virtual bool is_sealed() const { return false; }
    [[nodiscard]] virtual std::vector<std::string> damages(Connection& /*reader*/) { return {}; }

    /// The name of this process among those on the index, a row of `processes`; empty where there
    /// can be but one.
    [[nodiscard]] virtual std::string process() const { return {}; }
    /// Whether the process of that name is at work, in a transaction that writes.
    [[nodiscard]] virtual bool is_alive(Connection& /*writer*/, const std::string& /*process*/) {
        return false;
    }
    /// Keeps others from starting until `share`; false where one is at work.
    [[nodiscard]] virtual bool exclude_others(Connection& /*writer*/) { return true; }
    virtual void share(Connection& /*writer*/) {}
};

}  // namespace lucerna::store
