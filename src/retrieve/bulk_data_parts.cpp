// All bulk data of a study, series or instance, part after part.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
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
#include "retrieve/held_list.h"
#include "retrieve/held_rows.h"
#include "retrieve/kept_object.h"
#include "retrieve/left_out.h"
#include "retrieve/negotiate.h"
#include "retrieve/object_head.h"
#include "retrieve/object_parts.h"
#include "retrieve/objects.h"
#include "retrieve/packed_texts.h"
#include "retrieve/plain_object.h"
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

bool takes_octets(const Asked& asked) {
    return std::any_of(asked.accepted.begin(), asked.accepted.end(), [](const auto& range) {
        const auto parts = range.parts();
        return parts && parts->covers(kOctetStream);
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

/// The values of an instance but for its pixels, and their paths: kept for the next part
/// (held_list.h) unless somebody waits for the memory that they take (read_heads()) or their
/// elements do (dicom::parsing_memory()). One thread at a time.
class Values final : public MemoryBudget::Renewable {
  public:
    Values(store::Archive& archive, store::InstanceRow row, Which which)
        : archive_(archive), row_(std::move(row)), which_(which) {}
    ~Values() override { held_lists().forget(name_); }
    Values(const Values&) = delete;
    Values& operator=(const Values&) = delete;

    [[nodiscard]] const store::InstanceRow& row() const { return row_; }
    /// In the order of the attributes, pixels among them; nothing behind the last.
    static std::optional<std::string> path(const std::shared_ptr<Values>& self, std::size_t index) {
        const auto kept = get(self);
        if (index >= kept->paths.size()) return std::nullopt;
        return std::string(kept->paths[index]);
    }
    static http::Part part(const std::shared_ptr<Values>& self, const std::string& path,
                           const std::string& location) {
        http::Part part{kOctetStream, location, {}};
        const std::size_t most =
            is_as_it_stands(self->row_) ? dicom::FileHeader::kLargeValue : dicom::kSomeSize;
        std::optional<dicom::ByteRange> place;
        {
            const auto kept = get(self);
            const ByteView value = dicom::bulk_data_at(kept->head.data_set(), path).value();
            if (value.size() < most) part.room = room_for_part(value.size());
            if (part.room) part.body.assign(value.begin(), value.end());
            if (value.size() >= dicom::FileHeader::kLargeValue)
                place = kept->head.file.place_of(value);
        }
        if (place)
            part.pieces = pieces_of(plain_object(self->archive_, self->row_).object, place->begin,
                                    place->end - place->begin);
        else if (!part.room)
            part.pieces = bulk_value(self->archive_, self->row_, path);
        return part;
    }
    /// Whether they are compressed pixels in a sequence.
    static bool are_item_pixels(const std::shared_ptr<Values>& self, const std::string& path) {
        return is_encapsulated(self->row_) &&
               dicom::item_with_fragments(get(self)->head.data_set(), path) != nullptr;
    }
    static HeldBytes::Made item_pixels(const std::shared_ptr<Values>& self, const std::string& path,
                                       const Representation& form) {
        return item_pixels_in(get(self)->head.data_set(), self->row_, path, form).value();
    }

    bool let_go() noexcept override {
        is_asked_ = false;
        held_lists().forget(name_);
        return true;
    }

  private:
    struct Kept {
        Head head;
        MemoryBudget::Share room;
        PackedTexts paths;
    };
    static std::shared_ptr<const Kept> get(const std::shared_ptr<Values>& self) {
        if (auto kept = held_lists().find(self->name_))
            return std::static_pointer_cast<const Kept>(std::move(kept));
        auto kept = std::make_shared<Kept>(Kept{head_of(self->archive_, self->row_), {}, {}});
        kept->paths = self->paths_of(kept->head.data_set());
        kept->room = room_for_bytes(kept->paths.bytes(), read_heads());
        // It is in nobody's way who waits for what is read beside it, not even in this one's.
        kept->head.room.detach();
        kept->room.detach();
        held_lists().keep(self->name_, kept, self->bytes_freely_held() + kept->paths.bytes());
        if (!self->is_asked_.exchange(true)) {
            dicom::parsing_memory().may_ask(self);
            read_heads().may_ask(self);
        }
        return kept;
    }
    [[nodiscard]] PackedTexts paths_of(const dicom::DataSet& object) const {
        std::vector<std::string> all = dicom::bulk_data_paths(object, json_options_for(object, {}));
        if (row_.head_bytes != 0 && !object.has(dicom::tags::kPixelData))
            all.emplace_back("7FE00010");
        PackedTexts paths;
        for (const std::string& path : all) {
            const bool is_there =
                is_pixel_data(path) || dicom::bulk_data_at(object, path) ||
                (is_encapsulated(row_) && dicom::item_with_fragments(object, path) != nullptr);
            if (is_there && (which_ == Which::kAll || is_top_level_pixels(path))) paths.add(path);
        }
        paths.end();
        return paths;
    }
    /// About what it takes of which those budgets know nothing: elements of a few bytes each.
    [[nodiscard]] std::size_t bytes_freely_held() const {
        constexpr std::uint64_t kTimes = 10;
        const std::uint64_t bytes = row_.head_bytes != 0 ? row_.head_bytes : row_.size;
        return static_cast<std::size_t>(
            std::min<std::uint64_t>(kTimes * bytes, dicom::kFreelyParsedBytes));
    }

    store::Archive& archive_;
    const store::InstanceRow row_;
    const Which which_;
    const std::uint64_t name_ = held_lists().new_name();
    std::atomic<bool> is_asked_ = false;
};

/// The parts of one instance, in the order of its attributes; each is made when it is called for.
class InstanceParts {
  public:
    InstanceParts(store::Archive& archive, const store::InstanceRow& row, Asked& asked)
        : archive_(archive),
          asked_(asked),
          values_(std::make_shared<Values>(archive, row, asked.which)) {}

    [[nodiscard]] const std::string& instance() const { return row().sop_instance_uid; }
    [[nodiscard]] bool is_at_end() const { return is_at_end_; }
    /// Nothing where it turns out to be at its end. What it throws is of one part, unless it is at
    /// its end then.
    [[nodiscard]] std::optional<http::Part> next() {
        for (;;) {
            if (frames_ && frame_ < frames_->count()) return next_frame();
            frames_.reset();
            is_at_end_ = true;
            const std::optional<std::string> path = Values::path(values_, at_);
            if (!path) return std::nullopt;
            is_at_end_ = false;
            ++at_;
            if (auto part = part_of(*path)) return part;
        }
    }

  private:
    [[nodiscard]] const store::InstanceRow& row() const { return values_->row(); }
    /// Nothing where there is none that is asked for, or they are frames.
    std::optional<http::Part> part_of(const std::string& path) {
        const std::string location = url_of(row(), asked_.base) + "/bulkdata/" + path;
        if (is_pixel_data(path) && is_encapsulated(row())) return begin_frames(location);
        if (Values::are_item_pixels(values_, path)) return item_pixels(path, location);
        if (!takes_octets(asked_)) {
            asked_.has_others = true;
            return std::nullopt;
        }
        return is_pixel_data(path) ? pixel_part(archive_, row(), asked_.run, location)
                                   : Values::part(values_, path, location);
    }
    std::optional<http::Part> item_pixels(const std::string& path, const std::string& location) {
        const auto form = choose_frames(asked_.accepted, row().transfer_syntax_uid, Count::kMany);
        if (!form) {
            asked_.has_others = true;
            return std::nullopt;
        }
        http::Part part{type_of(*form), location, {}};
        HeldBytes::put_into(part, Values::item_pixels(values_, path, *form),
                            [&archive = archive_, row = row(), path, form = *form] {
                                return retrieve::item_pixels(archive, row, path, form);
                            });
        return part;
    }
    /// Of a video its one part.
    std::optional<http::Part> begin_frames(const std::string& location) {
        const auto chosen = choose_frames(asked_.accepted, row().transfer_syntax_uid, Count::kMany,
                                          encodable_pixels_of(archive_, row()));
        if (!chosen) {
            asked_.has_others = true;
            return std::nullopt;
        }
        frames_as_ = *chosen;
        location_ = location;
        if (is_video(row())) {
            http::Part part{type_of(frames_as_), location, {}, video_stream(archive_, row())};
            check_whole(archive_, row(), asked_.run);
            return part;
        }
        frames_ = FrameSource::of(archive_, row(), asked_.run, KeptObject::For::kFrames);
        frame_ = 0;
        return std::nullopt;
    }
    http::Part next_frame() {
        const int frame = frame_++;
        const std::string place =
            frames_->count() == 1 ? location_ : location_ + "/frames/" + std::to_string(frame + 1);
        return frames_->part({type_of(frames_as_), place}, frame, frames_as_);
    }

    store::Archive& archive_;
    Asked& asked_;
    const std::shared_ptr<Values> values_;
    /// The next path.
    std::size_t at_ = 0;
    bool is_at_end_ = false;
    /// Of compressed pixels, the frames that are left.
    std::shared_ptr<FrameSource> frames_;
    int frame_ = 0;
    Representation frames_as_;
    std::string location_;
};

std::function<std::optional<http::Part>()> parts_of_all(store::Archive& archive,
                                                        std::shared_ptr<HeldRows> rows,
                                                        std::shared_ptr<Asked> asked,
                                                        std::shared_ptr<LeftOut> left_out) {
    return [&archive, rows = std::move(rows), asked = std::move(asked),
            left_out = std::move(left_out),
            parts = std::shared_ptr<InstanceParts>()]() mutable -> std::optional<http::Part> {
        for (;;) {
            while (!parts || parts->is_at_end()) {
                const auto row = rows->next();
                if (!row) return std::nullopt;
                parts = std::make_shared<InstanceParts>(archive, *row, *asked);
            }
            auto part = left_out->unless_broken(parts->instance(), [&] { return parts->next(); });
            if (part && *part) return *std::move(part);
        }
    };
}

http::Response all_of(const http::Request& request, store::Archive& archive, const RunParts& run,
                      const std::shared_ptr<Suspects>& suspects, Which which) {
    const auto left_out = std::make_shared<LeftOut>(request.id, suspects);
    const auto asked =
        std::make_shared<Asked>(Asked{which, accepted_by(request), base_of(request), run});
    std::vector<store::InstanceRow> rows = instances_named(request, archive);
    std::vector<bool> is_out(rows.size());
    left_out->look_at_suspects(rows, is_out, [&](const auto& row) {
        InstanceParts all(archive, row, *asked);
        while (all.next()) {
        }
    });
    auto held = std::make_shared<HeldRows>(archive, std::move(rows), std::move(is_out));
    auto parts =
        begun<http::Part>(parts_of_all(archive, std::move(held), asked, left_out), left_out);
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
        const auto parts = range.parts();
        if (range.covers("application/dicom") || (parts && parts->covers("application/dicom")))
            return false;
        if (parts && (parts->media.type == kOctetStream || parts->media.type.starts_with("image/")))
            return true;
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
