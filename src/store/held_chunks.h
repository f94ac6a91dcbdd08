#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/encoding.h"
#include "base/guarded.h"

namespace lucerna::store {

/// The chunks of which readers have read a part and may read more: who goes on where the last read
/// ended does not have it decrypted twice. Of hundreds of readers whose clients are slow those that
/// read last have one. Safe from any thread.
class HeldChunks {
  public:
    explicit HeldChunks(std::size_t limit) : limit_(limit) {}

    struct Chunk {
        std::uint64_t number = 0;
        Bytes plain;
    };
    /// Of a reader: never the same again.
    [[nodiscard]] std::uint64_t new_name();
    /// What that reader put here last, if it is still here; it has it then.
    [[nodiscard]] std::optional<Chunk> take(std::uint64_t name);
    /// Those go that were put here first, where they are too many bytes.
    void put(std::uint64_t name, Chunk chunk);
    [[nodiscard]] std::size_t bytes() const;

  private:
    struct Held {
        std::uint64_t name;
        Chunk chunk;
    };
    struct State {
        std::uint64_t last_name = 0;
        std::size_t bytes = 0;
        /// In the order in which they were put here.
        std::list<Held> all;
        std::unordered_map<std::uint64_t, std::list<Held>::iterator> of;
    };
    const std::size_t limit_;
    Guarded<State> state_;
};

/// The one of this process: of 8 MiB.
[[nodiscard]] HeldChunks& held_chunks();

/// A reader's place in there; what is in it goes with it.
class HeldChunk {
  public:
    HeldChunk() = default;
    ~HeldChunk();
    HeldChunk(HeldChunk&& other) noexcept : name_(std::exchange(other.name_, 0)) {}
    HeldChunk& operator=(HeldChunk&& other) noexcept {
        std::swap(name_, other.name_);
        return *this;
    }

    [[nodiscard]] std::optional<HeldChunks::Chunk> take();
    void put(HeldChunks::Chunk chunk);

  private:
    /// 0 until something is put there.
    std::uint64_t name_ = 0;
};

}  // namespace lucerna::store
