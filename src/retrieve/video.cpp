#include "retrieve/video.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/uids.h"
#include "http/multipart_writer.h"
#include "http/range.h"
#include "retrieve/address.h"
#include "retrieve/fragment_walk.h"
#include "retrieve/objects.h"

namespace lucerna::retrieve {
namespace {

struct Fragment {
    /// In the file, and in the stream.
    std::uint64_t begin = 0;
    std::uint64_t at = 0;
    std::uint64_t size = 0;
};

/// The fragments of a stream, of which it holds where some begin, and finds the others from there:
/// a reader may take his time, and a video be in a hundred thousand pieces. One thread at a time.
class Fragments {
  public:
    /// Looks at each once. Throws as video_stream.
    Fragments(std::unique_ptr<store::OpenedObject> object, const store::InstanceRow& row)
        : object_(std::move(object)), walk_(*object_, row) {
        std::size_t number = 0;
        std::size_t every = 1;
        auto at = std::optional(first());
        for (; at; at = after(*at), ++number) {
            if (number == kMostFragments)
                throw Error(ErrorCode::kUnsupported,
                            "a video of so many fragments is not given here");
            if (number % every == 0) marks_.push_back(*at);
            if (marks_.size() == kMostMarks) {
                for (std::size_t i = 0; i < kMostMarks / 2; ++i) marks_[i] = marks_[2 * i];
                marks_.resize(kMostMarks / 2);
                every *= 2;
            }
            size_ = at->at + at->size;
        }
        marks_.shrink_to_fit();
        walk_.forget();
        current_ = marks_.front();
    }

    /// Of the stream.
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] Bytes read(std::uint64_t offset, std::uint64_t length) {
        Bytes bytes(static_cast<std::size_t>(length));
        go_to(offset);
        for (std::uint64_t done = 0; done < length;) {
            if (offset + done == current_.at + current_.size) current_ = after(current_).value();
            const std::uint64_t from = offset + done - current_.at;
            const std::uint64_t count = std::min(length - done, current_.size - from);
            object_->read(current_.begin + from,
                          std::span(bytes).subspan(static_cast<std::size_t>(done),
                                                   static_cast<std::size_t>(count)));
            done += count;
        }
        // Nobody needs it while the client takes what there is.
        walk_.forget();
        return bytes;
    }

  private:
    static constexpr std::size_t kMostFragments = 100'000;
    static constexpr std::size_t kMostMarks = 256;

    Fragment first() {
        const auto table = walk_.table();
        if (!table) nothing_there();
        const auto fragment = after({table->begin, 0, table->size}, Stream::kIsNotBegun);
        if (!fragment) nothing_there();
        return *fragment;
    }
    enum class Stream { kIsNotBegun, kIsBegun };
    /// The next that is not empty; nothing behind the last.
    std::optional<Fragment> after(const Fragment& one, Stream stream = Stream::kIsBegun) {
        std::optional<Fragment> next = one;
        do next = item_at(next->begin + next->size);
        while (next && next->size == 0);
        if (next) next->at = stream == Stream::kIsBegun ? one.at + one.size : 0;
        return next;
    }
    [[nodiscard]] std::optional<Fragment> item_at(std::uint64_t at) {
        const auto item = walk_.item_at(at);
        return item ? std::optional(Fragment{item->begin, 0, item->size}) : std::nullopt;
    }
    void go_to(std::uint64_t offset) {
        const auto mark = std::prev(std::upper_bound(
            marks_.begin(), marks_.end(), offset,
            [](std::uint64_t value, const Fragment& one) { return value < one.at; }));
        // Most go on where they were.
        if (offset < current_.at || current_.at < mark->at) current_ = *mark;
        while (offset > current_.at + current_.size) current_ = after(current_).value();
    }
    [[noreturn]] static void nothing_there() {
        throw Error(ErrorCode::kNotFound, "that instance has no pixels");
    }

    const std::unique_ptr<store::OpenedObject> object_;
    FragmentWalk walk_;
    /// In their order, the first among them.
    std::vector<Fragment> marks_;
    std::uint64_t size_ = 0;
    /// Where the last reading ended.
    Fragment current_;
};

}  // namespace

bool is_video(const store::InstanceRow& row) {
    const dicom::TransferSyntax* syntax = dicom::find_transfer_syntax(row.transfer_syntax_uid);
    return syntax && syntax->frame_media_type.starts_with("video/");
}

http::Pieces video_stream(store::Archive& archive, const store::InstanceRow& row) {
    const auto fragments = std::make_shared<Fragments>(archive.open(row), row);
    return {fragments->size(), [fragments](std::uint64_t offset, std::uint64_t length) {
                return fragments->read(offset, length);
            }};
}

namespace {

http::Response video_as(std::span<const http::MediaRange> accepted, const http::Request& request,
                        store::Archive& archive, const store::InstanceRow& row, const RunParts& run,
                        const std::string& location) {
    const auto chosen = choose_frames(accepted, row.transfer_syntax_uid, Count::kOne);
    if (!chosen)
        return not_acceptable(
            request,
            std::string(dicom::find_transfer_syntax(row.transfer_syntax_uid)->frame_media_type) +
                " and application/octet-stream in transfer syntax " + row.transfer_syntax_uid);
    const std::string type = chosen->media_type + "; transfer-syntax=" + chosen->transfer_syntax;
    const std::string etag = etag_of({row}, "video " + type + (chosen->multipart ? "m" : "s"));
    if (auto same = unmodified(request, etag)) return *std::move(same);
    return looking_at(row.sop_instance_uid, [&] {
        http::Pieces stream = video_stream(archive, row);
        // Of a range no more is read than is asked for.
        if (chosen->multipart || !request.headers.has("Range")) check_whole(archive, row, run);
        http::Response head;
        set_cache_headers(head, etag);
        if (!chosen->multipart) {
            head.headers.set("Content-Type", type);
            return http::ranged(request, std::move(head), std::move(stream));
        }
        http::Response response = http::multipart_response(
            chosen->media_type, http::Part{type, location, {}, std::move(stream)});
        for (const auto& [name, text] : head.headers.all()) response.headers.add(name, text);
        return response;
    });
}

}  // namespace

http::Response video(const http::Request& request, store::Archive& archive,
                     const store::InstanceRow& row, const RunParts& run,
                     const std::string& location) {
    return video_as(accepted_by(request), request, archive, row, run, location);
}

http::Response rendered_video(const http::Request& request, store::Archive& archive,
                              const store::InstanceRow& row, const RunParts& run,
                              const std::string& location) {
    std::vector<http::MediaRange> accepted = accepted_by(request);
    for (http::MediaRange& range : accepted)
        if (range.media.type == "*/*") range.media.type = "video/*";
    return video_as(accepted, request, archive, row, run, location);
}

}  // namespace lucerna::retrieve
