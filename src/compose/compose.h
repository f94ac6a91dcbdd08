#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/parts.h"
#include "exam/raster.h"
#include "exam/reading.h"

namespace lucerna::compose {

/// A view as `dicom` renders it for people (modality LUT, VOI, presentation applied; 8 bits, 255
/// white), reduced to display size; a Secondary Capture is drawn on it.
struct RenderedView {
    /// Of the image that was rendered: how it is matched to the reading.
    std::string sop_instance_uid;
    /// A long side of about 1,600 pixels is meant; never enlarged or reduced here.
    exam::Raster<std::uint8_t> pixels;
    /// Rendered pixels for each stored pixel, both ways: 0.5 is half size.
    double scale = 1;
    /// Burned In Annotation (0028,0301) of the image; empty where it does not say.
    std::string burned_in_annotation{};
};

enum class ResultKind { kCadReport, kMeasurementReport, kCapture };

/// "cad-sr", "measurement-sr", "capture": what file names and the index carry.
[[nodiscard]] std::string_view name_of(ResultKind kind);

/// One DICOM object that says what a model found, as a Part 10 file.
struct Result {
    ResultKind kind = ResultKind::kCadReport;
    std::string sop_class_uid;
    std::string sop_instance_uid;
    std::string series_instance_uid;
    /// Of a capture: the view that it shows ("R-CC", or the image's UID where it has no name).
    std::string view;
    /// A capture that says why its image was not read.
    bool is_of_refused_image = false;
    Bytes part10;
};

/// The DICOM objects of a reading: a Mammography CAD SR (PS3.16 TID 4000), a Measurement Report
/// (TID 1500, as IHE AIR asks), then a Secondary Capture for each of `renderings`, in the
/// reading's order of views. A rendering that belongs to no view of the reading (a refused one)
/// is drawn without findings and says why it was not read.
///
/// Every object is in the study of the images, in a series of its own kind. Its UID follows from
/// all that it says, but for the time, and what tells the reading apart: composing the same reading
/// again gives the same UIDs, whatever `run` does side by side, and another content another one.
///
/// Throws Error(kInvalidInput) when the reading has no Study Instance UID, or when a number in it
/// is not finite or out of the range that exam/reading.h states.
[[nodiscard]] std::vector<Result> compose_results(const exam::ExamReading& reading,
                                                  std::span<const RenderedView> renderings = {},
                                                  const RunParts& run = one_after_another);

/// The reading as JSON, by docs/formats/findings.schema.json; the subject's names and identifiers
/// are left out, its Study Instance UID stays. Ends with a line feed. Throws as compose_results.
[[nodiscard]] std::string findings_json(const exam::ExamReading& reading);

/// One line for people, without patient identifiers or line feed: "2 findings in 4 views, highest
/// 0.83 at R-MLO (above 'recall' 0.50); 0 views refused; cbis-mass 1.0.0; research use only".
[[nodiscard]] std::string summary_line(const exam::ExamReading& reading);

}  // namespace lucerna::compose
