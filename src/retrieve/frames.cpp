#include "retrieve/frames.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <numeric>
#include <span>
#include <utility>

#include "base/error.h"
#include "dicom/decoding_memory.h"
#include "dicom/encoders.h"
#include "dicom/frames.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "http/answer_memory.h"
#include "http/multipart_writer.h"
#include "retrieve/address.h"
#include "retrieve/held_bytes.h"
#include "retrieve/kept_object.h"
#include "retrieve/left_out.h"
#include "retrieve/object_head.h"
#include "retrieve/object_parts.h"
#include "retrieve/plain_object.h"
#include "retrieve/video.h"

namespace lucerna::retrieve {
namespace {

constexpr std::size_t kMostFrames = 10'000;
/// A frame that is worth several threads.
constexpr std::uint64_t kLarge = 4 * 1024 * 1024;

std::string with_syntax(const Representation& representation) {
    return representation.media_type + "; transfer-syntax=" + representation.transfer_syntax;
}

std::string encoded_kinds() {
    std::string text = ", or those of a usual image in";
    for (const dicom::Encoder& encoder : dicom::encoders())
        text += " " + std::string(encoder.transfer_syntax_uid);
    return text;
}

http::Stream streamed(http::Pieces pieces) {
    const std::uint64_t size = pieces.size;
    return {[pieces = std::move(pieces), at = std::uint64_t{0}]() mutable {
                const std::uint64_t length =
                    std::min<std::uint64_t>(http::answer_memory().piece_bytes(), pieces.size - at);
                http::Chunk chunk{pieces.read(at, length)};
                at += length;
                chunk.last = at == pieces.size;
                return chunk;
            },
            size};
}

/// The only frame that is asked for, where it can be read straight into the answer.
std::optional<http::Response> native_frame_of(const FrameSource& source,
                                              const store::InstanceRow& row,
                                              const Representation& chosen,
                                              const http::PartName& name, int number) {
    const auto size = source.bytes_of_native(chosen);
    if (!size) return {};
    // Before it is read: the object store may take its time.
    auto room = room_for_part(*size);
    if (!room) return {};
    Buffer bytes(*size);
    looking_at(row.sop_instance_uid, [&] { source.read_native(number - 1, bytes.span()); });
    return http::multipart_response(chosen.media_type, name, std::move(bytes), std::move(room));
}

http::Response send_frames(const http::Request& request, store::Archive& archive,
                           const store::InstanceRow& row, std::vector<int> numbers,
                           const RunParts& run) {
    const Count count = numbers.size() == 1 ? Count::kOne : Count::kMany;
    const auto chosen = choose_frames(accepted_by(request), row.transfer_syntax_uid, count,
                                      encodable_pixels_of(archive, row));
    if (!chosen)
        return not_acceptable(
            request, "application/octet-stream, the frames as they are stored in transfer syntax " +
                         row.transfer_syntax_uid + encoded_kinds() +
                         (numbers.size() > 1 ? "; several come as multipart/related" : ""));
    std::string variant = with_syntax(*chosen) + (chosen->multipart ? "m" : "s");
    for (const int number : numbers) variant += "," + std::to_string(number);
    const std::string etag = etag_of({row}, variant);
    if (auto same = unmodified(request, etag)) return *std::move(same);
    const auto source = looking_at(row.sop_instance_uid, [&] {
        const auto wanted =
            count == Count::kOne ? KeptObject::For::kOneFrame : KeptObject::For::kFrames;
        return FrameSource::of(archive, row, run, wanted);
    });
    // All must be there before the first one is sent.
    const int greatest = *std::max_element(numbers.begin(), numbers.end());
    if (greatest > source->count())
        throw Error(ErrorCode::kNotFound, "there is no frame " + std::to_string(greatest) +
                                              "; the instance has " +
                                              std::to_string(source->count()));
    const std::string location = url_of(row, base_of(request)) + "/frames/";
    const auto name = [location, chosen = *chosen](int number) {
        return http::PartName{with_syntax(chosen), location + std::to_string(number)};
    };
    const auto part = [source, row, name, chosen = *chosen](int number) {
        return looking_at(row.sop_instance_uid,
                          [&] { return source->part(name(number), number - 1, chosen); });
    };
    http::Response response;
    if (!chosen->multipart) {
        http::Part only = part(numbers.front());
        response =
            http::Response::of(200, only.content_type, std::move(only.body), std::move(only.room));
        if (only.pieces) response.body = streamed(*std::move(only.pieces));
    } else if (count == Count::kOne) {
        const int number = numbers.front();
        auto native = native_frame_of(*source, row, *chosen, name(number), number);
        response = native ? *std::move(native)
                          : http::multipart_response(chosen->media_type, part(number));
    } else {
        response = http::multipart_response(
            chosen->media_type,
            [part, numbers = std::make_shared<const std::vector<int>>(std::move(numbers)),
             at = std::size_t{0}]() mutable -> std::optional<http::Part> {
                if (at == numbers->size()) return std::nullopt;
                return part((*numbers)[at++]);
            });
    }
    set_cache_headers(response, etag);
    return response;
}

}  // namespace

std::vector<int> parse_frame_list(std::string_view text) {
    std::vector<int> numbers;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        const std::string_view one = text.substr(begin, end - begin);
        int number = 0;
        const auto [stop, error] = std::from_chars(one.data(), one.data() + one.size(), number);
        if (error != std::errc() || stop != one.data() + one.size() || number < 1 ||
            numbers.size() == kMostFrames)
            throw Error(ErrorCode::kInvalidInput,
                        "frames must be a list of at most 10,000 numbers from 1 up, such as 1,2,5; "
                        "not \"" +
                            std::string(one.substr(0, 32)) + "\"");
        numbers.push_back(number);
        begin = end + 1;
    }
    std::vector<int> sorted = numbers;
    std::ranges::sort(sorted);
    if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end())
        throw Error(ErrorCode::kInvalidInput, "frames must name each frame once, and not " +
                                                  std::to_string(*twice) + " twice");
    numbers.shrink_to_fit();
    return numbers;
}

