#include "retrieve/read_ahead.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "dicom/part10_head.h"
#include "retrieve/converted_object.h"
#include "retrieve/held_bytes.h"
#include "retrieve/object_parts.h"
#include "retrieve/objects.h"
#include "retrieve/plain_object.h"
#include "retrieve/recoded_object.h"

namespace lucerna::retrieve {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMostAhead = 8;
constexpr std::size_t kEnoughBytes = 8 * 1024 * 1024;
/// Memory that is kept for others, of any number; of more there is one.
constexpr std::size_t kSmall = kEnoughBytes / kMostAhead;
/// Held whatever others hold.
constexpr std::size_t kFreely = 64 * 1024;
/// Since it was looked for: a look for each object would take a tenth of what sending a slice does.
constexpr std::chrono::milliseconds kOthersAreSeenAfter{100};

dicom::FileToSend::Other in_other_syntax(store::Archive& archive, const store::InstanceRow& row,
                                         const std::string& syntax) {
    if (auto pieces = recoded_object(archive, row, syntax))
        return {pieces->size,
                [read = std::move(pieces->read)](std::uint64_t at, std::span<std::uint8_t> into) {
                    std::ranges::copy(read(at, into.size()), into.begin());
                }};
    if (auto made = ConvertedObject::of(archive, row, syntax, one_after_another)) {
        const std::uint64_t size = made->size();
        return {size, [made = std::move(made)](std::uint64_t at, std::span<std::uint8_t> into) {
                    made->read(at, into);
                }};
    }
    http::Pieces pieces = made_at_once(archive, row, syntax, OnceBegun::kIsEnded);
    return {pieces.size,
            [read = std::move(pieces.read)](std::uint64_t at, std::span<std::uint8_t> into) {
                std::ranges::copy(read(at, into.size()), into.begin());
            }};
}

}  // namespace

dicom::FileToSend ReadAhead::File::to_send() const {
    dicom::FileToSend file =
        opened ? dicom::FileToSend(bytes.view(), opened->size(),
                                   [this](std::uint64_t at, std::span<std::uint8_t> into) {
                                       opened->read(at, into);
                                   })
               : dicom::FileToSend(bytes.view());
    file.in_syntax = in_syntax;
    return file;
}

ReadAhead::ReadAhead(store::Archive& archive, Objects objects, Checked checked,
                     std::uint64_t most_held)
    : archive_(archive),
      objects_(std::move(objects)),
      checked_(checked),
      // What is decrypted while it is sent never leaves the processor's caches.
      most_held_(checked == Checked::kWhileItIsSent ? std::min<std::uint64_t>(most_held, kSmall)
                                                    : most_held) {}

void ReadAhead::read_first(const RunParts& run) {
    if (objects_.count == 0) return;
    Read first = read(0, &run);
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
        read = this->read(index, nullptr);
    state_.change([&](State& state) { state.taken = index + 1; });
    // Who sends may have been kept waiting with those before for minutes.
    while (is_erased_since(read, index)) read = this->read(index, nullptr);
    if (read.problem) std::rethrow_exception(read.problem);
    return std::move(read.file);
}

bool ReadAhead::is_erased_since(Read& read, std::size_t index) const {
    // Where there was nothing to be read, that is told.
    if (read.object.empty()) return false;
    const bool is_others_turn =
        archive_.is_shared() && steady_clock::now() - read.looked_for > kOthersAreSeenAfter;
    if (archive_.own_erasures() == read.erasures && !is_others_turn) return false;
    note_look(read);
    const auto row = archive_.instance(objects_.uid_of(index));
    return !row || row->object != read.object;
}

void ReadAhead::read() {
    // `when` would go on as long as there is something to do.
    while (!stop_.stop_requested()) {
        std::size_t index = objects_.count;
        const auto begin = [&](State& state) {
            if (state.next < objects_.count) index = state.next++;
        };
        if (!state_.when(
                stop_.get_token(), [&](const State& state) { return may_begin(state); }, begin) ||
            index == objects_.count)
            return;
        Read one = read(index, nullptr);
        state_.change([&](State& state) {
            state.ready_bytes += one.file.bytes.size();
            state.ready.emplace(index, std::move(one));
        });
    }
}

store::InstanceRow ReadAhead::row_of(std::size_t index) const {
    const auto row = archive_.instance(objects_.uid_of(index));
    if (!row) throw Error(ErrorCode::kNotFound, "it was erased meanwhile");
    return *row;
}

bool ReadAhead::may_begin(const State& state) const {
    return state.next >= objects_.count ||
           (state.next - state.taken < kMostAhead && state.ready_bytes < kEnoughBytes);
}

void ReadAhead::give_back(File file) {
    if (file.opened) return;
    file.in_syntax = {};
    state_.with([&](State& state) {
        if (file.bytes.capacity() <= kSmall)
            state.spare.push_back(std::move(file));
        else
            state.large_spare = std::move(file);
    });
}

ReadAhead::File ReadAhead::file_for(const store::InstanceRow& row) {
    if (row.size > most_held_) return {};
    const auto bytes = static_cast<std::size_t>(row.size);
    File file;
    state_.with([&](State& state) {
        if (bytes > kSmall) {
            file = std::exchange(state.large_spare, {});
        } else if (!state.spare.empty()) {
            file = std::move(state.spare.back());
            state.spare.pop_back();
        }
    });
    if (bytes > kFreely && file.room_bytes < bytes) {
        // Its own is given back before.
        file = {};
        file.room = room_to_send_at_once(bytes);
        if (!file.room) return {};
        file.room_bytes = bytes;
    }
    file.bytes.resize(bytes);
    return file;
}

ReadAhead::Read ReadAhead::read(std::size_t index, const RunParts* run) noexcept {
    Read read;
    try {
        read_into(read, index, run);
    } catch (...) {
        read.file = {};
        read.problem = std::current_exception();
    }
    return read;
}

void ReadAhead::note_look(Read& read) const {
    read.erasures = archive_.own_erasures();
    read.looked_for = steady_clock::now();
}

void ReadAhead::read_into(Read& read, std::size_t index, const RunParts* run) {
    note_look(read);
    const store::InstanceRow row = row_of(index);
    read.object = row.object;
    read.file = file_for(row);
    read.file.study_instance_uid = row.study_instance_uid;
    const bool is_held = read.file.bytes.size() == row.size;
    if (is_held && run != nullptr)
        read_in_parts(archive_, row, 0, read.file.bytes.span(), *run);
    else if (is_held)
        archive_.open(row)->read(0, read.file.bytes.span());
    else
        read_beginning(row, read.file, run);
    if (row.size > kFreely || is_inflatable(row))
        read.file.in_syntax = [&archive = archive_, row](const std::string& syntax) {
            return in_other_syntax(archive, row, syntax);
        };
}

void ReadAhead::read_beginning(const store::InstanceRow& row, File& file,
                               const RunParts* run) const {
    if (checked_ == Checked::kBeforeItIsSent)
        check_whole(archive_, row, run != nullptr ? *run : one_after_another);
    file.opened = archive_.open(row);
    const auto read = [&](std::uint64_t at, std::span<std::uint8_t> into) {
        file.opened->read(at, into);
    };
    (void)dicom::split_part10(row.size, read, file.bytes);
}

}  // namespace lucerna::retrieve
