#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/parts.h"
#include "dicom/encoders.h"
#include "dicom/frames.h"
#include "http/message.h"
#include "http/multipart_writer.h"
#include "http/pieces.h"
#include "retrieve/held_bytes.h"
#include "retrieve/kept_object.h"
#include "retrieve/negotiate.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// "1,2,5": frame numbers from 1, in any order, each once, 10,000 at most (PS3.18 6.5.4 of 2017).
/// Throws Error(kInvalidInput), quoting what is wrong.
[[nodiscard]] std::vector<int> parse_frame_list(std::string_view text);

/// For choose_object and choose_frames: reads the header of what `row` tells of when it is asked.
[[nodiscard]] HasEncodablePixels encodable_pixels_of(store::Archive& archive,
                                                     const store::InstanceRow& row);

/// Gives the frames of one instance, one at a time. Of uncompressed objects only the bytes of the
/// frame that was asked for are read, of deflated ones only they are held. What it read of others
/// it keeps for the next frame (KeptObject).
class FrameSource final : public std::enable_shared_from_this<FrameSource> {
  public:
    /// Throws Error(kNotFound) for an instance without pixels.
    [[nodiscard]] static std::shared_ptr<FrameSource> of(store::Archive& archive,
                                                         const store::InstanceRow& row,
                                                         RunParts run, KeptObject::For wanted);

    [[nodiscard]] int count() const { return count_; }
    /// `frame` from 0, under this name. A large one holds its share of memory until it is sent
    /// (held_bytes.h). Throws Error(kNotFound) beyond the last, and as decode_frame does.
    [[nodiscard]] http::Part part(http::PartName name, int frame,
                                  const Representation& representation);
    /// How many bytes each frame has where all lie uncompressed in the file, and are wanted so;
    /// `read_native` reads one then.
    [[nodiscard]] std::optional<std::size_t> bytes_of_native(
        const Representation& representation) const;
    void read_native(int frame, std::span<std::uint8_t> into) const;

  private:
    FrameSource(store::Archive& archive, const store::InstanceRow& row, RunParts run,
                KeptObject::For wanted);
    enum class HasRoom { kNo, kYes };
    /// `has_room`: what it takes as it is stored is counted already.
    [[nodiscard]] HeldBytes::Made frame(int frame, const Representation& representation,
                                        HasRoom has_room);
    /// What a frame takes as it is stored, if they are alike.
    [[nodiscard]] std::size_t about_stored() const;
    /// Nothing for one that has to be encoded, or is small and not as it lies in the file.
    [[nodiscard]] std::optional<http::Pieces> large_frame(int frame,
                                                          const Representation& representation);
    [[nodiscard]] bool find_native_frames(const store::InstanceRow& row);
    [[nodiscard]] bool is_encoded_for(const Representation& representation) const;
    /// Where the frame begins in the file of uncompressed pixels.
    [[nodiscard]] std::uint64_t begin_of(int frame) const;
    /// What its header says that a frame takes.
    [[nodiscard]] double decoded_bytes(const dicom::FramedObject& object) const;
    /// It or, where it is compressed, what it is decoded to.
    [[nodiscard]] HeldBytes::Made made(int frame);
    /// What it is compressed to, with room for compressing it.
    [[nodiscard]] HeldBytes::Made compressed(int frame, const dicom::Encoder& encoder);

    store::Archive& archive_;
    store::InstanceRow row_;
    RunParts run_;
    const std::shared_ptr<KeptObject> kept_;
    std::shared_ptr<store::OpenedObject> opened_;
    int count_ = 0;
    /// Where frame 0 begins in the file, and how long one is; 0 where the whole must be read.
    std::uint64_t begin_ = 0;
    std::uint64_t frame_bytes_ = 0;
};

/// GET .../frames/{frames}.
[[nodiscard]] http::Response frames(http::Request& request, store::Archive& archive,
                                    const RunParts& run);
/// All of them, for the bulk data of compressed pixels.
[[nodiscard]] http::Response all_frames(const http::Request& request, store::Archive& archive,
                                        const store::InstanceRow& row, const RunParts& run);

}  // namespace lucerna::retrieve
