#include "dicom/inflated_file.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"
#include "dicom/coding.h"
#include "dicom/finished.h"
#include "dicom/inflate.h"
#include "dicom/part10_head.h"
#include "dicom/reader.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

/// Hundreds may be under way.
constexpr std::size_t kPiece = std::size_t{16} << 10;

}  // namespace

std::unique_ptr<InflatedFile> InflatedFile::of(Read read, std::uint64_t size) {
    refuse_larger(static_cast<std::size_t>(size), {});
    Bytes beginning;
    do {
        const std::size_t had = beginning.size();
        beginning.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size, had + kPiece)));
        read(had, std::span(beginning).subspan(had));
    } while (beginning.size() < size && file_meta_goes_on(beginning));
    const FileMeta meta = read_file_meta(beginning);
    const auto coding =
        coding_of(meta.transfer_syntax_uid, ByteView(beginning).subspan(meta.data_set_offset));
    if (!coding || !coding->deflated) return nullptr;
    ObjectHead head = split_part10(beginning).head;
    head.transfer_syntax_uid = transfer_syntax::kExplicitVrLittleEndian;
    std::unique_ptr<InflatedFile> file(
        new InflatedFile(std::move(read), size, meta.data_set_offset, part10_head(head, "")));
    file->count();
    return file;
}

InflatedFile::InflatedFile(Read read, std::uint64_t size, std::uint64_t data_set_offset, Bytes head)
    : read_(std::move(read)),
      deflated_size_(size),
      data_set_offset_(data_set_offset),
      head_(std::move(head)) {}

InflatedFile::~InflatedFile() = default;

void InflatedFile::rewind() {
    inflater_ = std::make_unique<Inflater>();
    at_ = data_set_offset_;
}

ByteView InflatedFile::next_piece() {
    piece_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, deflated_size_ - at_)));
    if (!piece_.empty()) read_(at_, piece_);
    at_ += piece_.size();
    return piece_;
}

void InflatedFile::count() {
    const std::size_t most =
        most_inflated(static_cast<std::size_t>(deflated_size_ - data_set_offset_), {});
    rewind();
    Bytes scratch(kPiece);
    while (!inflater_->ended()) {
        const std::size_t count = inflater_->fill(scratch, [this] { return next_piece(); });
        if (count > 0) ends_in_zero_ = scratch[count - 1] == 0;
        if (inflater_->position() > most)
            throw Error(ErrorCode::kInvalidInput, "a deflated data set inflates to more than " +
                                                      std::to_string(most) + " bytes");
    }
    inflated_bytes_ = inflater_->position();
    inflater_.reset();
    Bytes().swap(piece_);
}

void InflatedFile::read(std::uint64_t at, std::span<std::uint8_t> into) {
    if (at < head_.size()) {
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), head_.size() - at));
        std::copy_n(head_.begin() + static_cast<std::ptrdiff_t>(at), count, into.begin());
        into = into.subspan(count);
        at += count;
    }
    if (into.empty()) return;
    const auto begin = static_cast<std::size_t>(at - head_.size());
    if (!inflater_ || inflater_->position() > begin) rewind();
    const auto next = [this] { return next_piece(); };
    Bytes scratch(std::min(kPiece, begin - inflater_->position()));
    while (inflater_->position() < begin)
        if (inflater_->fill(
                std::span(scratch).first(std::min(kPiece, begin - inflater_->position())), next) ==
            0)
            inflater_->refuse_damaged();
    if (inflater_->fill(into, next) != into.size()) inflater_->refuse_damaged();
}

}  // namespace lucerna::dicom
