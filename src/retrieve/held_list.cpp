#include "retrieve/held_list.h"

#include <algorithm>
#include <utility>

namespace lucerna::retrieve {
namespace {

template <typename Kept>
auto named(std::list<Kept>& kept, std::uint64_t name) {
    return std::find_if(kept.begin(), kept.end(),
                        [&](const auto& one) { return one.name == name; });
}

}  // namespace

std::uint64_t HeldLists::new_name() {
    return state_.with([](State& state) { return ++state.last_name; });
}

void HeldLists::keep(std::uint64_t name, List list, std::size_t bytes) {
    // What goes is destroyed when nobody waits for it any more.
    std::list<Kept> gone;
    state_.with([&](State& state) {
        const auto drop = [&](auto at) {
            state.held -= at->bytes;
            gone.splice(gone.end(), state.kept, at);
        };
        if (const auto before = named(state.kept, name); before != state.kept.end()) drop(before);
        while (!state.kept.empty() && state.held + bytes > limit_) drop(state.kept.begin());
        state.kept.push_back({name, std::move(list), bytes});
        state.held += bytes;
    });
}

HeldLists::List HeldLists::find(std::uint64_t name) {
    return state_.with([&](State& state) -> List {
        const auto at = named(state.kept, name);
        if (at == state.kept.end()) return nullptr;
        state.kept.splice(state.kept.end(), state.kept, at);
        return at->list;
    });
}

void HeldLists::forget(std::uint64_t name) {
    std::list<Kept> gone;
    state_.with([&](State& state) {
        const auto at = named(state.kept, name);
        if (at == state.kept.end()) return;
        state.held -= at->bytes;
        gone.splice(gone.end(), state.kept, at);
    });
}

std::size_t HeldLists::held() const {
    return state_.with([](const State& state) { return state.held; });
}

HeldLists& held_lists() {
    static HeldLists lists(std::size_t{16} << 20);
    return lists;
}

}  // namespace lucerna::retrieve
