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
#include "retrieve/kept_object.h"
#include "retrieve/left_out.h"
#include "retrieve/object_parts.h"
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

/// Which of `rows` can be given as Accept says. The others are left out, unless it is all of them.
std::vector<WantedObject> wanted_of(const Rows& rows, store::Archive& archive, Accepted accepted,
                                    LeftOut& left_out) {
    const Count count = rows.size() == 1 ? Count::kOne : Count::kMany;
    std::vector<WantedObject> wanted;
    Rows not_acceptable_ones;
    for (const store::InstanceRow& row : rows) {
        auto chosen = left_out.unless_broken(row.sop_instance_uid, [&] {
            return choose_object(accepted, row.transfer_syntax_uid, count,
                                 encodable_pixels_of(archive, row));
        });
        if (chosen && *chosen)
            wanted.push_back({row, **std::move(chosen)});
        else if (chosen)
            not_acceptable_ones.push_back(row);
    }
    if (wanted.empty()) return wanted;
    for (const store::InstanceRow& row : not_acceptable_ones)
        left_out.add(row.sop_instance_uid,
                     {ErrorCode::kUnsupported, "Accept takes nothing that can be made of it"});
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
Check leave_out_unreadable(std::vector<WantedObject>& wanted, store::Archive& archive,
                           const RunParts& run, LeftOut& left_out) {
    std::vector<std::size_t> large;
    std::vector<std::size_t> small;
    std::uint64_t large_bytes = 0;
    std::uint64_t small_bytes = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const std::uint64_t size = wanted[i].row.size;
        if (!wanted[i].representation.as_stored) continue;
        (size > http::kPieceBytes ? large : small).push_back(i);
        (size > http::kPieceBytes ? large_bytes : small_bytes) += size;
    }
    if (large_bytes > kReadFirst) large.clear();
    if (small_bytes > kReadOnceMore) small.clear();
    std::vector<std::exception_ptr> problems(wanted.size());
    const auto look_at = [&](std::size_t i, const RunParts& run_parts) {
        try {
            check_whole(archive, wanted[i].row, run_parts);
        } catch (...) {
            problems[i] = std::current_exception();
        }
    };
    for (const std::size_t i : large) look_at(i, run);
    run(small.size(), [&](std::size_t i) { look_at(small[i], one_after_another); });
    std::size_t at = 0;
    std::erase_if(wanted, [&](const WantedObject& one) {
        const std::exception_ptr problem = problems[at++];
        if (!problem) return false;
        (void)left_out.unless_broken(one.row.sop_instance_uid,
                                     [&]() -> bool { std::rethrow_exception(problem); });
        return true;
    });
    return large_bytes > kReadFirst ? Check::kBeforeSending : Check::kWhileSending;
}

struct Parts {
    std::vector<WantedObject> wanted;
    std::vector<http::MediaRange> accepted;
    std::string base;
    RunParts run;
    Check check = Check::kBeforeSending;
};

/// Part after part; those are left out that cannot be made.
std::function<std::optional<http::Part>()> parts_of(store::Archive& archive, Parts parts,
                                                    std::shared_ptr<LeftOut> left_out) {
    return [&archive, parts = std::move(parts), left_out = std::move(left_out),
            at = std::size_t{0}]() mutable -> std::optional<http::Part> {
        while (at < parts.wanted.size()) {
            const WantedObject& wanted = parts.wanted[at++];
            auto given = left_out->unless_broken(wanted.row.sop_instance_uid, [&] {
                return given_object(archive, wanted, parts.accepted, Count::kMany, parts.run,
                                    parts.check);
            });
            if (given)
                return http::Part{with_syntax(given->representation),
                                  url_of(wanted.row, parts.base), std::move(given->bytes),
                                  std::move(given->pieces), std::move(given->room)};
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
    // Who waits for room holds nothing of it yet.
    struct Room {
        MemoryBudget::Share file, answer;
    };
    const auto room_for = [](const store::InstanceRow& one) {
        Room room{room_for_whole(one), {}};
        MemoryBudget& memory = dicom::converting_memory();
        room.answer = memory.take(std::min(bytes_plain(one), memory.limit()), "a large answer");
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
        const bool is_large = row.size > kHeldFreely || row.number_of_frames > 1;
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
        http::Response response;
        response.headers.set("Content-Type", with_syntax(given.representation));
        set_cache_headers(response, etag);
        if (given.pieces)
            return http::ranged(request, std::move(response), *std::move(given.pieces));
        response.body = std::move(given.bytes);
        return response;
    } catch (const Error& error) {
        return none_given(request, error);
    }
}

http::Response objects(const http::Request& request, store::Archive& archive, const RunParts& run,
                       const std::shared_ptr<Suspects>& suspects) {
    const Rows rows = instances_named(request, archive);
    auto accepted = accepted_by(request);
    if (prefers_bulk_data(accepted)) return all_bulk_data(request, archive, run, suspects);
    const auto left_out = std::make_shared<LeftOut>(request.id, suspects);
    std::vector<WantedObject> wanted = wanted_of(rows, archive, accepted, *left_out);
    if (wanted.empty() && left_out->count() > 0) throw left_out->first();
    if (wanted.empty()) return not_acceptable(request, kept_syntaxes(rows));
    if (!wanted.front().representation.multipart)
        return one_object(request, archive, wanted.front(), accepted, run);
    std::string variant = "objects";
    for (const WantedObject& one : wanted) variant += one.representation.transfer_syntax + "m";
    const std::string etag = etag_of(rows, variant);
    if (auto same = unmodified(request, etag)) return *std::move(same);
    const Check check = leave_out_unreadable(wanted, archive, run, *left_out);
    left_out->look_at_suspects(
        wanted,
        [](const WantedObject& one) -> const std::string& { return one.row.sop_instance_uid; },
        [&](const WantedObject& one) {
            (void)given_object(archive, one, accepted, Count::kMany, run, check);
        });
    auto parts = begun<http::Part>(
        parts_of(archive, {std::move(wanted), std::move(accepted), base_of(request), run, check},
                 left_out),
        [](const http::Part& part) { return part.size(); }, left_out);
    if (parts.is_empty) return none_given(request, left_out->first());
    http::Response response = http::multipart_response("application/dicom", std::move(parts.next));
    set_cache_headers(response, etag);
    if (!parts.is_whole) let_nobody_keep(response);
    say_left_out(response, *left_out, IfPartial::k206);
    return response;
}

}  // namespace lucerna::retrieve
