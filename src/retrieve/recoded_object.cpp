#include "retrieve/recoded_object.h"

#include <memory>
#include <utility>

#include "base/error.h"
#include "dicom/recoded_file.h"
#include "retrieve/held_bytes.h"
#include "retrieve/object_head.h"
#include "retrieve/object_parts.h"
#include "retrieve/objects.h"
#include "retrieve/plain_object.h"

namespace lucerna::retrieve {

std::optional<http::Pieces> recoded_object(store::Archive& archive, const store::InstanceRow& row,
                                           const std::string& syntax) {
    if (!is_inflatable(row) && !dicom::is_recodable(row.transfer_syntax_uid, syntax))
        return std::nullopt;
    PlainObject plain = plain_object(archive, row);
    if (!dicom::is_recodable(plain.row.transfer_syntax_uid, syntax)) return std::nullopt;
    std::shared_ptr<store::OpenedObject> object = std::move(plain.object);
    if (plain.row.transfer_syntax_uid == syntax) {
        const std::uint64_t padding =
            plain.may_be_padded ? head_of_all(archive, row).data_set().padding_bytes() : 0;
        return pieces_of(std::move(object), 0, plain.row.size - padding);
    }
    const auto file = std::make_shared<const dicom::RecodedFile>(
        head_of_all(archive, row, dicom::Texts::kAsTheyCame).file, syntax);
    std::shared_ptr<const void> room = room_for_part(file->held_bytes());
    if (!room && row.size > kMostAtOnce)
        throw Error(ErrorCode::kUnavailable,
                    "what is held of it has to wait: others hold what may be sent at once");
    if (!room) return std::nullopt;
    return http::Pieces{file->size(), [file, room = std::move(room), object = std::move(object)](
                                          std::uint64_t at, std::uint64_t length) {
                            Bytes piece(static_cast<std::size_t>(length));
                            file->read(at, piece, reader_of(*object));
                            return piece;
                        }};
}

}  // namespace lucerna::retrieve
