#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "dicom/data_set.h"
#include "dicom/part10_head.h"
#include "dicom/reader.h"
#include "dicom/uids.h"
#include "support/small_object.h"

namespace lucerna::test {

/// The beginning of a DICOM file that says it is in `syntax`, else as `file`.
inline Bytes meta_in(ByteView file, std::string_view syntax) {
    dicom::ObjectHead head = dicom::split_part10(file).head;
    head.transfer_syntax_uid = syntax;
    return dicom::part10_head(head, "");
}

/// `file`, in explicit VR little endian and not compressed, in explicit VR big endian (retired,
/// PS3.5-2004 A.3).
inline Bytes in_big_endian(ByteView file) {
    Bytes out = meta_in(file, dicom::transfer_syntax::kExplicitVrBigEndian);
    const auto put = [&](std::size_t number, int bytes) {
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
            out.push_back(static_cast<std::uint8_t>(number >> shift));
    };
    for (std::size_t at = dicom::split_part10(file).data_set_offset; at < file.size();) {
        const auto header = dicom::read_element_header(file, at, file.size(), {}, false);
        put(header.tag.group, 2);
        put(header.tag.element, 2);
        const bool is_item = header.tag.group == dicom::kItem.group;
        const std::string letters = is_item ? "" : header.vr.str();
        out.insert(out.end(), letters.begin(), letters.end());
        const bool is_long = is_item || header.vr.has_long_length();
        if (is_long && !is_item) put(0, 2);
        put(header.length, is_long ? 4 : 2);
        at = header.value;
        if (is_item || header.vr == dicom::vr::kSq) continue;
        const ByteView value = file.subspan(header.value, header.length);
        const std::size_t unit = header.vr.unit();
        for (std::size_t i = 0; i < value.size(); ++i)
            out.push_back(value[i / unit * unit + unit - 1 - i % unit]);
        at += header.length;
    }
    return out;
}

/// `file`, in explicit VR little endian, deflated.
inline Bytes in_deflate(ByteView file) {
    Bytes out = meta_in(file, dicom::transfer_syntax::kDeflatedExplicitVrLittleEndian);
    const Bytes data_set = dicom::deflated(file.subspan(dicom::split_part10(file).data_set_offset));
    out.insert(out.end(), data_set.begin(), data_set.end());
    return out;
}

/// `file`, in explicit VR little endian and not compressed, with Per-Frame Functional Groups of so
/// many frames before its pixels, each of four items.
inline Bytes with_frames(ByteView file, std::size_t frames) {
    const auto item = [](const Bytes& content) {
        std::string bytes("\xFE\xFF\x00\xE0", 4);
        for (int shift = 0; shift < 32; shift += 8)
            bytes.push_back(static_cast<char>(content.size() >> shift));
        bytes.append(content.begin(), content.end());
        return bytes;
    };
    std::string groups;
    for (std::size_t frame = 0; frame < frames; ++frame) {
        Bytes index, place, path, all;
        put_element(index, 0x0020, 0x9157, "UL", std::string(8, static_cast<char>(frame)));
        put_element(place, 0x0040, 0x072A, "DS", std::to_string(frame));
        put_element(place, 0x0040, 0x073A, "DS", std::to_string(frame));
        put_element(place, 0x0040, 0x074A, "DS", "0.0");
        put_element(place, 0x0048, 0x021E, "SL", std::string(4, static_cast<char>(frame)));
        put_element(place, 0x0048, 0x021F, "SL", std::string(4, static_cast<char>(frame)));
        put_element(path, 0x0048, 0x0106, "SH", "1");
        put_element(all, 0x0020, 0x9111, "SQ", item(index));
        put_element(all, 0x0048, 0x021A, "SQ", item(place));
        put_element(all, 0x0048, 0x0207, "SQ", item(path));
        groups += item(all);
    }
    const std::size_t pixels = dicom::DataSet::header_in(file).pixel_data_offset();
    const auto middle = file.begin() + static_cast<std::ptrdiff_t>(pixels);
    Bytes whole(file.begin(), middle);
    put_element(whole, 0x5200, 0x9230, "SQ", groups);
    whole.insert(whole.end(), middle, file.end());
    return whole;
}

/// A DICOM file without patient and study, with Pixel Data of so many fragments.
inline Bytes in_fragments(std::size_t count, std::size_t bytes_each) {
    Bytes file = dicom::part10_head(
        {"1.2.840.10008.5.1.4.1.1.77.1.6", "1.2.3.77", "1.2.840.10008.1.2.4.50"}, "");
    const auto put = [&](std::string_view bytes) {
        file.insert(file.end(), bytes.begin(), bytes.end());
    };
    const auto put_item = [&](std::uint8_t element, std::size_t length) {
        put(std::string("\xFE\xFF", 2));
        file.push_back(element);
        file.push_back(0xE0);
        for (int shift = 0; shift < 32; shift += 8)
            file.push_back(static_cast<std::uint8_t>(length >> shift));
    };
    const auto put_uid = [&](char group, char element, std::string uid) {
        if (uid.size() % 2 != 0) uid.push_back('\0');
        put(std::string{group, 0, element, 0, 'U', 'I', static_cast<char>(uid.size()), 0} + uid);
    };
    put_uid(0x08, 0x16, "1.2.840.10008.5.1.4.1.1.77.1.6");
    put_uid(0x08, 0x18, "1.2.3.77");
    put_uid(0x20, 0x0D, "1.2.3.7");
    put_uid(0x20, 0x0E, "1.2.3.7.1");
    put(std::string("\xE0\x7F\x10\0OB\0\0\xFF\xFF\xFF\xFF", 12));
    put_item(0x00, 0);
    for (std::size_t number = 0; number < count; ++number) {
        put_item(0x00, bytes_each);
        for (std::size_t i = 0; i < bytes_each; ++i)
            file.push_back(static_cast<std::uint8_t>(number * 7 + i));
    }
    put_item(0xDD, 0);
    return file;
}

}  // namespace lucerna::test
