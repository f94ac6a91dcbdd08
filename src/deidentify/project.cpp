#include "deidentify/project.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/error.h"
#include "dicom/patient_issuer.h"
#include "dicom/uids.h"
#include "vault/aes_gcm.h"
#include "vault/keyed_hash.h"

namespace lucerna::deidentify {
namespace {

/// `use` keeps the kinds of replacement apart.
std::array<std::uint8_t, 32> mac(const vault::SecretKey& secret, std::string_view use,
                                 std::string_view original) {
    std::string message(use);
    message.push_back('\0');
    message.append(original);
    return vault::hmac_sha256(secret, as_byte_view(message));
}

/// As far as the object says, or else its study.
PatientOfStudy patient_of(const dicom::DataSet& object, const PatientOfStudy& study) {
    const auto own_or = [](std::string own, const std::string& of_study) {
        return own.empty() ? of_study : std::move(own);
    };
    std::string id = own_or(object.text_or(dicom::tags::kPatientId, ""), study.id);
    if (id.empty()) return {};
    return {std::move(id), own_or(dicom::issuer_of_patient_id(object), study.issuer)};
}

constexpr std::string_view kFormat = "lucerna-given/1 ";

vault::SecretKey sealing_key(const vault::SecretKey& secret) {
    return vault::SecretKey::from(mac(secret, "seal", ""));
}

}  // namespace

std::string patient_key(const dicom::DataSet& data_set, const PatientOfStudy& study) {
    namespace tags = dicom::tags;
    const PatientOfStudy patient = patient_of(data_set, study);
    if (!patient.id.empty()) return "id\n" + patient.id + "\n" + patient.issuer;
    const std::string name = data_set.text_or(tags::kPatientName, "");
    const std::string birth_date = data_set.text_or(tags::kPatientBirthDate, "");
    // Many may be called UNKNOWN, and two be of one name.
    if (!name.empty() && !birth_date.empty()) return "name\n" + name + "\n" + birth_date;
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

/// Kept of a study. ID and issuer as 32 hexadecimal digits that without the secret say nothing;
/// empty: not known.
struct Project::Given {
    Pseudonymous as;
    std::string id;
    std::string issuer;

    [[nodiscard]] bool is_of_another(const Given& other) const {
        if (id.empty() || other.id.empty()) return false;
        return id != other.id ||
               (!issuer.empty() && !other.issuer.empty() && issuer != other.issuer);
    }
};

std::string Project::to_text(const std::string& name, const Given& given) const {
    const std::string plain = given.as.pseudonym + "\n" + std::to_string(given.as.shift_days) +
                              "\n" + given.id + "\n" + given.issuer + "\n";
    vault::AesGcm::Nonce nonce{};
    const vault::Id random = vault::random_id();
    std::copy_n(random.begin(), nonce.size(), nonce.begin());
    Bytes sealed(nonce.begin(), nonce.end());
    sealed.resize(nonce.size() + plain.size() + vault::AesGcm::kTagBytes);
    vault::AesGcm(sealing_key(secret_))
        .seal(nonce, as_byte_view(name), as_byte_view(plain),
              std::span(sealed).subspan(nonce.size()));
    return std::string(kFormat) + to_base64(sealed) + "\n";
}

std::optional<Project::Given> Project::given_in(const std::string& name,
                                                const std::string& text) const {
    vault::AesGcm::Nonce nonce{};
    constexpr std::size_t kBeside =
        std::tuple_size_v<vault::AesGcm::Nonce> + vault::AesGcm::kTagBytes;
    if (!text.starts_with(kFormat) || !text.ends_with('\n')) return {};
    Bytes sealed;
    try {
        sealed = from_base64(
            std::string_view(text).substr(kFormat.size(), text.size() - kFormat.size() - 1));
    } catch (const Error&) {
        return {};
    }
    if (sealed.size() < kBeside || std::string(kFormat) + to_base64(sealed) + "\n" != text)
        return {};
    std::copy_n(sealed.begin(), nonce.size(), nonce.begin());
    Bytes plain(sealed.size() - kBeside);
    if (!vault::AesGcm(sealing_key(secret_))
             .open(nonce, as_byte_view(name), ByteView(sealed).subspan(nonce.size()), plain))
        return {};
    std::vector<std::string> lines;
    std::string_view rest = as_text(plain);
    for (std::size_t end = 0; (end = rest.find('\n')) != std::string_view::npos;
         rest.remove_prefix(end + 1))
        lines.emplace_back(rest.substr(0, end));
    if (lines.size() != 4) return {};
    std::optional<Given> given(std::in_place);
    given->as.pseudonym = lines[0];
    given->id = lines[2];
    given->issuer = lines[3];
    std::from_chars(lines[1].data(), lines[1].data() + lines[1].size(), given->as.shift_days);
    return given;
}

bool Project::is_damaged(const std::string& name, const std::string& text) const {
    return !given_in(name, text);
}

Pseudonymous Project::give_out(const dicom::DataSet& object, const PatientOfStudy& study) const {
    const auto hidden = [&](std::string_view use, std::string_view what) {
        return what.empty() ? std::string() : to_hex(ByteView(mac(secret_, use, what)).first(16));
    };
    const std::string key = patient_key(object, study);
    const PatientOfStudy patient = patient_of(object, study);
    const Given now{{pseudonym(key), shift_days(key)},
                    hidden("id", patient.id),
                    hidden("issuer", patient.issuer)};
    const std::string name = hidden("study", object.text_or(dicom::tags::kStudyInstanceUid, ""));
    if (!given_ || name.empty()) return now.as;
    std::string text = given_->read(name);
    if (text.empty()) {
        given_->create(name, to_text(name, now));
        // Another's, if that was first.
        text = given_->read(name);
    }
    const std::optional<Given> first = given_in(name, text);
    if (!first)
        throw Error(ErrorCode::kCorrupt, given_->called(name) + " is not as it was written");
    return first->is_of_another(now) ? now.as : first->as;
}

}  // namespace lucerna::deidentify
