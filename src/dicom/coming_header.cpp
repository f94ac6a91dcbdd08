#include "dicom/coming_header.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"
#include "dicom/finished.h"
#include "dicom/node.h"

namespace lucerna::dicom {
namespace {

/// Of a deflated data set, for whoever looks up its UIDs in it (head_of_data_set).
constexpr std::size_t kKeptOfDeflated = std::size_t{64} << 10;

}  // namespace

std::unique_ptr<ComingHeader> ComingHeader::begin(ByteView file, ByteBudget& memory,
                                                  std::size_t large) {
    try {
        FileMeta meta = read_file_meta(file);
        // Where more of the file meta may follow nobody knows.
        if (file.size() - meta.data_set_offset < kLongestHeader) return nullptr;
        const auto coding = coding_of(meta.transfer_syntax_uid, file.subspan(meta.data_set_offset));
        if (!coding) return nullptr;
        return std::unique_ptr<ComingHeader>(
            new ComingHeader(std::move(meta), *coding, memory, large));
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kInvalidInput) throw;
        return nullptr;
    }
}

ComingHeader::ComingHeader(FileMeta meta, const Coding& coding, ByteBudget& memory,
                           std::size_t large)
    : meta_(std::move(meta)),
      encoding_(coding.elements),
      scan_(meta_.data_set_offset, encoding_, large, ValueScan::Items::kPassed),
      needless_end_(meta_.data_set_offset + kKeptOfDeflated),
      named_end_(needless_end_) {
    if (coding.deflated)
        inflation_ =
            std::make_unique<HeadInflation>(limits_, Forgotten::kAllButOutline, &memory, large);
}

void ComingHeader::follow(ByteView file) {
    if (!inflation_) {
        scan_.follow(file);
        return;
    }
    const ByteView deflated = file.subspan(std::min(meta_.data_set_offset, file.size()));
    // How much it may be for what is deflated is known at the end.
    inflation_->follow(deflated, limits_.max_inflated_bytes);
    const std::size_t used = inflation_->ended() ? deflated.size() : inflation_->consumed();
    needless_end_ = std::max(needless_end_, meta_.data_set_offset + used);
}

std::vector<ByteRange> ComingHeader::take_needless() {
    if (!inflation_) return scan_.take_large();
    if (named_end_ == needless_end_) return {};
    return {{std::exchange(named_end_, needless_end_), needless_end_}};
}

std::optional<ByteRange> ComingHeader::native_pixels() const {
    return inflation_ ? std::nullopt : scan_.native_pixels();
}

DataSet ComingHeader::beginning(ByteView file) const {
    const ByteView bytes = inflation_ ? inflation_->bytes() : file;
    auto node = read_data_set(bytes.first(*scan().identified()),
                              inflation_ ? 0 : meta_.data_set_offset, encoding_, limits_);
    return finished(std::move(node), nullptr, meta_.transfer_syntax_uid);
}

DataSet ComingHeader::header(ByteView file) const {
    refuse_larger(file.size(), limits_);
    if (inflation_) {
        InflatedHead head = inflation_->head(file.size() - meta_.data_set_offset);
        head.node->pixel_data_offset = 0;
        head.node->pixels_skipped = true;
        return finished(std::move(head.node), std::move(head.backing), meta_.transfer_syntax_uid);
    }
    auto node = read_data_set(file, meta_.data_set_offset, encoding_, limits_, Extent::kOutline,
                              scan_.passed());
    node->pixels_skipped = true;
    return finished(std::move(node), nullptr, meta_.transfer_syntax_uid);
}

void ComingHeader::refuse_lost(ByteView file) const {
    // Where more is to come of what lies around it, that it ends early is no reason.
    if (!scan().is_within_more_than(file.size())) (void)header(file);
    throw Error(
        ErrorCode::kInvalidInput,
        "not a readable DICOM data set: what has come of it makes no sense, before offset " +
            std::to_string(file.size()));
}

}  // namespace lucerna::dicom
