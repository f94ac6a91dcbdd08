#include "retrieve/objects.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "dicom/data_set.h"
#include "dicom/decoding_memory.h"
#include "dicom/finished.h"
#include "http/multipart_writer.h"
#include "http/range.h"
#include "retrieve/address.h"
#include "retrieve/bulk_data.h"
#include "retrieve/converted_object.h"
#include "retrieve/frames.h"
#include "retrieve/held_bytes.h"
#include "retrieve/held_rows.h"
#include "retrieve/kept_object.h"
#include "retrieve/left_out.h"
#include "retrieve/object_parts.h"
#include "retrieve/plain_object.h"
#include "retrieve/recoded_object.h"

namespace lucerna::retrieve {
namespace {

using Rows = std::vector<store::InstanceRow>;
using Accepted = std::span<const http::MediaRange>;

std::string with_syntax(const Representation& representation) {
    return representation.media_type + "; transfer-syntax=" + representation.transfer_syntax;
}

std::string kept_syntaxes(const Rows& rows) {
    std::set<std::string> syntaxes;
    for (const store::InstanceRow& row : rows)
        for (std::string& syntax : object_syntaxes(row.transfer_syntax_uid))
            syntaxes.insert(std::move(syntax));
    std::string text = "application/dicom in transfer syntax";
    for (const std::string& syntax : syntaxes) text += " " + syntax;
    return text + (rows.size() > 1 ? "; several objects come as multipart/related" : "");
}

GivenObject as_stored(store::Archive& archive, const store::InstanceRow& row,
                      const Representation& representation, const RunParts& run, Check check) {
    // Where others hold much it is checked first, and sent piece by piece as what is large.
    std::shared_ptr<const void> room =
        row.size <= http::kPieceBytes ? room_for_part(static_cast<std::size_t>(row.size)) : nullptr;
    if (room) return {representation, archive.object(row.sop_instance_uid), {}, std::move(room)};
    if (check == Check::kBeforeSending) check_whole(archive, row, run);
    return {representation, {}, pieces_of(archive.open(row), 0, row.size)};
}

Bytes written_in(Bytes file, const std::string& transfer_syntax) {
    return dicom::parse_as_it_came(std::move(file)).to_part10(transfer_syntax);
}

/// About as much as the object takes once it is not compressed.
std::size_t bytes_plain(const store::InstanceRow& row) {
    constexpr std::uint64_t kBytesAPixel = 2;
    const auto count = [](int number) { return static_cast<std::uint64_t>(std::max(number, 0)); };
    return static_cast<std::size_t>(
        std::max(row.size, kBytesAPixel * count(row.rows) * count(row.columns)));
}

/// One that is made as a whole.
GivenObject converted_at_once(store::Archive& archive, const store::InstanceRow& row,
                              const Representation& representation) {
    std::shared_ptr<const void> room =
        bytes_plain(row) <= kHeldFreely ? room_for_part(bytes_plain(row)) : nullptr;
    if (!room)
        return {
            representation,
            {},
            made_at_once(archive, row, representation.transfer_syntax, OnceBegun::kMayBreakOff)};
    const MemoryBudget::Share of_file = room_for_whole(row);
    return {representation,
            written_in(archive.object(row.sop_instance_uid), representation.transfer_syntax),
            {},
            std::move(room)};
}

/// What Accept says of an answer's instances, of each by its place in their list.
struct Wanted {
    std::vector<bool> is_out;
    std::vector<bool> as_stored;
    /// Of the first that is not out.
    std::optional<WantedObject> first;
    /// In what they come, for the entity tag.
    std::string variant = "objects";
};

Count count_of(const Rows& rows) {
    return rows.size() == 1 ? Count::kOne : Count::kMany;
}

std::optional<Representation> choose(const store::InstanceRow& row, store::Archive& archive,
                                     Accepted accepted, Count count) {
    return choose_object(accepted, row.transfer_syntax_uid, count,
                         encodable_pixels_of(archive, row));
}

const Error& nothing_acceptable() {
    static const Error error(ErrorCode::kUnsupported,
                             "Accept takes nothing that can be made of it");
    return error;
}

/// Which of `rows` can be given as Accept says. The others are left out, unless it is all of them.
Wanted wanted_of(const Rows& rows, store::Archive& archive, Accepted accepted, LeftOut& left_out) {
    Wanted wanted{std::vector<bool>(rows.size(), true), std::vector<bool>(rows.size()), {}};
    std::vector<std::size_t> not_acceptable_ones;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto chosen = left_out.unless_broken(rows[i].sop_instance_uid, [&] {
            return choose(rows[i], archive, accepted, count_of(rows));
        });
        if (chosen && !*chosen) not_acceptable_ones.push_back(i);
        if (!chosen || !*chosen) continue;
        wanted.is_out[i] = false;
        wanted.as_stored[i] = (*chosen)->as_stored;
        wanted.variant += (*chosen)->transfer_syntax + "m";
        if (!wanted.first) wanted.first = {rows[i], **std::move(chosen)};
    }
    if (!wanted.first) return wanted;
    for (const std::size_t i : not_acceptable_ones)
        left_out.add(rows[i].sop_instance_uid, nothing_acceptable());
    return wanted;
}

/// 406 where that was why; else it is thrown.
http::Response none_given(const http::Request& request, const Error& why) {
    if (why.code() != ErrorCode::kUnsupported) throw why;
    return http::refusal(406, "not-acceptable", why.what(), request.id);
}

/// What goes out as it is stored is read to its end before anything is sent where that takes a
/// moment. What comes in pieces is read once more in any case, and what is small only for this.
constexpr std::uint64_t kReadFirst = std::uint64_t{128} << 20;
constexpr std::uint64_t kReadOnceMore = std::uint64_t{16} << 20;

/// Those are left out that cannot be read. Says when those that come in pieces are yet to be read.
Check leave_out_unreadable(const Rows& rows, Wanted& wanted, store::Archive& archive,
                           const RunParts& run, LeftOut& left_out) {
    std::vector<std::size_t> large;
    std::vector<std::size_t> small;
    std::uint64_t large_bytes = 0;
    std::uint64_t small_bytes = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::uint64_t size = rows[i].size;
        if (wanted.is_out[i] || !wanted.as_stored[i]) continue;
        (size > http::kPieceBytes ? large : small).push_back(i);
        (size > http::kPieceBytes ? large_bytes : small_bytes) += size;
    }
    if (large_bytes > kReadFirst) large.clear();
    if (small_bytes > kReadOnceMore) small.clear();
    std::vector<std::exception_ptr> problems(rows.size());
    const auto look_at = [&](std::size_t i, const RunParts& run_parts) {
        try {
            check_whole(archive, rows[i], run_parts);
        } catch (...) {
            problems[i] = std::current_exception();
        }
    };
    for (const std::size_t i : large) look_at(i, run);
    run(small.size(), [&](std::size_t i) { look_at(small[i], one_after_another); });
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!problems[i]) continue;
        (void)left_out.unless_broken(rows[i].sop_instance_uid,
                                     [&]() -> bool { std::rethrow_exception(problems[i]); });
        wanted.is_out[i] = true;
    }
    return large_bytes > kReadFirst ? Check::kBeforeSending : Check::kWhileSending;
}

