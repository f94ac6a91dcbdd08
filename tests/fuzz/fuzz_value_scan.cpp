// A DICOM file of a stranger, in pieces: what may be forgotten of it while it comes must make no
// difference to what is read of its header. The first byte says how it is cut.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/error.h"
#include "dicom/arriving_header.h"
#include "dicom/coming_header.h"
#include "dicom/data_set.h"
#include "dicom/json.h"
#include "seeds.h"
#include "support/other_encodings.h"
#include "support/stored_instance.h"

namespace {

namespace dicom = lucerna::dicom;
using lucerna::Bytes;
using lucerna::ByteView;

std::string text_of(const dicom::DataSet& header) {
    return to_dicom_json(header, {.bulk_data_uri = "b", .inline_limit = 0}) +
           std::to_string(header.pixel_data_offset()) + " " +
           std::to_string(header.padding_bytes());
}

/// Empty for what is refused.
std::string header_of(ByteView file) {
    try {
        return text_of(dicom::header_of_arriving(file));
    } catch (const lucerna::Error&) {
        return {};
    }
}

void forget(Bytes& file, const dicom::ByteRange& range) {
    const auto at = [&](std::size_t offset) {
        return file.begin() + static_cast<std::ptrdiff_t>(std::min(offset, file.size()));
    };
    std::fill(at(range.begin), at(range.end), std::uint8_t{0xA5});
}

/// The same, with what need not be held overwritten; nothing where it has to be whole to be read.
std::optional<std::string> header_while_coming(const Bytes& file, std::size_t large,
                                               std::size_t piece) {
    dicom::ByteBudget memory(dicom::ByteBudget::kNoLimit);
    Bytes kept = file;
    try {
        const auto header = dicom::ComingHeader::begin(file, memory, large);
        if (!header) return std::nullopt;
        for (std::size_t size = 0; size < file.size();) {
            size = std::min(size + piece, file.size());
            header->follow(ByteView(kept).first(size));
            for (const dicom::ByteRange& range : header->take_needless()) forget(kept, range);
        }
        if (header->is_identified()) (void)header->beginning(kept);
        return text_of(header->header(kept));
    } catch (const lucerna::Error&) {
        return std::string();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const Bytes file(data + 1, data + size);
    const auto header = header_while_coming(file, 2, std::size_t{1} + data[0]);
    if (header && *header != header_of(file)) std::abort();
    return 0;
}

std::vector<Bytes> lucerna::fuzz::seeds() {
    std::vector<Bytes> seeds;
    const auto add = [&](const Bytes& file) {
        seeds.push_back({40});
        seeds.back().insert(seeds.back().end(), file.begin(), file.end());
    };
    test::StoredInstance instance;
    add(instance.file());
    Bytes unsaid = instance.file();
    const std::size_t vr = unsaid.size() - instance.pixels - 8;
    unsaid[vr] = 'U';
    unsaid[vr + 1] = 'N';
    add(unsaid);
    add(test::in_big_endian(instance.file()));
    add(test::in_deflate(instance.file()));
    add(test::in_fragments(50, 6));
    for (const Bytes& whole :
         {instance.file(), test::in_big_endian(instance.file()), test::in_fragments(3, 6)}) {
        Bytes padded = whole;
        padded.resize(whole.size() + 33);
        add(padded);
    }
    dicom::DataSet nested;
    nested.set_text(dicom::tags::kSopClassUid, test::kMammogramClass);
    nested.set_text(dicom::tags::kSopInstanceUid, "1.2.3");
    dicom::DataSet& item = nested.add_item({0x0088, 0x0200});
    item.set_bytes({0x7FE0, 0x0010}, "OB", Bytes(20, 1));
    item.add_item({0x0008, 0x1140}).set_text({0x0008, 0x1155}, "1.2");
    nested.set_bytes({0x0009, 0x0010}, "LO", {'M', 'E'});
    nested.set_bytes({0x0009, 0x1001}, "UN", Bytes(30, 2));
    nested.set_bytes({0x0029, 0x1001}, "UN", Bytes(30, 2));
    for (const auto syntax : {dicom::transfer_syntax::kExplicitVrLittleEndian,
                              dicom::transfer_syntax::kImplicitVrLittleEndian})
        add(nested.to_part10(syntax));
    add(test::in_big_endian(nested.to_part10()));
    dicom::PixelLayout layout;
    layout.rows = layout.columns = 4;
    layout.bits_allocated = layout.bits_stored = 8;
    layout.frames = 2;
    nested.set_encapsulated_pixels(layout, {Bytes(20, 7), Bytes(10, 8)}, "1.2.840.10008.1.2.4.50");
    nested.set_bytes({0x7FE1, 0x1001}, "OB", Bytes(12, 2));
    add(nested.to_part10());
    for (int frame = 0; frame < 4; ++frame) {
        dicom::DataSet& groups = nested.add_item(dicom::tags::kPerFrameFunctionalGroupsSequence);
        groups.add_item({0x0020, 0x9111})
            .set_text({0x0008, 0x1155}, "1.2." + std::to_string(frame));
        if (frame == 3) groups.set_bytes({0x0029, 0x1001}, "OB", Bytes(20, 3));
    }
    add(nested.to_part10());
    const Bytes frames = test::with_frames(instance.file(), 3);
    add(frames);
    add(test::in_deflate(frames));
    add(test::in_big_endian(frames));
    add(dicom::DataSet::parse(frames).to_part10(dicom::transfer_syntax::kImplicitVrLittleEndian));
    return seeds;
}
