#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "dicom/items.h"
#include "dicom/limits.h"
#include "dicom/tags.h"
#include "dicom/uids.h"

namespace lucerna::dicom {

struct Node;

/// What parsing does with Pixel Data.
enum class PixelData {
    kKeep,
    kSkip,   ///< not copied: `has(kPixelData)` still holds, decode_frame refuses
    kFrames  ///< kept; Per-Frame Functional Groups, which may take far more, have no items
};

/// How the samples of set_pixels are laid out: row by row, interleaved, little endian.
struct PixelLayout {
    int rows = 0;
    int columns = 0;
    int samples_per_pixel = 1;
    std::string photometric_interpretation = "MONOCHROME2";
    /// 8 or 16; bits_stored of them are used, from the lowest up.
    int bits_allocated = 16;
    int bits_stored = 16;
    bool is_signed = false;
    int frames = 1;
};

/// A data set (PS3.5 7), or an item of one: attributes in the order of their tags. Reading is const
/// and safe from several threads.
///
/// Text is UTF-8 whatever it was stored as; Specific Character Set then reads "ISO_IR 192".
class DataSet {
  public:
    /// Empty, explicit VR little endian.
    DataSet();
    ~DataSet();
    DataSet(DataSet&&) noexcept;
    DataSet& operator=(DataSet&&) noexcept;

    /// Reads a DICOM file (PS3.10): preamble, file meta, data set. Every length is checked against
    /// what there is before anything is allocated. Elements may be missing, in any order, or of a
    /// VR that this program does not know. Throws Error(kInvalidInput), naming the attribute and
    /// its offset, where the bytes are no DICOM file, end early, contradict themselves, hold an
    /// attribute twice, or pass a limit. Zeros may follow the last element (kMostPaddingBytes).
    /// Copies `part10`; the second form takes it over.
    [[nodiscard]] static DataSet parse(ByteView part10, const Limits& limits = {},
                                       PixelData pixels = PixelData::kKeep);
    [[nodiscard]] static DataSet parse(Bytes&& part10, const Limits& limits = {},
                                       PixelData pixels = PixelData::kKeep);
    /// As header_in; its Per-Frame Functional Groups, of which there may be hundreds of thousands,
    /// have no items.
    [[nodiscard]] static DataSet outline_in(ByteView part10, const Limits& limits = {});
    /// As `parse` with PixelData::kSkip, but without a copy: values are looked up in `part10`,
    /// which has to stay as long as what is returned, and its clones, do. Values of some size of VR
    /// OB, OD, OF, OL, OV, OW and UN are there with their length alone, and are not to be looked
    /// at. Of a deflated one 64 MiB are held at most, which no budget counts (arriving_header.h).
    [[nodiscard]] static DataSet header_in(ByteView part10, const Limits& limits = {});
    /// As `parse`; also throws as read_file does.
    [[nodiscard]] static DataSet from_file(const std::filesystem::path& path,
                                           const Limits& limits = {},
                                           PixelData pixels = PixelData::kKeep);
    [[nodiscard]] DataSet clone() const;

    // Reading. None of these throws for what a file may hold: a value that is absent, empty or
    // malformed is absent.

