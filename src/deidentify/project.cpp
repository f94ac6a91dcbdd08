#include "deidentify/project.h"

#include <array>

#include "base/encoding.h"
#include "dicom/uids.h"
#include "vault/keyed_hash.h"

namespace lucerna::deidentify {
namespace {

/// `use` keeps the three kinds of replacement apart.
std::array<std::uint8_t, 32> mac(const vault::SecretKey& secret, std::string_view use,
                                 std::string_view original) {
    std::string message(use);
    message.push_back('\0');
    message.append(original);
    return vault::hmac_sha256(secret, as_byte_view(message));
}

}  // namespace

std::string patient_key(const dicom::DataSet& data_set, const PatientOfStudy& study) {
    namespace tags = dicom::tags;
    const auto text = [&](dicom::Tag tag, const std::string& of_study) {
        const std::string own = data_set.text_or(tag, "");
        return own.empty() ? of_study : own;
    };
    const std::string id = text(tags::kPatientId, study.id);
    if (!id.empty()) return "id\n" + id + "\n" + text(tags::kIssuerOfPatientId, study.issuer);
    const std::string name = data_set.text_or(tags::kPatientName, "");
    if (!name.empty())
        return "name\n" + name + "\n" + data_set.text_or(tags::kPatientBirthDate, "");
    return "study\n" + data_set.text_or(tags::kStudyInstanceUid, "");
}

std::string Project::uid(std::string_view original) const {
    return dicom::derived_uid(to_hex(mac(secret_, "uid", original)));
}

std::string Project::pseudonym(std::string_view key) const {
    return "P" + to_hex(ByteView(mac(secret_, "patient", key)).first(8));
}

int Project::shift_days(std::string_view key) const {
    constexpr unsigned kLeast = 30;
    constexpr unsigned kRange = 3650;
    const auto bytes = mac(secret_, "days", key);
    const unsigned drawn = static_cast<unsigned>(bytes[0]) << 16 |
                           static_cast<unsigned>(bytes[1]) << 8 | static_cast<unsigned>(bytes[2]);
    return -static_cast<int>(kLeast + drawn % kRange);
}

}  // namespace lucerna::deidentify