/// How they come.
struct Given {
    std::vector<http::MediaRange> accepted;
    Count count = Count::kMany;
    std::string base;
    RunParts run;
    Check check = Check::kBeforeSending;
};

/// Chosen once more when it is its turn: what was chosen for each would take as much as their list.
GivenObject given_in_turn(store::Archive& archive, const store::InstanceRow& row,
                          const Given& how) {
    auto chosen = choose(row, archive, how.accepted, how.count);
    if (!chosen) throw nothing_acceptable();
    return given_object(archive, {row, *std::move(chosen)}, how.accepted, Count::kMany, how.run,
                        how.check);
}

/// Part after part; those are left out that cannot be made.
std::function<std::optional<http::Part>()> parts_of(store::Archive& archive,
                                                    std::shared_ptr<HeldRows> rows, Given how,
                                                    std::shared_ptr<LeftOut> left_out) {
    return [&archive, rows = std::move(rows), how = std::move(how),
            left_out = std::move(left_out)]() -> std::optional<http::Part> {
        while (const auto row = rows->next()) {
            auto given = left_out->unless_broken(row->sop_instance_uid,
                                                 [&] { return given_in_turn(archive, *row, how); });
            if (given)
                return http::Part{with_syntax(given->representation), url_of(*row, how.base),
                                  std::move(given->bytes), std::move(given->pieces),
                                  std::move(given->room)};
        }
        return std::nullopt;
    };
}

}  // namespace

void check_whole(store::Archive& archive, const store::InstanceRow& row, const RunParts& run) {
    read_through(archive, row, 0, row.size, run);
}

http::Pieces made_at_once(store::Archive& archive, const store::InstanceRow& row,
                          const std::string& transfer_syntax, OnceBegun once_begun) {
    if (row.size > kMostAtOnce)
        throw Error(ErrorCode::kUnsupported,
                    "it is too large to be written anew as a whole: ask for it as it is");
    // Who waits for room holds nothing of it yet.
    struct Room {
        MemoryBudget::Share file, answer;
    };
    const auto room_for = [](const store::InstanceRow& one) {
        Room room{room_for_whole(one), {}};
        MemoryBudget& memory = dicom::converting_memory();
        // The file, its values, and what is written of them while that grows.
        constexpr std::size_t kTimes = 4;
        room.answer =
            memory.take(std::min(kTimes * bytes_plain(one), memory.limit()), "a large answer");
        return room;
    };
    const auto begun = std::make_shared<std::atomic<bool>>(false);
    const auto make = [&archive, row, transfer_syntax, once_begun, begun, room_for] {
        Room room;
        try {
            room = room_for(row);
        } catch (const Error& error) {
            if (error.code() != ErrorCode::kUnavailable || once_begun == OnceBegun::kMayBreakOff ||
                !*begun)
                throw;
        }
        *begun = true;
        auto share = std::make_shared<MemoryBudget::Share>(std::move(room.answer));
        return HeldBytes::Made{written_in(archive.object(row.sop_instance_uid), transfer_syntax),
                               std::move(share)};
    };
    return HeldBytes::pieces_of(make(), make, dicom::converting_memory());
}

