#include "pipeline/judged_archive.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "dicom/tags.h"
#include "store/kept_reading.h"

namespace lucerna::pipeline {
namespace {

using Json = nlohmann::json;
using collection::Judgement;

/// Studies asked for in one go of the index.
constexpr std::size_t kPage = 500;

[[noreturn]] void refuse_query(std::string_view part, const std::string& why) {
    throw Error(ErrorCode::kInvalidInput, "query, '" + std::string(part) + "': " + why);
}

store::Key key_from(std::string_view part) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) refuse_query(part, "has no =");
    const std::string_view name = part.substr(0, equals);
    const auto tag = dicom::tag_from(name);
    if (!tag)
        refuse_query(part,
                     "is no attribute: give a keyword such as StudyDate or eight "
                     "hexadecimal digits such as 00080020");
    if (!store::is_indexed(*tag, store::Level::kStudy))
        refuse_query(part, "studies are not matched by " + std::string(name));
    return {*tag, std::string(part.substr(equals + 1))};
}

store::Query query_from(std::string_view text) {
    store::Query query;
    query.limit = kPage;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('&', begin), text.size());
        if (end > begin) query.keys.push_back(key_from(text.substr(begin, end - begin)));
        begin = end + 1;
    }
    return query;
}

/// The newest decision on it counts, whatever it was called when it was decided upon.
Judgement judgement_of(const std::string& finding, const store::KeptReading& reading,
                       const std::vector<store::Decision>& decisions) {
    Judgement judgement = Judgement::kOpen;
    for (const store::Decision& decision : decisions) {
        if (reading.finding_of(decision) != finding) continue;
        judgement = decision.action == "accept"    ? Judgement::kAccepted
                    : decision.action == "dismiss" ? Judgement::kDismissed
                                                   : Judgement::kOpen;
    }
    return judgement;
}

exam::Box box_from(const Json& json) {
    return {json.at("left").get<double>(), json.at("top").get<double>(),
            json.at("width").get<double>(), json.at("height").get<double>()};
}

/// The views of a saved reading (docs/formats/findings.schema.json).
std::vector<collection::JudgedImage> images_of(const std::string& reading_json,
                                               const std::vector<store::Decision>& decisions) {
    std::vector<collection::JudgedImage> images;
    const store::KeptReading kept = store::kept_reading(reading_json);
    const Json reading = Json::parse(reading_json);
    for (const Json& view : reading.at("views")) {
        const auto name = exam::view_name_from(view.at("view").get<std::string>());
        if (!name) continue;
        collection::JudgedImage image{view.at("sop_instance_uid").get<std::string>(), *name, {}};
        for (const Json& finding : view.at("findings"))
            image.findings.push_back(
                {box_from(finding.at("box")),
                 judgement_of(finding.at("id").get<std::string>(), kept, decisions)});
        images.push_back(std::move(image));
    }
    return images;
}

}  // namespace

bool JudgedArchive::has_image(const std::string& sop_instance_uid) {
    const auto row = store_.archive().instance(sop_instance_uid);
    return row && row->role == store::Role::kReceived;
}

Bytes JudgedArchive::image(const std::string& sop_instance_uid) {
    return store_.archive().object(sop_instance_uid);
}

std::vector<collection::JudgedExam> JudgedArchive::judged_exams(const std::string& text) {
    std::vector<collection::JudgedExam> exams;
    store::Query query = query_from(text);
    for (;; query.offset += kPage) {
        const std::vector<store::Match> matches = store_.archive().find(query);
        for (const store::Match& match : matches) {
            const std::string& study = match.study_instance_uid;
            const auto entry = store_.exams().exam(study);
            const std::string reading = entry ? store_.exams().reading_json(study) : "";
            if (reading.empty()) continue;
            collection::JudgedExam exam;
            exam.study_instance_uid = study;
            exam.patient = std::string(match.value(dicom::kPatientId)) + "\\" +
                           std::string(match.value(dicom::kIssuerOfPatientId));
            exam.subgroups["sex"] = entry->patient_sex;
            try {
                exam.images = images_of(reading, store_.exams().decisions_of(study));
            } catch (const Json::exception& cause) {
                throw Error(ErrorCode::kCorrupt, "the reading of study " + study + " is broken",
                            cause);
            }
            exams.push_back(std::move(exam));
        }
        if (matches.size() < kPage) break;
    }
    std::reverse(exams.begin(), exams.end());
    return exams;
}

}  // namespace lucerna::pipeline
