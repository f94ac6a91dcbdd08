#include "store/sealed_log.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <fstream>

#include "base/encoding.h"
#include "base/error.h"
#include "store/page_cipher.h"

namespace lucerna::store {
namespace {

// https://sqlite.org/fileformat2.html#the_write_ahead_log
constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kFrameHeaderBytes = 24;
constexpr std::uint32_t kMagic = 0x377f0682;

std::uint32_t big_endian(ByteView bytes, std::size_t at) {
    return static_cast<std::uint32_t>(bytes[at]) << 24 |
           static_cast<std::uint32_t>(bytes[at + 1]) << 16 |
           static_cast<std::uint32_t>(bytes[at + 2]) << 8 | bytes[at + 3];
}

/// SQLite's checksum: two sums over pairs of words, which run through the whole log.
struct Checksum {
    /// The last bit of the log's magic.
    bool big_endian_words = false;
    std::uint32_t first = 0;
    std::uint32_t second = 0;

    void add(ByteView bytes) {
        for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
            first += word(bytes, at) + second;
            second += word(bytes, at + 4) + first;
        }
    }
    /// As it stands in a header.
    [[nodiscard]] bool fits(ByteView bytes, std::size_t at) const {
        return big_endian(bytes, at) == first && big_endian(bytes, at + 4) == second;
    }

  private:
    [[nodiscard]] std::uint32_t word(ByteView bytes, std::size_t at) const {
        const std::uint32_t value = big_endian(bytes, at);
        return big_endian_words ? value
                                : (value >> 24) | (value >> 8 & 0xff00) | (value << 8 & 0xff0000) |
                                      (value << 24);
    }
};

struct Frame {
    std::array<std::uint8_t, kFrameHeaderBytes> header;
    /// Opened.
    std::array<std::uint8_t, kPageBytes> page;
    /// It is of this log, not left over from an earlier one.
    bool of_this_log = false;
    bool opens = false;

    [[nodiscard]] bool commits() const { return of_this_log && big_endian(header, 4) != 0; }
    [[nodiscard]] std::uint32_t page_number() const { return big_endian(header, 0); }
};

class LogReader {
  public:
    LogReader(const std::filesystem::path& path, const vault::SecretKey& key)
        : path_(path), input_(path, std::ios::binary), cipher_(key) {}

    /// False where it ends.
    bool read(std::span<std::uint8_t> into) {
        input_.read(reinterpret_cast<char*>(into.data()),
                    static_cast<std::streamsize>(into.size()));
        if (input_.bad()) throw Error(ErrorCode::kIo, "cannot read " + path_.string());
        return static_cast<std::size_t>(input_.gcount()) == into.size();
    }
    bool next(Frame& frame, ByteView log_header) {
        std::array<std::uint8_t, kPageBytes> sealed;
        if (!read(frame.header) || !read(sealed)) return false;
        at_ += kFrameHeaderBytes;
        frame.of_this_log = std::equal(frame.header.begin() + 8, frame.header.begin() + 16,
                                       log_header.begin() + 16);
        frame.opens = cipher_.open({PagePlace::In::kLog, at_}, sealed, frame.page);
        at_ += kPageBytes;
        return true;
    }

  private:
    std::filesystem::path path_;
    std::ifstream input_;
    PageCipher cipher_;
    std::uint64_t at_ = kHeaderBytes;
};

/// Nothing where `header` is not that of a log.
std::optional<Checksum> checksum_after(ByteView header) {
    Checksum sum{(big_endian(header, 0) & 1) != 0};
    sum.add(header.first(24));
    if ((big_endian(header, 0) & ~1U) != kMagic || !sum.fits(header, 24)) return {};
    return sum;
}

/// Whether SQLite would take the frame, as the one that follows those summed up so far.
bool goes_on(Checksum& sum, const Frame& frame) {
    sum.add(ByteView(frame.header).first(8));
    sum.add(frame.page);
    return frame.of_this_log && frame.opens && sum.fits(frame.header, 16);
}

}  // namespace

std::string damage_of_log(const std::filesystem::path& log, const vault::SecretKey& key) {
    std::error_code ignored;
    if (!std::filesystem::exists(log, ignored)) return {};
    const std::string name = log.filename().string();
    LogReader reader(log, key);
    std::array<std::uint8_t, kHeaderBytes> header;
    if (!reader.read(header)) return {};
    std::optional<Checksum> sum = checksum_after(header);
    Frame frame;
    if (!sum) {
        // A log that a power cut broke off at its very beginning holds nothing yet.
        while (reader.next(frame, header))
            if (frame.opens) return "the header of " + name + " is not what was stored";
        return {};
    }

    std::size_t number = 0;
    std::size_t first_bad = 0;
    bool committed_behind = false;
    while (reader.next(frame, header)) {
        ++number;
        if (first_bad == 0) {
            if (goes_on(*sum, frame)) continue;
            first_bad = number;
        } else if (committed_behind && frame.of_this_log && frame.opens) {
            return "frame " + std::to_string(first_bad) + " of " + name +
                   " is not what was stored, and others follow it";
        }
        committed_behind = committed_behind || frame.commits();
    }
    return {};
}

std::optional<Bytes> newest_first_page(const std::filesystem::path& log,
                                       const vault::SecretKey& key) {
    LogReader reader(log, key);
    std::array<std::uint8_t, kHeaderBytes> header;
    if (!reader.read(header)) return {};
    std::optional<Checksum> sum = checksum_after(header);
    std::optional<Bytes> written;
    std::optional<Bytes> committed;
    Frame frame;
    while (sum && reader.next(frame, header) && goes_on(*sum, frame)) {
        if (frame.page_number() == 1) written.emplace(frame.page.begin(), frame.page.end());
        if (frame.commits()) committed = written;
    }
    return committed;
}

}  // namespace lucerna::store
