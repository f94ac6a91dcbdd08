#include "dicom/convertible.h"

#include "dicom/data_set.h"
#include "dicom/part10_head.h"

namespace lucerna::dicom {

bool is_convertible(std::string_view transfer_syntax_uid) {
    const TransferSyntax* const syntax = find_transfer_syntax(transfer_syntax_uid);
    return syntax != nullptr && (!syntax->encapsulated() || is_decodable(transfer_syntax_uid));
}

Bytes converted_data_set(ByteView file, const std::string& syntax) {
    Bytes other = DataSet::parse(file).to_part10(syntax);
    const std::size_t offset = split_part10(other).data_set_offset;
    other.erase(other.begin(), other.begin() + static_cast<std::ptrdiff_t>(offset));
    return other;
}

}  // namespace lucerna::dicom
