#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/buffer.h"
#include "base/encoding.h"
#include "base/error.h"

namespace lucerna::dicom {

/// Reading a file failed when its beginning had gone out. There is no way to take that back but
/// A-ABORT, so that the association is lost (kUnavailable), though nothing is wrong with the peer.
class BrokenOff : public Error {
  public:
    BrokenOff(ErrorCode reading, const std::string& why)
        : Error(ErrorCode::kUnavailable, why), reading_(reading) {}
    /// What reading it failed with.
    [[nodiscard]] ErrorCode reading() const { return reading_; }

  private:
    ErrorCode reading_;
};

/// A DICOM file on its way out: in memory, or read while it is sent, so that a large one takes no
/// memory. Borrows what it is made of.
struct FileToSend {
    /// Bytes [at, at + into.size()) of it. What this throws ends the association: BrokenOff.
    using Read = std::function<void(std::uint64_t at, std::span<std::uint8_t> into)>;

    FileToSend(ByteView whole) : begin(whole), size(whole.size()) {}
    FileToSend(const Bytes& whole) : FileToSend(ByteView(whole)) {}
    /// `beginning` must hold all of its File Meta Information.
    FileToSend(ByteView beginning, std::uint64_t whole_size, Read read_part)
        : begin(beginning), size(whole_size), read(std::move(read_part)) {}

    /// All of it, into `memory` if it must.
    [[nodiscard]] ByteView whole(Buffer& memory) const {
        if (!read) return begin;
        memory.resize(static_cast<std::size_t>(size));
        read(0, memory.span());
        return memory.view();
    }

    ByteView begin;
    std::uint64_t size = 0;
    Read read;
    /// The same in another transfer syntax, where that is better not made as a whole; nothing, or
    /// none: it is. What is returned may be read as long as it is there.
    struct Other {
        std::uint64_t size = 0;
        Read read;
    };
    std::function<std::optional<Other>(const std::string& transfer_syntax_uid)> in_syntax = {};
};

}  // namespace lucerna::dicom
