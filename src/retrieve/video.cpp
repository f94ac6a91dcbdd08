#include "retrieve/video.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/uids.h"
#include "http/multipart_writer.h"
#include "http/range.h"
#include "retrieve/address.h"
#include "retrieve/objects.h"

namespace lucerna::retrieve {
namespace {

[[noreturn]] void broken(const char* what) {
    throw Error(ErrorCode::kInvalidInput, std::string("PixelData (7FE0,0010) ") + what);
}

std::uint32_t u32(ByteView bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i > 0; --i) value = value << 8 | bytes[at + i - 1];
    return value;
}

/// Reads a file here and there, and never the same bytes twice for what lies close together.
class Window {
  public:
    Window(store::OpenedObject& object) : object_(object) {}

    /// `count` bytes from `offset` on. Valid until the next call.
    ByteView at(std::uint64_t offset, std::size_t count) {
        constexpr std::uint64_t kBytes = 4096;
        if (offset < begin_ || offset + count > begin_ + bytes_.size()) {
            begin_ = offset;
            bytes_ = object_.read(offset, kBytes);
        }
        if (bytes_.size() < offset - begin_ + count) broken("ends within a fragment's head");
        return ByteView(bytes_).subspan(static_cast<std::size_t>(offset - begin_), count);
    }

  private:
    store::OpenedObject& object_;
    std::uint64_t begin_ = 0;
    Bytes bytes_;
};

struct Fragment {
    /// In the file, and in the stream.
    std::uint64_t begin = 0;
    std::uint64_t at = 0;
    std::uint64_t size = 0;
};

/// PS3.5 A.4: the Basic Offset Table, the fragments, and the delimiter.
std::vector<Fragment> fragments_in(store::OpenedObject& object, const store::InstanceRow& row) {
    constexpr std::uint32_t kItem = 0xE000FFFE;
    constexpr std::uint32_t kDelimiter = 0xE0DDFFFE;
    constexpr std::size_t kMostFragments = 100'000;
    constexpr std::uint64_t kElementHead = 12;
    constexpr std::uint64_t kItemHead = 8;
    if (row.head_bytes == 0) throw Error(ErrorCode::kNotFound, "that instance has no pixels");
    Window window(object);
    const ByteView element = window.at(row.head_bytes, kElementHead);
    if (u32(element, 0) != 0x00107FE0 || u32(element, 8) != 0xFFFFFFFF)
        broken("is not encapsulated, as its transfer syntax asks");
    std::vector<Fragment> fragments;
    std::uint64_t total = 0;
    bool is_table = true;
    for (std::uint64_t at = row.head_bytes + kElementHead;;) {
        const ByteView head = window.at(at, kItemHead);
        if (u32(head, 0) == kDelimiter) break;
        const std::uint64_t size = u32(head, 4);
        if (u32(head, 0) != kItem || size > object.size() - std::min(object.size(), at + kItemHead))
            broken("has fragments that are none");
        if (!std::exchange(is_table, false) && size > 0)
            fragments.push_back({at + kItemHead, std::exchange(total, total + size), size});
        if (fragments.size() > kMostFragments)
            throw Error(ErrorCode::kUnsupported, "a video of so many fragments is not given here");
        at += kItemHead + size;
    }
    if (fragments.empty()) throw Error(ErrorCode::kNotFound, "that instance has no pixels");
    return fragments;
}

Bytes read(store::OpenedObject& object, const std::vector<Fragment>& fragments,
           std::uint64_t offset, std::uint64_t length) {
    Bytes bytes(static_cast<std::size_t>(length));
    auto fragment = std::prev(
        std::upper_bound(fragments.begin(), fragments.end(), offset,
                         [](std::uint64_t value, const Fragment& one) { return value < one.at; }));
    for (std::uint64_t done = 0; done < length; ++fragment) {
        const std::uint64_t from = offset + done - fragment->at;
        const std::uint64_t count = std::min(length - done, fragment->size - from);
        object.read(fragment->begin + from,
                    std::span(bytes).subspan(static_cast<std::size_t>(done),
                                             static_cast<std::size_t>(count)));
        done += count;
    }
    return bytes;
}

}  // namespace

bool is_video(const store::InstanceRow& row) {
    const dicom::TransferSyntax* syntax = dicom::find_transfer_syntax(row.transfer_syntax_uid);
    return syntax && syntax->frame_media_type.starts_with("video/");
}

http::Pieces video_stream(store::Archive& archive, const store::InstanceRow& row) {
    std::shared_ptr<store::OpenedObject> object = archive.open(row);
    auto fragments = fragments_in(*object, row);
    return {fragments.back().at + fragments.back().size,
            [object = std::move(object), fragments = std::move(fragments)](std::uint64_t offset,
                                                                           std::uint64_t length) {
                return read(*object, fragments, offset, length);
            }};
}

http::Response video(const http::Request& request, store::Archive& archive,
                     const store::InstanceRow& row, const RunParts& run,
                     const std::string& location) {
    const auto chosen = choose_frames(accepted_by(request), row.transfer_syntax_uid, Count::kOne);
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
        if (!request.headers.has("Range")) check_whole(archive, row, run);
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

}  // namespace lucerna::retrieve
