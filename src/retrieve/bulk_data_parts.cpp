// All bulk data of a study, series or instance, part after part.

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/memory_budget.h"
#include "dicom/decoding_memory.h"
#include "dicom/json.h"
#include "dicom/tags.h"
#include "http/multipart_writer.h"
#include "retrieve/address.h"
#include "retrieve/bulk_data.h"
#include "retrieve/frames.h"
#include "retrieve/held_bytes.h"
#include "retrieve/kept_object.h"
#include "retrieve/left_out.h"
#include "retrieve/negotiate.h"
#include "retrieve/object_head.h"
#include "retrieve/objects.h"
#include "retrieve/video.h"

namespace lucerna::retrieve {
namespace {

enum class Which { kAll, kPixels };

/// What was asked for, and what there was of it.
struct Asked {
    Which which;
    std::vector<http::MediaRange> accepted;
    std::string base;
    RunParts run;
    /// There is some that Accept takes in no form.
    bool has_others = false;
};

using MakePart = std::function<http::Part()>;

/// The inner type of multipart/related, "*/*" where it has none; empty for what is not that.
std::string part_type(const http::MediaRange& range) {
    if (!range.covers("multipart/related")) return {};
    const auto type = http::parse_media_type(range.media.parameter("type"));
    return type ? type->type : "*/*";
}

bool takes_octets(const Asked& asked) {
    return std::any_of(asked.accepted.begin(), asked.accepted.end(), [](const auto& range) {
        http::MediaRange inner;
        inner.media.type = part_type(range);
        return inner.covers(kOctetStream);
    });
}

bool is_top_level_pixels(const std::string& path) {
    return is_pixel_data(path) || path == "7FE00008" || path == "7FE00009";
}

/// Of pixels that are not compressed.
http::Part pixel_part(store::Archive& archive, const store::InstanceRow& row, const RunParts& run,
                      const std::string& location) {
    const http::Pieces value = bulk_value(archive, row, "7FE00010");
    http::Part part{kOctetStream, location, {}};
    if (value.size <= http::kPieceBytes)
        part.room = room_for_part(static_cast<std::size_t>(value.size));
    if (part.room) {
        part.body = value.read(0, value.size);
    } else {
        check_whole(archive, row, run);
        part.pieces = value;
    }
    return part;
}

/// The values of an instance but for its pixels, kept for the next part unless somebody waits for
/// the memory that they take (read_heads()) or their elements do (dicom::parsing_memory()).
class Values final : public MemoryBudget::Renewable {
  public:
    Values(store::Archive& archive, store::InstanceRow row)
        : archive_(archive), row_(std::move(row)) {}

    /// Calls `look` with the object that they are in.
    template <typename Look>
    static auto look_at(const std::shared_ptr<Values>& self, Look&& look) {
        const std::lock_guard lock(self->mutex_);
        if (!self->head_) {
            self->head_.emplace(head_of(self->archive_, self->row_));
            // It is in nobody's way who waits for what is read beside it, not even in this one's.
            self->head_->room.detach();
            dicom::parsing_memory().may_ask(self);
            read_heads().may_ask(self);
        }
        return look(self->head_->data_set());
    }
    static http::Part part(const std::shared_ptr<Values>& self, const std::string& path,
                           const std::string& location) {
        http::Part part{kOctetStream, location, {}};
        const std::size_t most =
            is_as_it_stands(self->row_) ? dicom::FileHeader::kLargeValue : dicom::kSomeSize;
        look_at(self, [&](const dicom::DataSet& object) {
            const ByteView value = dicom::bulk_data_at(object, path).value();
            if (value.size() < most) part.room = room_for_part(value.size());
            if (part.room) part.body.assign(value.begin(), value.end());
        });
        if (!part.room) part.pieces = bulk_value(self->archive_, self->row_, path);
        return part;
    }

    bool let_go() noexcept override {
        const std::unique_lock lock(mutex_, std::try_to_lock);
        if (!lock) return false;
        head_.reset();
        return true;
    }

