#pragma once

#include <cstddef>

namespace lucerna::dicom {

/// What becomes of bytes is no more than so many times as much, where it is much at all. Pictures
/// and texts that people make come nowhere near it; bombs live beyond it.
inline constexpr std::size_t kMostExpansion = 300;

/// Of one attribute, where each becomes something of its own: the largest tables have 65,536.
inline constexpr std::size_t kMostListedValues = 100'000;

/// Zeros behind the last element of a data set that are taken for what fills a medium's last block;
/// of more, as of anything else that is no element, the data set is refused.
inline constexpr std::size_t kMostPaddingBytes = std::size_t{64} << 10;

/// How much a data set may ask of this program. Whatever passes one of these is refused with
/// Error(kInvalidInput), or kUnsupported for frames that expand too much, that names the limit,
/// before memory is given to it.
struct Limits {
    /// Of a file.
    std::size_t max_bytes = std::size_t{4} << 30;
    /// Of what a deflated data set inflates to; at most kMostExpansion times its size, too, beyond
    /// 64 MiB.
    std::size_t max_inflated_bytes = std::size_t{1} << 30;
    /// Sequences within sequences.
    std::size_t max_depth = 64;
    /// Of a data set, those within sequences too. An item counts as one.
    std::size_t max_elements = 2'000'000;
    /// Of memory for elements, items and fragments, without their values.
    std::size_t max_parsed_bytes = std::size_t{40} << 20;
    /// Of metadata: of the URIs of values that come apart, with kOfUri for each.
    std::size_t max_uri_bytes = std::size_t{4} << 20;
    static constexpr std::size_t kOfUri = 64;
    /// Of one decoded frame; at most kMostExpansion times its codestream, too, beyond 100 MiB.
    std::size_t max_frame_bytes = std::size_t{1} << 30;
    /// Frames, and fragments of encapsulated pixel data.
    std::size_t max_frames = 1'000'000;
};

}  // namespace lucerna::dicom
