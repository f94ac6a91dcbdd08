#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/connection.h"
#include "store/pace.h"
#include "vault/secret_key.h"

namespace lucerna::store {

/// A back end of the index: where its connections come from, and what it does its own way. The SQL
/// that runs over them is everybody's.
class IndexSource {
  public:
    virtual ~IndexSource() = default;

    /// The connection that writes, the schema brought up to the present. Called again when it was
    /// lost.
    [[nodiscard]] virtual std::unique_ptr<Connection> open_writer(const Patience& patience) = 0;
    [[nodiscard]] virtual std::unique_ptr<Connection> open_reader(const Patience& patience) = 0;
    /// How many connections may read at once; 0: as many as there are readers.
    [[nodiscard]] virtual std::size_t most_readers() const { return 0; }
    /// From here to COMMIT nobody else writes, in this process or another. Where another process
    /// keeps this one from it for too long, it is Error(kUnavailable), and `writer` lost or in no
    /// transaction that could be committed. What is done from here on has as long as `patience`
    /// says.
    virtual void begin_writing(Connection& writer, const Patience& patience) = 0;
    /// How long others may keep work waiting that nobody waits for an answer to. Nothing: for ever.
    [[nodiscard]] virtual std::optional<std::chrono::milliseconds> patience() const { return {}; }
    /// From here to COMMIT `reader` sees one state. Of time as `begin_writing`.
    virtual void begin_reading(Connection& reader, const Patience& patience) = 0;
    /// So that what was deleted is not in a log either.
    virtual void empty_log(Connection& /*writer*/) {}
    virtual void close(Connection& /*writer*/) {}
    /// By which it is sealed (index_key); null where it is not.
    [[nodiscard]] virtual const vault::SecretKey* sealing_key() const { return nullptr; }
    [[nodiscard]] virtual std::vector<std::string> damages(Connection& /*reader*/) { return {}; }
    /// There are none. Throws Error(kCorrupt), saying what is to be done.
    virtual void require_whole(Connection& /*reader*/) {}

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
