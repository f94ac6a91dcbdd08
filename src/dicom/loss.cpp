#include "dicom/loss.h"

#include <cmath>
#include <cstddef>
#include <string_view>

#include "dicom/codestream_kind.h"
#include "dicom/node.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

/// Defined Terms of Lossy Image Compression Method (PS3.3 C.7.6.1.1.5.1).
std::string_view method_of(const CodestreamKind& kind) {
    if (kind.codec == Codec::kJpegLs) return "ISO_14495_1";
    if (kind.transfer_syntax_uid == transfer_syntax::kHtj2k) return "ISO_15444_15";
    return kind.codec == Codec::kJpeg2000 ? "ISO_15444_1" : "ISO_10918_1";
}

/// Of the bytes that the header gives the pixels to those that they take, to two decimals; 0 where
/// it gives none.
double ratio_of(const DataSet& header, const Fragments& fragments) {
    double plain = 1.0 / 8;
    for (const Tag tag : {tags::kRows, tags::kColumns, tags::kBitsAllocated})
        plain *= static_cast<double>(header.integer(tag).value_or(0));
    for (const Tag tag : {tags::kSamplesPerPixel, tags::kNumberOfFrames})
        plain *= static_cast<double>(header.integer(tag).value_or(1));
    double compressed = 0;
    for (const ByteView piece : fragments.pieces) compressed += static_cast<double>(piece.size());
    return std::round(100 * plain / compressed) / 100;
}

}  // namespace

void keep_loss(DataSet& data_set) {
    const Element* const pixels = data_set.node().find(tags::kPixelData);
    const Fragments* const fragments = pixels == nullptr ? nullptr : pixels->fragments();
    if (fragments == nullptr || fragments->pieces.empty()) return;
    if (data_set.text_or(tags::kLossyImageCompression, "") == "01") return;
    const auto kind = kind_by_markers(fragments->pieces.front());
    if (!kind || find_transfer_syntax(kind->transfer_syntax_uid)->lossless) return;
    const double ratio = ratio_of(data_set, *fragments);
    data_set.set_text(tags::kLossyImageCompression, "01");
    if (!data_set.has_value(tags::kLossyImageCompressionRatio) && ratio > 0)
        data_set.set_number(tags::kLossyImageCompressionRatio, ratio);
    if (!data_set.has_value(tags::kLossyImageCompressionMethod))
        data_set.set_text(tags::kLossyImageCompressionMethod, method_of(*kind));
}

}  // namespace lucerna::dicom
