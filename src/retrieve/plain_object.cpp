#include "retrieve/plain_object.h"

#include <algorithm>
#include <utility>

#include "dicom/file_header.h"
#include "dicom/inflated_file.h"
#include "dicom/uids.h"
#include "retrieve/kept_object.h"
#include "retrieve/object_head.h"

namespace lucerna::retrieve {
namespace {

class InflatedObject final : public store::OpenedObject {
  public:
    InflatedObject(std::unique_ptr<store::OpenedObject> deflated,
                   std::unique_ptr<dicom::InflatedFile> file)
        : deflated_(std::move(deflated)), file_(std::move(file)) {}

    [[nodiscard]] std::uint64_t size() const override { return file_->size(); }
    [[nodiscard]] Bytes read(std::uint64_t offset, std::uint64_t length) override {
        const std::uint64_t left = size() - std::min(size(), offset);
        Bytes bytes(static_cast<std::size_t>(std::min(length, left)));
        file_->read(offset, bytes);
        return bytes;
    }
    void read(std::uint64_t offset, std::span<std::uint8_t> into) override {
        file_->read(offset, into);
    }

  private:
    // It is read by what follows.
    const std::unique_ptr<store::OpenedObject> deflated_;
    const std::unique_ptr<dicom::InflatedFile> file_;
};

}  // namespace

bool is_inflatable(const store::InstanceRow& row) {
    const dicom::TransferSyntax* const syntax =
        dicom::find_transfer_syntax(row.transfer_syntax_uid);
    return syntax != nullptr && syntax->deflated;
}

PlainObject plain_object(store::Archive& archive, const store::InstanceRow& row) {
    PlainObject plain{row, archive.open(row)};
    if (!is_inflatable(row)) return plain;
    auto file = dicom::InflatedFile::of(reader_of(*plain.object), plain.object->size());
    if (!file) return plain;
    plain.row.transfer_syntax_uid = dicom::transfer_syntax::kExplicitVrLittleEndian;
    plain.row.size = file->size();
    plain.row.head_bytes = 0;
    plain.may_be_padded = file->ends_in_zero();
    plain.object = std::make_unique<InflatedObject>(std::move(plain.object), std::move(file));
    plain.is_inflated = true;
    return plain;
}

PlainObject plain_object_with_pixels(store::Archive& archive, const store::InstanceRow& row) {
    PlainObject plain = plain_object(archive, row);
    if (!plain.is_inflated) return plain;
    constexpr std::uint64_t kElementHead = 12;
    const MemoryBudget::Share room = room_for_bytes(plain.row.size, read_heads());
    const auto header = dicom::FileHeader::of(reader_of(*plain.object), plain.row.size,
                                              dicom::ValueScan::Items::kPassed);
    const auto pixels = header.native_pixels();
    // Where not all that belongs before them is there, the header does not end with them.
    if (pixels && header.data_set().pixel_data_offset() != 0)
        plain.row.head_bytes = pixels->begin - kElementHead;
    return plain;
}

}  // namespace lucerna::retrieve