HasEncodablePixels encodable_pixels_of(store::Archive& archive, const store::InstanceRow& row) {
    return [&archive, row] {
        return dicom::has_encodable_pixels(outline_of(archive, row).data_set());
    };
}

std::shared_ptr<FrameSource> FrameSource::of(store::Archive& archive, const store::InstanceRow& row,
                                             RunParts run, KeptObject::For wanted) {
    if (!may_have_pixels(archive, row))
        throw Error(ErrorCode::kNotFound, "that instance has no pixels");
    return std::shared_ptr<FrameSource>(new FrameSource(archive, row, std::move(run), wanted));
}

FrameSource::FrameSource(store::Archive& archive, const store::InstanceRow& row, RunParts run,
                         KeptObject::For wanted)
    : archive_(archive),
      row_(row),
      run_(std::move(run)),
      kept_(KeptObject::of(archive, row, run_, wanted, dicom::PixelData::kFrames)),
      opened_(archive.open(row)) {
    if (find_native_frames(row)) return;
    count_ = kept_->look(
        [](dicom::FramedObject& object) { return dicom::frame_count(object.header()); });
    if (count_ == 0) throw Error(ErrorCode::kNotFound, "that instance has no pixels");
}

/// Pixel Data of a plain little endian file is one element with a length, frame after frame.
/// Anything less plain is left to dicom/frames.h.
bool FrameSource::find_native_frames(const store::InstanceRow& row) {
    const bool is_plain =
        row.transfer_syntax_uid == dicom::transfer_syntax::kExplicitVrLittleEndian ||
        row.transfer_syntax_uid == dicom::transfer_syntax::kImplicitVrLittleEndian;
    if (row.head_bytes == 0 || !is_plain) return false;
    const Head head = outline_of(archive_, row);
    const dicom::DataSet& header = head.data_set();
    namespace tags = dicom::tags;
    const auto positive = [&](dicom::Tag tag, long long fallback) {
        return static_cast<std::uint64_t>(std::max(header.integer(tag).value_or(fallback), 0LL));
    };
    const std::uint64_t bits = positive(tags::kBitsAllocated, 0);
    const std::uint64_t samples = positive(tags::kSamplesPerPixel, 1);
    const std::uint64_t frames = positive(tags::kNumberOfFrames, 1);
    if (bits == 0 || bits % 8 != 0 || bits > 64 || samples > 4 || samples == 2) return false;
    const std::string kind = header.text_or(tags::kPhotometricInterpretation, "");
    if (kind.starts_with("YBR_FULL_4") || kind.starts_with("YBR_PARTIAL_4")) return false;
    // 2^16 * 2^16 * 2^3 * 4 fits; the product with the frames is checked against the length.
    const std::uint64_t rows = positive(tags::kRows, 0);
    const std::uint64_t columns = positive(tags::kColumns, 0);
    if (rows > 0xFFFF || columns > 0xFFFF || frames > 0xFFFFFF) return false;
    frame_bytes_ = rows * columns * samples * (bits / 8);
    const std::optional<ValueSpan> pixels = native_pixels(*opened_, row);
    if (!pixels || frame_bytes_ == 0 || frames == 0 || pixels->size / frame_bytes_ < frames)
        return false;
    begin_ = pixels->begin;
    count_ = static_cast<int>(frames);
    return true;
}