GivenObject given_object(store::Archive& archive, const WantedObject& wanted, Accepted accepted,
                         Count count, const RunParts& run, Check check) {
    const auto& [row, representation] = wanted;
    if (representation.as_stored) return as_stored(archive, row, representation, run, check);
    try {
        const bool is_large =
            row.size > kHeldFreely || row.number_of_frames > 1 || is_inflatable(row);
        if (auto pieces = is_large ? recoded_object(archive, row, representation.transfer_syntax)
                                   : std::nullopt) {
            if (check == Check::kBeforeSending) check_whole(archive, row, run);
            return {representation, {}, std::move(pieces)};
        }
        // Of one that is not held it would only be seen on the way that it cannot be read.
        if (is_large && check == Check::kBeforeSending && pixels_lie_elsewhere(row))
            check_whole(archive, row, run);
        if (auto made = is_large
                            ? ConvertedObject::of(archive, row, representation.transfer_syntax, run)
                            : nullptr) {
            const std::uint64_t size = made->size();
            return {representation,
                    {},
                    http::Pieces{size,
                                 [made = std::move(made)](std::uint64_t at, std::uint64_t length) {
                                     Bytes piece(static_cast<std::size_t>(length));
                                     made->read(at, piece);
                                     return piece;
                                 }}};
        }
        return converted_at_once(archive, row, representation);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kInvalidInput && error.code() != ErrorCode::kUnsupported)
            throw;
        const auto stored = choose_stored_object(accepted, row.transfer_syntax_uid, count);
        if (!stored || stored->multipart != representation.multipart)
            throw Error(ErrorCode::kUnsupported,
                        "it cannot be given in transfer syntax " + representation.transfer_syntax +
                            ", only as it is stored, in " + row.transfer_syntax_uid,
                        error);
        log_event(LogLevel::kWarning, "retrieve.given-as-stored",
                  {{"object", row.sop_instance_uid}, {"why", error.what()}});
        return as_stored(archive, row, *stored, run, check);
    }
}

http::Response one_object(const http::Request& request, store::Archive& archive,
                          const WantedObject& wanted, Accepted accepted, const RunParts& run) {
    const auto& [row, representation] = wanted;
    const std::string etag = etag_of({row}, "object " + representation.transfer_syntax);
    if (auto same = unmodified(request, etag)) return *std::move(same);
    try {
        // Of a range no more is read than is asked for.
        const Check check =
            request.headers.has("Range") ? Check::kWhileSending : Check::kBeforeSending;
        GivenObject given = looking_at(row.sop_instance_uid, [&] {
            return given_object(archive, wanted, accepted, Count::kOne, run, check);
        });
        http::Response response = http::Response::of(200, with_syntax(given.representation),
                                                     std::move(given.bytes), std::move(given.room));
        set_cache_headers(response, etag);
        if (given.pieces)
            return http::ranged(request, std::move(response), *std::move(given.pieces));
        return response;
    } catch (const Error& error) {
        return none_given(request, error);
    }
}

http::Response objects(const http::Request& request, store::Archive& archive, const RunParts& run,
                       const std::shared_ptr<Suspects>& suspects) {
    Rows rows = instances_named(request, archive);
    auto accepted = accepted_by(request);
    if (prefers_bulk_data(accepted)) return all_bulk_data(request, archive, run, suspects);
    const auto left_out = std::make_shared<LeftOut>(request.id, suspects);
    Wanted wanted = wanted_of(rows, archive, accepted, *left_out);
    if (!wanted.first && left_out->count() > 0) throw left_out->first();
    if (!wanted.first) return not_acceptable(request, kept_syntaxes(rows));
    if (!wanted.first->representation.multipart)
        return one_object(request, archive, *wanted.first, accepted, run);
    const std::string etag = etag_of(rows, wanted.variant);
    if (auto same = unmodified(request, etag)) return *std::move(same);
    const Check check = leave_out_unreadable(rows, wanted, archive, run, *left_out);
    Given how{std::move(accepted), count_of(rows), base_of(request), run, check};
    left_out->look_at_suspects(rows, wanted.is_out, [&](const store::InstanceRow& row) {
        (void)given_in_turn(archive, row, how);
    });
    auto held = std::make_shared<HeldRows>(archive, std::move(rows), std::move(wanted.is_out));
    auto parts =
        begun<http::Part>(parts_of(archive, std::move(held), std::move(how), left_out), left_out);
    if (parts.is_empty) return none_given(request, left_out->first());
    http::Response response = http::multipart_response("application/dicom", std::move(parts.next));
    set_cache_headers(response, etag);
    if (!parts.is_whole) let_nobody_keep(response);
    say_left_out(response, *left_out, IfPartial::k206);
    return response;
}

}  // namespace lucerna::retrieve
