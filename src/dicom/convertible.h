#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "dicom/encoders.h"
#include "dicom/file_to_send.h"
#include "dicom/uids.h"

namespace lucerna::dicom {

/// The transfer syntaxes that an object can be turned into where a peer does not take its own;
/// where it takes none of these either, an image can be compressed without loss (encoders.h).
constexpr std::array kLittleEndian = {transfer_syntax::kExplicitVrLittleEndian,
                                      transfer_syntax::kImplicitVrLittleEndian};

/// An object in this syntax can be written in those: it is uncompressed, or its frames can be
/// decoded.
[[nodiscard]] bool is_convertible(std::string_view transfer_syntax_uid);

/// Of what a peer takes for an object's SOP class, the syntax to send it in: its own, else one of
/// those above, else one of `encoders()`. Empty where none fits. `takes(syntax)` tells.
template <typename Takes>
[[nodiscard]] std::string syntax_to_send(const std::string& own, Takes&& takes) {
    if (takes(own)) return own;
    if (!is_convertible(own)) return {};
    for (const std::string_view syntax : kLittleEndian)
        if (takes(std::string(syntax))) return std::string(syntax);
    for (const Encoder& encoder : encoders())
        if (takes(std::string(encoder.transfer_syntax_uid)))
            return std::string(encoder.transfer_syntax_uid);
    return {};
}

/// A file to send, in another syntax. What several of them take together while they are made is
/// bounded: one that finds no room waits. Throws as DataSet::parse and to_part10, and
/// Error(kUnavailable) where it waited in vain.
class ConvertedToSend {
  public:
    ConvertedToSend(const FileToSend& file, const std::string& syntax);

    /// Borrows this.
    [[nodiscard]] FileToSend file() const;
    [[nodiscard]] std::uint64_t data_set_offset() const { return data_set_offset_; }

  private:
    std::optional<FileToSend::Other> made_when_read_;
    /// All of it, or its beginning.
    Buffer bytes_;
    std::size_t data_set_offset_ = 0;
};

}  // namespace lucerna::dicom
