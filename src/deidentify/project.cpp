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

struct PatientKey {
    std::string id = {};
    std::string issuer = {};
};

/// `use` keeps the kinds of replacement apart.
std::array<std::uint8_t, 32> mac(const vault::SecretKey& secret, std::string_view use,
                                 std::string_view original) {
    std::string message(use);
    message.push_back('\0');
    message.append(original);
    return vault::hmac_sha256(secret, as_byte_view(message));
}

/// As far as the object says, or else its study.
PatientKey patient_of(const dicom::DataSet& object, const PatientOfStudy& study) {
    std::string id = object.text_or(dicom::tags::kPatientId, "");
    // The issuer of no ID is none of the study's.
    if (id.empty()) return study.id.empty() ? PatientKey{} : PatientKey{study.id, study.issuer};
    std::string issuer = dicom::issuer_of_patient_id(object);
    return {std::move(id), issuer.empty() ? study.issuer : std::move(issuer)};
}

/// As the study says, which is the same for each of its objects, or else the object.
exam::PersonKeys person_of(const PatientOfStudy& study, const PatientKey& patient) {
    const exam::PersonKeys& object = study.object_says;
    exam::PersonKeys person = study.says;
    person.id = patient.id;
    person.issuer = patient.issuer;
    if (person.birth_date.empty()) person.birth_date = object.birth_date;
    if (person.family_names == exam::PersonKeys().family_names)
        person.family_names = object.family_names;
    return person;
}

/// Begins the key of who is known by nothing else.
constexpr std::string_view kByStudy = "study\n";
constexpr std::string_view kFormat = "lucerna-given/2 ";
/// Of versions that noted neither birth date nor family name.
constexpr std::string_view kOlderFormat = "lucerna-given/1 ";
constexpr std::size_t kLines = 8;
constexpr std::size_t kOlderLines = 4;

vault::SecretKey sealing_key(const vault::SecretKey& secret) {
    return vault::SecretKey::from(mac(secret, "seal", ""));
}

}  // namespace

std::string patient_key(const dicom::DataSet& data_set, const PatientOfStudy& study) {
    namespace tags = dicom::tags;
    const PatientKey patient = patient_of(data_set, study);
    if (!patient.id.empty()) return "id\n" + patient.id + "\n" + patient.issuer;
    const std::string name = data_set.text_or(tags::kPatientName, "");
    const std::string birth_date = data_set.text_or(tags::kPatientBirthDate, "");
    // Many may be called UNKNOWN, and two be of one name.
    if (!name.empty() && !birth_date.empty()) return "name\n" + name + "\n" + birth_date;
    return std::string(kByStudy) + data_set.text_or(tags::kStudyInstanceUid, "");
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

/// Kept of a study. What tells the person apart as 32 hexadecimal digits that without the secret
/// say nothing.
struct Project::Given {
    Pseudonymous as;
    exam::PersonKeys person;
};

exam::PersonKeys Project::hidden(const exam::PersonKeys& person) const {
    const auto hide = [&](std::string_view use, std::string_view what) {
        return what.empty() ? std::string() : to_hex(ByteView(mac(secret_, use, what)).first(16));
    };
    exam::PersonKeys result{
        hide("id", person.id), hide("issuer", person.issuer), hide("birth", person.birth_date), {}};
    for (std::size_t script = 0; script < person.family_names.size(); ++script)
        result.family_names[script] = hide("family", person.family_names[script]);
    return result;
}

std::string Project::to_text(const std::string& name, const Given& given) const {
    std::string plain = given.as.pseudonym + "\n" + std::to_string(given.as.shift_days) + "\n";
    for (const std::string* line : {&given.person.id, &given.person.issuer,
                                    &given.person.birth_date, &given.person.family_names[0],
                                    &given.person.family_names[1], &given.person.family_names[2]})
        plain += *line + "\n";
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
    constexpr std::size_t kBeside =
        std::tuple_size_v<vault::AesGcm::Nonce> + vault::AesGcm::kTagBytes;
    const bool is_older = text.starts_with(kOlderFormat);
    if (!(is_older || text.starts_with(kFormat)) || !text.ends_with('\n')) return {};
    const std::string_view format = is_older ? kOlderFormat : kFormat;
    Bytes sealed;
    try {
        sealed = from_base64(
            std::string_view(text).substr(format.size(), text.size() - format.size() - 1));
    } catch (const Error&) {
        return {};
    }
    if (sealed.size() < kBeside || std::string(format) + to_base64(sealed) + "\n" != text)
        return {};
    vault::AesGcm::Nonce nonce{};
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
    if (lines.size() != (is_older ? kOlderLines : kLines)) return {};
    std::optional<Given> given(std::in_place);
    given->as.pseudonym = lines[0];
    std::from_chars(lines[1].data(), lines[1].data() + lines[1].size(), given->as.shift_days);
    lines.resize(kLines);
    given->person = {lines[2], lines[3], lines[4], {lines[5], lines[6], lines[7]}};
    return given;
}

bool Project::is_damaged(const std::string& name, const std::string& text) const {
    return !given_in(name, text);
}

Pseudonymous Project::give_out(const dicom::DataSet& object, const PatientOfStudy& study) const {
    const std::string key = patient_key(object, study);
    const auto as_known_by = [this](const std::string& known_by) {
        return Pseudonymous{pseudonym(known_by), shift_days(known_by)};
    };
    Pseudonymous as = as_known_by(key);
    const std::string uid = object.text_or(dicom::tags::kStudyInstanceUid, "");
    if (!given_ || uid.empty()) return as;
    const exam::PersonKeys person = hidden(person_of(study, patient_of(object, study)));
    // Of each person that it turned out to be of there is a note: those of one study of hers stay
    // one.
    constexpr int kMostPeople = 16;
    for (int people = 0; people < kMostPeople; ++people) {
        const std::string whose = people == 0 ? uid : uid + "\n" + std::to_string(people);
        const std::string name = to_hex(ByteView(mac(secret_, "study", whose)).first(16));
        std::string text = given_->read(name);
        if (text.empty()) {
            given_->create(name, to_text(name, {as, person}));
            // Another's, if that was first.
            text = given_->read(name);
        }
        const std::optional<Given> given = given_in(name, text);
        if (!given)
            throw Error(ErrorCode::kCorrupt, given_->called(name) + " is not as it was written");
        if (!exam::disagree(given->person, person)) return given->as;
        // Whom her study alone tells is not who it was of before her.
        if (given->as.pseudonym == as.pseudonym && key.starts_with(kByStudy))
            as = as_known_by(key + "\n" + std::to_string(people + 1));
    }
    return as;
}

}  // namespace lucerna::deidentify
