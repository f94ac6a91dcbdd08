#include "retrieve/recoded_object.h"

#include <memory>
#include <utility>

#include "dicom/recoded_file.h"
#include "retrieve/held_bytes.h"
#include "retrieve/object_head.h"

namespace lucerna::retrieve {

std::optional<http::Pieces> recoded_object(store::Archive& archive, const store::InstanceRow& row,
                                           const std::string& syntax) {
    if (!dicom::is_recodable(row.transfer_syntax_uid, syntax)) return std::nullopt;
    const auto file = std::make_shared<const dicom::RecodedFile>(
        head_of_all(archive, row, dicom::Texts::kAsTheyCame).file, syntax);
    std::shared_ptr<const void> room = room_for_part(file->held_bytes());
    if (!room) return std::nullopt;
    std::shared_ptr<store::OpenedObject> object = archive.open(row);
    return http::Pieces{file->size(), [file, room = std::move(room), object = std::move(object)](
                                          std::uint64_t at, std::uint64_t length) {
                            Bytes piece(static_cast<std::size_t>(length));
                            file->read(at, piece, reader_of(*object));
                            return piece;
                        }};
}

}  // namespace lucerna::retrieve
