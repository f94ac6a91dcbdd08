#include "retrieve/read_ahead.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "retrieve/frames.h"
#include "retrieve/objects.h"

namespace lucerna::retrieve {
namespace {

constexpr std::size_t kMostAhead = 8;
constexpr std::size_t kEnoughBytes = 8 * 1024 * 1024;
/// Memory that is kept for others, of any number; of more there is one.
constexpr std::size_t kSmall = kEnoughBytes / kMostAhead;
/// Of what is read while it is sent: room for any File Meta Information.
constexpr std::size_t kBeginning = 256 * 1024;

}  // namespace

dicom::FileToSend ReadAhead::File::to_send() const {
    if (!opened) return bytes.view();
    return {bytes.view(), opened->size(),
            [this](std::uint64_t at, std::span<std::uint8_t> into) { opened->read(at, into); }};
}

void ReadAhead::read_first(const RunParts& run) {
    if (objects_.empty()) return;
    Read first;
    try {
        const store::InstanceRow row = row_of(0);
        if (row.size > most_held_) {
            check_whole(archive_, row, run);
            first.file = beginning_of(row);
        } else {
            first.file.bytes.resize(static_cast<std::size_t>(row.size));
            read_in_parts(archive_, row, 0, first.file.bytes.span(), run);
        }
    } catch (...) {
        first.problem = std::current_exception();
    }
    state_.with([&](State& state) {
        state.next = 1;
        state.ready_bytes = first.file.bytes.size();
        state.ready.emplace(0, std::move(first));
    });
}

ReadAhead::File ReadAhead::take(std::size_t index) {
    Read read;
    bool is_begun = true;
    state_.with([&](State& state) {
        is_begun = state.next > index;
        if (!is_begun) state.next = index + 1;
    });
    if (is_begun)
        // Never stopped: who began it ends it.
        state_.when(
            std::stop_token(), [&](const State& state) { return state.ready.contains(index); },
            [&](State& state) {
                read = std::move(state.ready.extract(index).mapped());
                state.ready_bytes -= read.file.bytes.size();
            });
    else
        read = this->read(index);
    state_.change([&](State& state) { state.taken = index + 1; });
    if (read.problem) std::rethrow_exception(read.problem);
    return std::move(read.file);
}

void ReadAhead::read() {
    // `when` would go on as long as there is something to do.
    while (!stop_.stop_requested()) {
        std::size_t index = objects_.size();
        const auto begin = [&](State& state) {
            if (state.next < objects_.size()) index = state.next++;
        };
        if (!state_.when(
                stop_.get_token(), [&](const State& state) { return may_begin(state); }, begin) ||
            index == objects_.size())
            return;
        Read one = read(index);
        state_.change([&](State& state) {
            state.ready_bytes += one.file.bytes.size();
            state.ready.emplace(index, std::move(one));
        });
    }
}

store::InstanceRow ReadAhead::row_of(std::size_t index) const {
    const auto row = archive_.instance(objects_[index].sop_instance_uid);
    if (!row) throw Error(ErrorCode::kNotFound, "it was erased meanwhile");
    return *row;
}

bool ReadAhead::may_begin(const State& state) const {
    return state.next >= objects_.size() ||
           (state.next - state.taken < kMostAhead && state.ready_bytes < kEnoughBytes);
}

void ReadAhead::give_back(File file) {
    if (file.opened) return;
    state_.with([&](State& state) {
        if (file.bytes.capacity() <= kSmall)
            state.spare.push_back(std::move(file.bytes));
        else
            state.large_spare = std::move(file.bytes);
    });
}

ReadAhead::Read ReadAhead::read(std::size_t index) noexcept {
    try {
        const store::InstanceRow row = row_of(index);
        if (row.size > most_held_) {
            check_whole(archive_, row, one_after_another);
            return {beginning_of(row), {}};
        }
        Read read;
        state_.with([&](State& state) {
            if (row.size > kSmall) {
                read.file.bytes = std::exchange(state.large_spare, {});
            } else if (!state.spare.empty()) {
                read.file.bytes = std::move(state.spare.back());
                state.spare.pop_back();
            }
        });
        read.file.bytes.resize(static_cast<std::size_t>(row.size));
        archive_.open(row)->read(0, read.file.bytes.span());
        return read;
    } catch (...) {
        return {{}, std::current_exception()};
    }
}

/// Of one that is read while it is sent.
ReadAhead::File ReadAhead::beginning_of(const store::InstanceRow& row) const {
    File file{Buffer(static_cast<std::size_t>(std::min<std::uint64_t>(row.size, kBeginning))),
              archive_.open(row)};
    file.opened->read(0, file.bytes.span());
    return file;
}

}  // namespace lucerna::retrieve