http::Part FrameSource::part(http::PartName name, int frame, const Representation& representation) {
    http::Part part{std::move(name)};
    const auto native = bytes_of_native(representation);
    if (native && *native <= kHeldFreely) part.room = room_for_part(*native);
    if (part.room) {
        part.body.resize(*native);
        read_native(frame, part.body);
        return part;
    }
    const std::size_t stored = about_stored();
    if (representation.as_stored && begin_ == 0 && stored <= kHeldFreely)
        part.room = room_for_part(stored);
    if (part.room) {
        part.body = this->frame(frame, representation, HasRoom::kYes).bytes;
        return part;
    }
    part.pieces = large_frame(frame, representation);
    if (part.pieces) return part;
    const auto make = [self = shared_from_this(), frame, representation] {
        return self->frame(frame, representation, HasRoom::kNo);
    };
    HeldBytes::put_into(part, make(), make);
    // Where others hold what may be sent at once, the file is not to lie beside what waits.
    if (part.pieces && part.pieces->size <= kHeldFreely) (void)kept_->let_go();
    return part;
}

std::size_t FrameSource::about_stored() const {
    if (is_inflatable(row_))
        return kept_->look([&](dicom::FramedObject& object) {
            return static_cast<std::size_t>(decoded_bytes(object));
        });
    return static_cast<std::size_t>(row_.size) / static_cast<std::size_t>(std::max(count_, 1));
}

HeldBytes::Made FrameSource::frame(int frame, const Representation& representation,
                                   HasRoom has_room) {
    if (frame < 0 || frame >= count_) throw Error(ErrorCode::kNotFound, "there is no such frame");
    const dicom::Encoder* const encoder =
        representation.as_stored ? nullptr : dicom::find_encoder(representation.transfer_syntax);
    if (encoder != nullptr) return compressed(frame, *encoder);
    return kept_->take_frame([&](dicom::FramedObject& object) {
        const std::size_t about = about_stored();
        const dicom::DataSet& with_it = object.with_frame(frame);
        // Counted from before it is there: hundreds may wait for room.
        std::shared_ptr<MemoryBudget::Share> share;
        if (representation.as_stored && has_room == HasRoom::kNo &&
            about > http::AnswerMemory::kFreely) {
            MemoryBudget& memory = dicom::decoding_memory();
            share = std::make_shared<MemoryBudget::Share>(
                memory.take(std::min(about, memory.limit()), "a large frame"));
        }
        Bytes bytes = representation.as_stored ? dicom::stored_frame(with_it, frame)
                                               : dicom::decode_cells(with_it, frame).samples;
        return HeldBytes::Made{std::move(bytes), std::move(share)};
    });
}

HeldBytes::Made FrameSource::compressed(int frame, const dicom::Encoder& encoder) {
    // The samples, and what they become while that grows: of noise it is more than they are.
    constexpr double kTimes = 3;
    HeldBytes::Made made = kept_->take_frame([&](dicom::FramedObject& object) {
        const dicom::DataSet& with_it = object.with_frame(frame);
        MemoryBudget& memory = dicom::decoding_memory();
        const double bytes =
            std::min(kTimes * decoded_bytes(object), static_cast<double>(memory.limit()));
        auto share = std::make_shared<MemoryBudget::Share>(
            memory.take(static_cast<std::size_t>(bytes), "a frame that is compressed"));
        // What decoding takes comes after, as whoever holds something need not wait for more.
        const auto begun = std::chrono::steady_clock::now();
        HeldBytes::Made encoded{dicom::encoded_frame(with_it, frame, encoder), std::move(share)};
        encoded.took = std::chrono::steady_clock::now() - begun;
        return encoded;
    });
    // One that was read of the file alone is no use to the next, which waits for what it holds.
    if (begin_ != 0) (void)kept_->let_go();
    return made;
}

