#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "dicom/part10_head.h"

namespace lucerna::test {

constexpr const char* kMammogramClass = "1.2.840.10008.5.1.4.1.1.1.2";
constexpr const char* kExplicitLittle = "1.2.840.10008.1.2.1";
constexpr const char* kImplicitLittle = "1.2.840.10008.1.2";

/// One element in explicit VR little endian with a short or long length field, padded.
inline void put_element(Bytes& out, std::uint16_t group, std::uint16_t element, std::string_view vr,
                        std::string_view value) {
    const auto put16 = [&out](std::size_t number) {
        out.push_back(static_cast<std::uint8_t>(number & 0xFF));
        out.push_back(static_cast<std::uint8_t>((number >> 8) & 0xFF));
    };
    const std::size_t length = value.size() + value.size() % 2;
    put16(group);
    put16(element);
    out.insert(out.end(), vr.begin(), vr.end());
    if (vr == "OB" || vr == "OW" || vr == "UN" || vr == "SQ" || vr == "UT") {
        put16(0);
        put16(length & 0xFFFF);
        put16(length >> 16);
    } else {
        put16(length);
    }
    out.insert(out.end(), value.begin(), value.end());
    if (length != value.size()) out.push_back(vr == "UI" ? 0 : ' ');
}

/// A data set with its two UIDs, a study and `pixels` bytes of Pixel Data, explicit little endian.
inline Bytes small_data_set(const std::string& sop_class, const std::string& sop_instance,
                            std::size_t pixels = 64, const std::string& study = "1.2.3.4") {
    Bytes out;
    put_element(out, 0x0008, 0x0016, "UI", sop_class);
    put_element(out, 0x0008, 0x0018, "UI", sop_instance);
    put_element(out, 0x0010, 0x0020, "LO", "P1");
    put_element(out, 0x0020, 0x000D, "UI", study);
    put_element(out, 0x0020, 0x000E, "UI", study + ".1");
    std::string samples(pixels, '\0');
    for (std::size_t i = 0; i < pixels; ++i) samples[i] = static_cast<char>(i * 31 + i / 251);
    put_element(out, 0x7FE0, 0x0010, "OW", samples);
    return out;
}

/// The same as a DICOM file that says it is in `transfer_syntax`, whatever that is.
inline Bytes small_object(const std::string& sop_instance, std::size_t pixels = 64,
                          const std::string& transfer_syntax = kExplicitLittle,
                          const std::string& sop_class = kMammogramClass,
                          const std::string& study = "1.2.3.4") {
    Bytes file = dicom::part10_head({sop_class, sop_instance, transfer_syntax}, "");
    const Bytes data_set = small_data_set(sop_class, sop_instance, pixels, study);
    file.insert(file.end(), data_set.begin(), data_set.end());
    return file;
}

}  // namespace lucerna::test
