#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "vault/secret_key.h"

namespace lucerna::store {

/// As archives draw them: nothing that came from outside becomes a path.
[[nodiscard]] inline bool is_object_name(std::string_view name) {
    return name.size() == 32 &&
           name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// An object being written. Destroyed before `finish`, it leaves nothing behind.
class ObjectWriter {
  public:
    virtual ~ObjectWriter() = default;
    /// Throws Error: kOutOfSpace, kIo.
    virtual void append(ByteView bytes) = 0;
    /// On return the bytes are on the device; the name is so after Objects::settle.
    virtual void finish() = 0;
};

class ObjectReader {
  public:
    virtual ~ObjectReader() = default;
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    /// Fills `into` from `offset` on; returns how many bytes there were. Throws Error: kIo,
    /// kCorrupt (it has not the size any more that it had), kNotFound (it was removed).
    virtual std::size_t read(std::uint64_t offset, std::span<std::uint8_t> into) = 0;
    /// What was read was not what it should be: the next comes from where the object lies.
    virtual void read_anew() {}
};

/// Where sealed bytes lie, by name: 32 hexadecimal digits drawn at random, so that nothing that
/// came from outside ever becomes a path. Safe from several threads.
///
/// The life of an object: create, append, finish, settle (its name survives a power cut), the index
/// row is committed, publish. What was not committed is dropped by `recover` at the next start.
class Objects {
  public:
    virtual ~Objects() = default;

    /// Several processes can reach them.
    [[nodiscard]] virtual bool is_shared() const { return false; }
    /// Under which name this process writes what is not published yet, where several do.
    virtual void write_as(const std::string& /*writer*/) {}

    /// At random, of none that is there: for `create`, once.
    [[nodiscard]] virtual std::string new_name() { return vault::to_text(vault::random_id()); }
    /// Under a new name.
    [[nodiscard]] virtual std::unique_ptr<ObjectWriter> create(const std::string& name) = 0;
    /// Makes durable the names of all objects finished before the call.
    virtual void settle() = 0;
    /// The index knows it now. Need not be durable: `recover` does it again.
    virtual void publish(const std::string& name) = 0;
    /// Throws Error: kNotFound, kIo.
    [[nodiscard]] virtual std::unique_ptr<ObjectReader> open(const std::string& name) = 0;
    /// Nothing happens if it is not there. Durable on return.
    virtual void remove(const std::string& name) = 0;
    /// They are erased and removed: what of them arrives after that, sent again by whoever stands
    /// between, `remove_late` removes.
    virtual void note_erased(std::span<const std::string> /*names*/) {}
    /// Once more, an hour after, what the index does not know (`known`) of what was noted as
    /// erased, for as long as it `goes_on`. Returns how many there were.
    virtual std::size_t remove_late(const std::function<bool(const std::string& name)>& /*known*/,
                                    const std::function<bool()>& /*goes_on*/) {
        return 0;
    }
    virtual void for_each(const std::function<void(const std::string& name)>& visit) = 0;
    /// Those that were never published, whoever writes them.
    [[nodiscard]] virtual std::set<std::string> unpublished() { return {}; }
    /// At start: publishes what the index knows (`known`) and removes the rest of what was never
    /// published, half-written files among it. What a writer that is `alive` has in hand stays.
    /// What was published is so durably: whoever asks for less later does not find it again.
    struct Recovered {
        std::size_t removed = 0;
        /// Of those that are known: it failed, and they stay where they are found as well.
        std::size_t unpublished = 0;
    };
    virtual Recovered recover(const std::function<bool(const std::string& name)>& known,
                              const std::function<bool(const std::string& writer)>& alive) = 0;
    /// What lies among them and is none: each by its path or key.
    virtual void for_each_stray(const std::function<void(const std::string& place)>& visit) = 0;
};

/// Small named records, replaced whole: the wrapped data keys. Names as for Objects. A new one is
/// written, the index row is committed, and it is published; `recover` drops what was not
/// committed.
class Records {
  public:
    virtual ~Records() = default;
    /// As Objects::write_as.
    virtual void write_as(const std::string& /*writer*/) {}
    /// Of one that nobody has yet; durable on return. Until it is published it can be read and
    /// removed, and may not be visited.
    virtual void write_new(const std::string& name, ByteView bytes) = 0;
    /// As Objects::publish, and so is `recover`.
    virtual void publish(const std::string& name) = 0;
    virtual void recover(const std::function<bool(const std::string& name)>& known,
                         const std::function<bool(const std::string& writer)>& alive) = 0;
    /// Durable on return; readers see the old or the new bytes.
    virtual void write(const std::string& name, ByteView bytes) = 0;
    /// Throws Error: kNotFound, kIo.
    [[nodiscard]] virtual Bytes read(const std::string& name) = 0;
    /// Nothing happens if it is not there. Durable on return.
    virtual void remove(const std::string& name) = 0;
    virtual void for_each(const std::function<void(const std::string& name)>& visit) = 0;
    /// Those that may be visited though they are not published yet, whoever writes them. One that
    /// was visited before this was asked, and is not among them, is entered or gone.
    [[nodiscard]] virtual std::set<std::string> unpublished() { return {}; }
    /// As of Objects.
    virtual void for_each_stray(const std::function<void(const std::string& place)>& visit) = 0;
};

}  // namespace lucerna::store
