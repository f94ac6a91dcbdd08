#include "dicom/convertible.h"

#include <algorithm>

#include "dicom/data_set.h"
#include "dicom/decoding_memory.h"
#include "dicom/finished.h"
#include "dicom/part10_head.h"

namespace lucerna::dicom {
namespace {

/// A copy of the file, its frames, what is made of them, and that once more in its place.
std::size_t most_taken_by(ByteView file) {
    const DataSet header = DataSet::header_in(file);
    double bits = 3;
    for (const Tag tag : {tags::kRows, tags::kColumns, tags::kSamplesPerPixel, tags::kBitsAllocated,
                          tags::kNumberOfFrames})
        bits *= static_cast<double>(std::max(header.integer(tag).value_or(1), 1LL));
    return file.size() + static_cast<std::size_t>(std::min(bits / 8, 1e15));
}

}  // namespace

bool is_convertible(std::string_view transfer_syntax_uid) {
    const TransferSyntax* const syntax = find_transfer_syntax(transfer_syntax_uid);
    return syntax != nullptr && (!syntax->encapsulated() || is_decodable(transfer_syntax_uid));
}

ConvertedToSend::ConvertedToSend(const FileToSend& file, const std::string& syntax) {
    if (file.in_syntax) made_when_read_ = file.in_syntax(syntax);
    if (made_when_read_) {
        data_set_offset_ =
            split_part10(made_when_read_->size, made_when_read_->read, bytes_).data_set_offset;
    } else {
        const std::size_t limit = converting_memory().limit();
        // What is not in memory yet is large.
        // Given back before it is sent: others could not have what a slow peer holds.
        const auto share =
            converting_memory().take(file.read ? limit : std::min(most_taken_by(file.begin), limit),
                                     "an object that is converted");
        Buffer memory;
        const ByteView whole = file.whole(memory);
        bytes_ = parse_as_it_came(Bytes(whole.begin(), whole.end())).to_part10(syntax);
        data_set_offset_ = split_part10(bytes_.view()).data_set_offset;
    }
}

FileToSend ConvertedToSend::file() const {
    if (!made_when_read_) return bytes_.view();
    return {bytes_.view(), made_when_read_->size, made_when_read_->read};
}

}  // namespace lucerna::dicom
