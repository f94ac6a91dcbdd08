#include "store/held_chunks.h"

#include <iterator>
#include <utility>

namespace lucerna::store {

std::uint64_t HeldChunks::new_name() {
    return state_.with([](State& state) { return ++state.last_name; });
}

std::optional<HeldChunks::Chunk> HeldChunks::take(std::uint64_t name) {
    return state_.with([&](State& state) -> std::optional<Chunk> {
        const auto found = state.of.find(name);
        if (found == state.of.end()) return std::nullopt;
        Chunk chunk = std::move(found->second->chunk);
        state.bytes -= chunk.plain.size();
        state.all.erase(found->second);
        state.of.erase(found);
        return chunk;
    });
}

void HeldChunks::put(std::uint64_t name, Chunk chunk) {
    // They are given back without the lock.
    std::list<Held> gone;
    state_.with([&](State& state) {
        state.bytes += chunk.plain.size();
        state.all.push_back({name, std::move(chunk)});
        state.of[name] = std::prev(state.all.end());
        while (state.bytes > limit_) {
            state.bytes -= state.all.front().chunk.plain.size();
            state.of.erase(state.all.front().name);
            gone.splice(gone.end(), state.all, state.all.begin());
        }
    });
}

std::size_t HeldChunks::bytes() const {
    return state_.with([](const State& state) { return state.bytes; });
}

HeldChunks& held_chunks() {
    static HeldChunks chunks(std::size_t{8} << 20);
    return chunks;
}

HeldChunk::~HeldChunk() {
    (void)take();
}

std::optional<HeldChunks::Chunk> HeldChunk::take() {
    if (name_ == 0) return std::nullopt;
    return held_chunks().take(name_);
}

void HeldChunk::put(HeldChunks::Chunk chunk) {
    if (name_ == 0) name_ = held_chunks().new_name();
    held_chunks().put(name_, std::move(chunk));
}

}  // namespace lucerna::store