    /// The attribute is there, empty or not.
    [[nodiscard]] bool has(Tag tag) const;
    /// The attribute is there with a value: a sequence with an item, pixel data with bytes.
    [[nodiscard]] bool has_value(Tag tag) const;
    /// The first value (the whole of ST, LT, UT and UR), without padding. Numbers of a binary VR
    /// are printed. Absent where empty. A leading blank is significant in ST, LT, UT alone.
    [[nodiscard]] std::optional<std::string> text(Tag tag) const;
    [[nodiscard]] std::string text_or(Tag tag, std::string_view fallback) const;
    /// All values, empty ones in their place. This and the lists below throw Error(kInvalidInput)
    /// for more than kMostListedValues.
    [[nodiscard]] std::vector<std::string> texts(Tag tag) const;
    /// How many `texts` are of it, however many; 0 of a sequence and of bytes.
    [[nodiscard]] std::size_t value_count(Tag tag) const;
    /// Of any numeric VR or text that is a whole number and nothing else.
    [[nodiscard]] std::optional<long long> integer(Tag tag, std::size_t index = 0) const;
    [[nodiscard]] std::optional<double> number(Tag tag, std::size_t index = 0) const;
    /// Empty if any one of them is no number.
    [[nodiscard]] std::vector<double> numbers(Tag tag) const;
    [[nodiscard]] std::vector<long long> integers(Tag tag) const;
    /// Items of a sequence; none where it is absent or no sequence. Valid until it changes.
    [[nodiscard]] const Items& items(Tag sequence) const;
    /// The value as stored, little endian; empty where absent, a sequence, or encapsulated. Valid
    /// until it changes.
    [[nodiscard]] ByteView bytes(Tag tag) const;
    /// Two letters; empty where the attribute is absent.
    [[nodiscard]] std::string vr(Tag tag) const;
    [[nodiscard]] std::vector<Tag> tags() const;

    /// The UID that the file meta gave, or that `set_...pixels` chose.
    [[nodiscard]] const std::string& transfer_syntax_uid() const;
    /// Where the element Pixel Data begins in the file that was parsed: the bytes before it are a
    /// DICOM file without pixels. 0 if there is none, if elements that belong before it come behind
    /// it, or if the data set is deflated.
    [[nodiscard]] std::size_t pixel_data_offset() const;
    /// Zeros that stood behind the last element of what was read, kMostPaddingBytes at most; of a
    /// deflated data set before it was deflated. They are no part of it, and written nowhere.
    [[nodiscard]] std::size_t padding_bytes() const;

    // Writing. Replaces what is there. The VR comes from the dictionary: Error(kInternal) for a tag
    // that is not in it, or a value that its VR cannot hold. Text is UTF-8; what is longer than its
    // VR allows is the caller's matter. All are valid until the attribute is set again.

    void set_text(Tag tag, std::string_view text);
    void set_texts(Tag tag, std::span<const std::string> texts);
    /// DS (at most 16 characters), IS, or binary.
    void set_number(Tag tag, double number);
    void set_numbers(Tag tag, std::span<const double> numbers);
    void set_integer(Tag tag, long long integer);
    void set_integers(Tag tag, std::span<const long long> integers);
    /// AT.
    void set_tag(Tag tag, Tag value);
    /// Any VR, private tags too; `value` is little endian and is padded to even length.
    void set_bytes(Tag tag, std::string_view vr, Bytes value);
    /// Present without a value (type 2), sequences too.
    void set_empty(Tag tag);
    /// Appends an item. The reference stays good while more are appended.
    DataSet& add_item(Tag sequence);
    /// Sets the attributes of the Image Pixel module that follow from `layout`, and Pixel Data.
    /// Throws Error(kInternal) where the size does not fit the layout.
    void set_pixels(const PixelLayout& layout, Bytes samples);
    /// As above, compressed: one fragment a frame, with a basic offset table.
    void set_encapsulated_pixels(const PixelLayout& layout, std::vector<Bytes> frames,
                                 std::string_view transfer_syntax_uid);
    void remove(Tag tag);

    /// A DICOM file (PS3.10) whose file meta names this program; SOP Class and Instance UID must be
    /// there, or Error(kInvalidInput). Without an argument: in its own transfer syntax, and
    /// explicit little endian for big endian ones. With one: its own, any uncompressed little
    /// endian syntax, or one of encoders.h (frames are decoded, or Error as of decode_frame); else
    /// Error(kUnsupported). Specific Character Set is set to ISO_IR 192 where a text is not ASCII.
    [[nodiscard]] Bytes to_part10(std::string_view transfer_syntax_uid = {}) const;

    /// For the files of this room.
    explicit DataSet(std::unique_ptr<Node> node);
    [[nodiscard]] const Node& node() const { return *node_; }
    [[nodiscard]] Node& node() { return *node_; }

  private:
    std::unique_ptr<Node> node_;
};

}  // namespace lucerna::dicom
