#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/parts.h"
#include "http/message.h"
#include "http/pieces.h"
#include "retrieve/left_out.h"
#include "retrieve/negotiate.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// An object as it goes out: `bytes`, or `pieces` where they are set.
struct GivenObject {
    Representation representation;
    Bytes bytes = {};
    std::optional<http::Pieces> pieces = {};
    /// For `bytes`, as long as they are there.
    std::shared_ptr<const void> room = {};
};

/// What is sent in pieces, with a length that is told before them, cannot be taken back: when is it
/// seen whether all of it can be read?
enum class Check { kBeforeSending, kWhileSending };

/// Which object is wanted, and how.
struct WantedObject {
    store::InstanceRow row;
    Representation representation;
};
/// It is given as it is stored where `representation` cannot be made of it, and `accepted` has
/// nothing against that (PS3.18 8.7.3.4); in pieces if it is as stored and more than one, or
/// large. Throws Error: kUnsupported where it cannot be given as wanted, kCorrupt, kNotFound, kIo.
[[nodiscard]] GivenObject given_object(store::Archive& archive, const WantedObject& wanted,
                                       std::span<const http::MediaRange> accepted, Count count,
                                       const RunParts& run, Check check = Check::kBeforeSending);

enum class OnceBegun {
    kMayBreakOff,
    /// It is made again with room or without: its end takes others with it.
    kIsEnded
};
/// Of what is written anew as a whole.
inline constexpr std::uint64_t kMostAtOnce = std::uint64_t{16} << 20;
/// The object in that syntax, made as a whole, counted, and made again where others needed the
/// memory (HeldBytes): for what has no pixels that could be made one frame at a time. Throws
/// Error(kUnsupported) for more than kMostAtOnce, as DataSet::parse and to_part10, and as
/// MemoryBudget::take.
[[nodiscard]] http::Pieces made_at_once(store::Archive& archive, const store::InstanceRow& row,
                                        const std::string& transfer_syntax, OnceBegun once_begun);

/// Reads every byte of the object once, side by side as `run` does parts, and keeps none. Throws as
/// store::OpenedObject::read.
void check_whole(store::Archive& archive, const store::InstanceRow& row, const RunParts& run);

/// 200 with one object in one part, or the range of it that is asked for; 406 where it cannot be
/// made as wanted.
[[nodiscard]] http::Response one_object(const http::Request& request, store::Archive& archive,
                                        const WantedObject& wanted,
                                        std::span<const http::MediaRange> accepted,
                                        const RunParts& run);

/// GET of a study, series or instance. Of several objects those are left out that cannot be read,
/// or not given as asked for: 206 and a Warning say so. Where that is only seen after the head was
/// sent, the answer breaks off behind the others, and `suspects` are told.
[[nodiscard]] http::Response objects(const http::Request& request, store::Archive& archive,
                                     const RunParts& run,
                                     const std::shared_ptr<Suspects>& suspects);

}  // namespace lucerna::retrieve
