#include "result_folder.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "dicom/data_set.h"
#include "dicom/tags.h"

namespace lucerna {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFindings = "findings.json";

fs::path file_of(const compose::Result& result) {
    std::string name(compose::name_of(result.kind));
    if (!result.view.empty()) name += "-" + result.view;
    return name + ".dcm";
}

bool may_be_result(const fs::path& file) {
    using enum compose::ResultKind;
    if (file.filename() == kFindings) return true;
    if (file.extension() != ".dcm") return false;
    const std::string stem = file.stem().string();
    return stem == compose::name_of(kCadReport) || stem == compose::name_of(kMeasurementReport) ||
           stem.starts_with(std::string(compose::name_of(kCapture)) + "-");
}

/// Empty where the file is no result of Lucerna's, whatever its name.
std::optional<std::string> study_of_result(const fs::path& file) {
    if (file.filename() == kFindings) {
        const auto findings = nlohmann::json::parse(as_text(read_file(file)), nullptr, false);
        if (!findings.is_object() || !findings.contains("study_instance_uid")) return {};
        return findings.value("study_instance_uid", std::string());
    }
    const auto object = dicom::DataSet::from_file(file, {}, dicom::PixelData::kSkip);
    // As all that Lucerna composes.
    if (object.text_or(dicom::tags::kManufacturer, "") != "Lucerna") return {};
    return object.text_or(dicom::tags::kStudyInstanceUid, "");
}

}  // namespace

ResultFolder::ResultFolder(fs::path folder, std::string study_instance_uid)
    : folder_(std::move(folder)), study_(std::move(study_instance_uid)) {
    (void)earlier_results();
}

std::vector<fs::path> ResultFolder::earlier_results() const {
    std::vector<fs::path> found;
    std::error_code not_there;
    for (const auto& entry : fs::directory_iterator(folder_, not_there)) {
        if (!entry.is_regular_file() || !may_be_result(entry.path())) continue;
        std::optional<std::string> study;
        try {
            study = study_of_result(entry.path());
        } catch (const std::exception&) {
            throw Error(ErrorCode::kConflict, entry.path().string() +
                                                  " may be a result of another study, and is not "
                                                  "understood: write to another folder");
        }
        if (!study) continue;
        if (*study != study_)
            throw Error(ErrorCode::kConflict, entry.path().string() +
                                                  " is a result of another study: write to another "
                                                  "folder");
        found.push_back(entry.path());
    }
    std::partition(found.begin(), found.end(),
                   [](const fs::path& file) { return file.filename() == kFindings; });
    return found;
}

void ResultFolder::write(const exam::ExamReading& reading,
                         const std::vector<compose::Result>& results) const {
    std::error_code failure;
    fs::create_directories(folder_, failure);
    if (failure)
        throw Error(ErrorCode::kIo, "cannot create " + folder_.string() + ": " + failure.message());
    for (const fs::path& file : earlier_results())
        if (!fs::remove(file, failure) && failure)
            throw Error(ErrorCode::kIo,
                        "cannot take away " + file.string() + ": " + failure.message());
    for (const compose::Result& result : results)
        write_file(folder_ / file_of(result), result.part10);
    write_file(folder_ / kFindings, as_byte_view(compose::findings_json(reading)));
}

}  // namespace lucerna
