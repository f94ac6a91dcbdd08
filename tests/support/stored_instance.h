#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/error.h"
#include "dicom/part10_head.h"
#include "support/small_object.h"

namespace lucerna::test {

/// A mammogram's header with a few pixels, to be changed field by field and made a file. An empty
/// field is left out.
struct StoredInstance {
    std::string sop_class = kMammogramClass;
    std::string sop_instance = "1.2.3.4.1.1";
    std::string study = "1.2.3.4";
    std::string series = "1.2.3.4.1";
    std::string patient_id = "P1";
    std::string issuer;
    /// Universal Entity ID of Issuer of Patient ID Qualifiers Sequence.
    std::string issuer_entity;
    std::string patient_name = "Doe^Jane";
    std::string birth_date = "19601231";
    std::string sex = "F";
    std::string study_date = "20240115";
    std::string study_time = "103000";
    std::string accession_number = "A1";
    std::string study_id = "S1";
    std::string study_description = "Screening";
    std::string referring = "Roe^Richard";
    std::string modality = "MG";
    std::string series_number = "1";
    std::string series_description = "Views";
    std::string body_part = "BREAST";
    std::string instance_number = "1";
    std::string laterality = "R";
    std::string view_position = "CC";
    std::string character_set = "ISO_IR 192";
    bool picture = true;
    std::size_t pixels = 128;
    /// Goes into the pixels: another seed, another content.
    unsigned seed = 1;
    std::string source_aet;

    [[nodiscard]] Bytes data_set() const {
        Bytes out;
        const auto put = [&out](std::uint16_t group, std::uint16_t element, std::string_view vr,
                                const std::string& value) {
            if (!value.empty()) put_element(out, group, element, vr, value);
        };
        put(0x0008, 0x0005, "CS", character_set);
        put(0x0008, 0x0016, "UI", sop_class);
        put(0x0008, 0x0018, "UI", sop_instance);
        put(0x0008, 0x0020, "DA", study_date);
        put(0x0008, 0x0030, "TM", study_time);
        put(0x0008, 0x0050, "SH", accession_number);
        put(0x0008, 0x0060, "CS", modality);
        put(0x0008, 0x0090, "PN", referring);
        put(0x0008, 0x1030, "LO", study_description);
        put(0x0008, 0x103E, "LO", series_description);
        put(0x0010, 0x0010, "PN", patient_name);
        put(0x0010, 0x0020, "LO", patient_id);
        put(0x0010, 0x0021, "LO", issuer);
        put(0x0010, 0x0024, "SQ", qualifiers());
        put(0x0010, 0x0030, "DA", birth_date);
        put(0x0010, 0x0040, "CS", sex);
        put(0x0018, 0x0015, "CS", body_part);
        put(0x0018, 0x5101, "CS", view_position);
        put(0x0020, 0x000D, "UI", study);
        put(0x0020, 0x000E, "UI", series);
        put(0x0020, 0x0010, "SH", study_id);
        put(0x0020, 0x0011, "IS", series_number);
        put(0x0020, 0x0013, "IS", instance_number);
        put(0x0020, 0x0062, "CS", laterality);
        if (picture) put_picture(out);
        return out;
    }

    [[nodiscard]] Bytes file() const {
        Bytes whole = dicom::part10_head({sop_class, sop_instance, kExplicitLittle}, source_aet);
        const Bytes set = data_set();
        whole.insert(whole.end(), set.begin(), set.end());
        return whole;
    }

  private:
    [[nodiscard]] std::string qualifiers() const {
        if (issuer_entity.empty()) return {};
        Bytes item;
        put_element(item, 0x0040, 0x0032, "UT", issuer_entity);
        std::string value("\xFE\xFF\x00\xE0", 4);
        for (unsigned shift = 0; shift < 32; shift += 8)
            value += static_cast<char>(item.size() >> shift & 0xFF);
        return value.append(item.begin(), item.end());
    }
    void put_picture(Bytes& out) const {
        const auto us = [](std::size_t number) {
            return std::string{static_cast<char>(number & 0xFF), static_cast<char>(number >> 8)};
        };
        // 256 columns where there are that many pixels, else one row of what there is.
        const std::size_t columns = pixels >= 512 ? 256 : pixels / 2;
        put_element(out, 0x0028, 0x0010, "US", us(pixels / 2 / columns));
        put_element(out, 0x0028, 0x0011, "US", us(columns));
        put_element(out, 0x0028, 0x0100, "US", us(16));
        std::string samples(pixels, '\0');
        unsigned state = seed * 2654435761U + 1;
        for (char& sample : samples) {
            state = state * 1664525U + 1013904223U;
            sample = static_cast<char>(state >> 24);
        }
        put_element(out, 0x7FE0, 0x0010, "OW", samples);
    }
};

/// The error that `work` ends with, "none" if it ends with none.
template <typename Work>
std::string error_of(Work&& work) {
    try {
        std::forward<Work>(work)();
    } catch (const Error& error) {
        return std::string(name_of(error.code()));
    }
    return "none";
}

template <typename Work>
std::string message_of(Work&& work) {
    try {
        std::forward<Work>(work)();
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

}  // namespace lucerna::test
