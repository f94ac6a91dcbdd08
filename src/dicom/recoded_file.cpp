#include "dicom/recoded_file.h"

#include <algorithm>
#include <utility>

#include "dicom/uids.h"

namespace lucerna::dicom {

bool is_recodable(std::string_view from, std::string_view to) {
    const auto is_plain = [](std::string_view uid) {
        const TransferSyntax* const syntax = find_transfer_syntax(uid);
        return syntax != nullptr && !syntax->encapsulated() && !syntax->deflated &&
               syntax->little_endian;
    };
    return is_plain(from) && is_plain(to);
}

RecodedFile::RecodedFile(const FileHeader& header, std::string_view transfer_syntax_uid) {
    WrittenAround written = written_around(header, transfer_syntax_uid);
    held_ = std::move(written.held);
    elsewhere_ = std::move(written.elsewhere);
    size_ = held_.size();
    std::uint64_t before = 0;
    for (const Elsewhere& one : elsewhere_) {
        begins_.push_back(one.at + before);
        before += one.place.end - one.place.begin;
    }
    size_ += before;
}

void RecodedFile::read(std::uint64_t at, std::span<std::uint8_t> into,
                       const FileHeader::Read& read) const {
    // The first that begins behind `at`; the one before it may reach there.
    auto next = static_cast<std::size_t>(std::upper_bound(begins_.begin(), begins_.end(), at) -
                                         begins_.begin());
    while (!into.empty()) {
        const std::uint64_t next_begin = next < begins_.size() ? begins_[next] : size_;
        std::size_t held_at = static_cast<std::size_t>(at);
        if (next > 0) {
            const Elsewhere& one = elsewhere_[next - 1];
            const std::uint64_t length = one.place.end - one.place.begin;
            const std::uint64_t end = begins_[next - 1] + length;
            if (at < end) {
                const auto count =
                    static_cast<std::size_t>(std::min<std::uint64_t>(end - at, into.size()));
                read(one.place.begin + (at - begins_[next - 1]), into.first(count));
                at += count;
                into = into.subspan(count);
                continue;
            }
            held_at = one.at + static_cast<std::size_t>(at - end);
        }
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(next_begin - at, into.size()));
        std::copy_n(held_.begin() + static_cast<std::ptrdiff_t>(held_at), count, into.begin());
        at += count;
        into = into.subspan(count);
        if (at == next_begin) ++next;
    }
}

}  // namespace lucerna::dicom