bool FrameSource::is_encoded_for(const Representation& representation) const {
    return !representation.as_stored &&
           dicom::find_encoder(representation.transfer_syntax) != nullptr;
}

double FrameSource::decoded_bytes(const dicom::FramedObject& object) const {
    if (begin_ != 0) return static_cast<double>(frame_bytes_);
    double bits = 1;
    for (const dicom::Tag tag : {dicom::tags::kRows, dicom::tags::kColumns,
                                 dicom::tags::kSamplesPerPixel, dicom::tags::kBitsAllocated})
        bits *= static_cast<double>(object.header().integer(tag).value_or(1));
    return bits / 8;
}

std::optional<http::Pieces> FrameSource::large_frame(int frame,
                                                     const Representation& representation) {
    const bool is_native = begin_ != 0;
    if (frame < 0 || frame >= count_ || is_encoded_for(representation)) return {};
    const auto is_small = [&] {
        return kept_->look([&](dicom::FramedObject& object) { return decoded_bytes(object); }) <=
               static_cast<double>(kHeldFreely);
    };
    if (!is_native && (representation.as_stored || is_small())) return {};
    // What would leave little to decoders is read while it is sent.
    if (is_native && frame_bytes_ > dicom::decoding_memory().limit() / 4) {
        read_through(archive_, row_, begin_of(frame), frame_bytes_, run_);
        return pieces_of(opened_, begin_of(frame), frame_bytes_);
    }
    const auto make = [self = shared_from_this(), frame] { return self->made(frame); };
    return HeldBytes::pieces_of(make(), make);
}

HeldBytes::Made FrameSource::made(int frame) {
    if (begin_ != 0) {
        auto share =
            dicom::decoding_memory().take(static_cast<std::size_t>(frame_bytes_), "a large frame");
        Bytes bytes(static_cast<std::size_t>(frame_bytes_));
        read_native(frame, bytes);
        return {std::move(bytes), std::make_shared<MemoryBudget::Share>(std::move(share))};
    }
    return kept_->take_frame([&](dicom::FramedObject& object) {
        const dicom::DataSet& with_it = object.with_frame(frame);
        const auto begun = std::chrono::steady_clock::now();
        auto decoded = dicom::decode_cells(with_it, frame);
        const auto took = std::chrono::steady_clock::now() - begun;
        return HeldBytes::Made{std::move(decoded.samples), std::move(decoded.share), took};
    });
}

std::uint64_t FrameSource::begin_of(int frame) const {
    return begin_ + static_cast<std::uint64_t>(frame) * frame_bytes_;
}

std::optional<std::size_t> FrameSource::bytes_of_native(
    const Representation& representation) const {
    if (begin_ == 0 || is_encoded_for(representation)) return std::nullopt;
    return frame_bytes_;
}

void FrameSource::read_native(int frame, std::span<std::uint8_t> into) const {
    if (frame < 0 || frame >= count_) throw Error(ErrorCode::kNotFound, "there is no such frame");
    // That all frames are there was seen when they were found.
    if (frame_bytes_ > kLarge) return read_in_parts(archive_, row_, begin_of(frame), into, run_);
    opened_->read(begin_of(frame), into);
}

http::Response frames(http::Request& request, store::Archive& archive, const RunParts& run) {
    std::vector<int> numbers = parse_frame_list(request.parameter("frames"));
    const store::InstanceRow row = instances_named(request, archive).front();
    if (!is_video(row)) return send_frames(request, archive, row, std::move(numbers), run);
    if (numbers != std::vector{1})
        throw Error(ErrorCode::kNotFound, "a video is one stream, which comes as frame 1");
    return video(request, archive, row, run, url_of(row, base_of(request)) + "/frames/1");
}

http::Response all_frames(const http::Request& request, store::Archive& archive,
                          const store::InstanceRow& row, const RunParts& run) {
    const int count = FrameSource::of(archive, row, run, KeptObject::For::kOneFrame)->count();
    std::vector<int> numbers(static_cast<std::size_t>(count));
    std::iota(numbers.begin(), numbers.end(), 1);
    return send_frames(request, archive, row, std::move(numbers), run);
}

}  // namespace lucerna::retrieve