  private:
    store::Archive& archive_;
    const store::InstanceRow row_;
    /// Of `head_`. Recursive, as that of HeldBytes.
    std::recursive_mutex mutex_;
    std::optional<Head> head_;
};

void add_frames(std::deque<MakePart>& parts, store::Archive& archive, const store::InstanceRow& row,
                Asked& asked, const std::string& location) {
    const auto chosen = choose_frames(asked.accepted, row.transfer_syntax_uid, Count::kMany,
                                      encodable_pixels_of(archive, row));
    if (!chosen) {
        asked.has_others = true;
        return;
    }
    if (is_video(row)) {
        parts.emplace_back([&archive, row, run = asked.run, location, chosen = *chosen] {
            http::Part part{chosen.media_type + "; transfer-syntax=" + chosen.transfer_syntax,
                            location,
                            {},
                            video_stream(archive, row)};
            check_whole(archive, row, run);
            return part;
        });
        return;
    }
    const auto source = FrameSource::of(archive, row, asked.run, KeptObject::For::kFrames);
    for (int frame = 0; frame < source->count(); ++frame) {
        const std::string place =
            source->count() == 1 ? location : location + "/frames/" + std::to_string(frame + 1);
        parts.emplace_back([source, frame, place, chosen = *chosen] {
            return source->part(
                {chosen.media_type + "; transfer-syntax=" + chosen.transfer_syntax, place}, frame,
                chosen);
        });
    }
}

/// Of one instance, in the order of its attributes; each is made when it is called for.
std::deque<MakePart> parts_of(store::Archive& archive, const store::InstanceRow& row,
                              Asked& asked) {
    const auto values = std::make_shared<Values>(archive, row);
    std::vector<std::string> paths = Values::look_at(values, [&](const dicom::DataSet& object) {
        std::vector<std::string> all = dicom::bulk_data_paths(object);
        if (row.head_bytes != 0 && !object.has(dicom::tags::kPixelData))
            all.emplace_back("7FE00010");
        std::erase_if(all, [&](const std::string& path) {
            return !is_pixel_data(path) && !dicom::bulk_data_at(object, path);
        });
        return all;
    });
    if (asked.which == Which::kPixels)
        std::erase_if(paths, [](const auto& path) { return !is_top_level_pixels(path); });
    const bool octets = takes_octets(asked);
    std::deque<MakePart> parts;
    for (const std::string& path : paths) {
        const std::string location = url_of(row, asked.base) + "/bulkdata/" + path;
        if (is_pixel_data(path) && is_encapsulated(row)) {
            add_frames(parts, archive, row, asked, location);
        } else if (!octets) {
            asked.has_others = true;
        } else if (is_pixel_data(path)) {
            parts.emplace_back([&archive, row, location, run = asked.run] {
                return pixel_part(archive, row, run, location);
            });
        } else {
            parts.emplace_back(
                [values, path, location] { return Values::part(values, path, location); });
        }
    }
    return parts;
}

std::function<std::optional<http::Part>()> parts_of_all(store::Archive& archive,
                                                        std::vector<store::InstanceRow> rows,
                                                        std::shared_ptr<Asked> asked,
                                                        std::shared_ptr<LeftOut> left_out) {
    return [&archive, rows = std::move(rows), asked = std::move(asked),
            left_out = std::move(left_out), at = std::size_t{0},
            waiting = std::deque<MakePart>()]() mutable -> std::optional<http::Part> {
        for (;;) {
            while (waiting.empty()) {
                if (at == rows.size()) return std::nullopt;
                const store::InstanceRow& row = rows[at++];
                auto parts = left_out->unless_broken(
                    row.sop_instance_uid, [&] { return parts_of(archive, row, *asked); });
                if (parts) waiting = *std::move(parts);
            }
            const MakePart make = std::move(waiting.front());
            waiting.pop_front();
            if (auto part = left_out->unless_broken(rows[at - 1].sop_instance_uid, make))
                return part;
        }
    };
}

http::Response all_of(const http::Request& request, store::Archive& archive, const RunParts& run,
                      const std::shared_ptr<Suspects>& suspects, Which which) {
    const auto left_out = std::make_shared<LeftOut>(request.id, suspects);
    const auto asked =
        std::make_shared<Asked>(Asked{which, accepted_by(request), base_of(request), run});
    std::vector<store::InstanceRow> rows = instances_named(request, archive);
    left_out->look_at_suspects(
        rows, [](const auto& row) -> const std::string& { return row.sop_instance_uid; },
        [&](const auto& row) {
            for (const MakePart& make : parts_of(archive, row, *asked)) (void)make();
        });
    auto parts = begun<http::Part>(
        parts_of_all(archive, std::move(rows), asked, left_out),
        [](const http::Part& part) { return part.size(); }, left_out);
    if (parts.is_empty && left_out->count() > 0) throw left_out->first();
    if (parts.is_empty && asked->has_others)
        return not_acceptable(request,
                              "multipart/related; type=\"application/octet-stream\", or with "
                              "transfer-syntax=* compressed frames as they are stored");
    auto first = parts.next();
    if (!first) throw Error(ErrorCode::kNotFound, "there is no bulk data");
    const std::string type = first->content_type.substr(0, first->content_type.find(';'));
    http::Response response = http::multipart_response(
        type, [first = std::move(first), next = std::move(parts.next)]() mutable {
            return first ? std::exchange(first, std::nullopt) : next();
        });
    say_left_out(response, *left_out, IfPartial::k206);
    return response;
}

}  // namespace

bool prefers_bulk_data(std::span<const http::MediaRange> accepted) {
    for (const http::MediaRange& range : accepted) {
        http::MediaRange inner;
        inner.media.type = part_type(range);
        if (range.covers("application/dicom") || inner.covers("application/dicom")) return false;
        if (inner.media.type == kOctetStream || inner.media.type.starts_with("image/")) return true;
    }
    return false;
}

http::Response all_bulk_data(const http::Request& request, store::Archive& archive,
                             const RunParts& run, const std::shared_ptr<Suspects>& suspects) {
    return all_of(request, archive, run, suspects, Which::kAll);
}

http::Response all_pixel_data(const http::Request& request, store::Archive& archive,
                              const RunParts& run, const std::shared_ptr<Suspects>& suspects) {
    return all_of(request, archive, run, suspects, Which::kPixels);
}

}  // namespace lucerna::retrieve
