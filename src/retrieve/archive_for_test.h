#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "dicom/data_set.h"
#include "dicom/render.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "http/router.h"
#include "retrieve/qido.h"
#include "retrieve/read_ahead.h"
#include "retrieve/wado.h"
#include "store/store_test_support.h"

namespace lucerna::retrieve {

/// An archive with two studies, and the routes to it. Study 1.2.1 has series 1.2.1.1 with the
/// three-frame gray image 1.2.1.1.1, the JPEG image 1.2.1.1.2 and the implicit little endian image
/// 1.2.1.1.3, and series 1.2.1.2 with the report 1.2.1.2.1; study 1.2.2 has image 1.2.2.1.1.
class TestArchive {
  public:
    TestArchive() {
        keep(image("1.2.1", "1", "1", 3));
        keep(jpeg("1.2.1", "1", "2"));
        keep(image("1.2.1", "1", "3", 1), dicom::transfer_syntax::kImplicitVrLittleEndian);
        dicom::DataSet report = header("1.2.1", "2", "1");
        report.set_text(dicom::tags::kSopClassUid, dicom::sop_class::kBasicTextSr);
        report.set_text(dicom::tags::kModality, "SR");
        keep(std::move(report));
        keep(image("1.2.2", "1", "1", 1));
        add_qido(router, store.archive());
        add_wado(router, store.archive());
    }

    http::Response get(const std::string& path, const std::string& accept = {},
                       const std::string& etag = {}, const http::Headers& more = {}) {
        http::BodyInMemory body;
        http::Request request(body);
        const std::size_t mark = path.find('?');
        request.path = path.substr(0, mark);
        if (mark != std::string::npos) request.query = http::Query::parse(path.substr(mark + 1));
        request.headers = more;
        if (!accept.empty()) request.headers.set("Accept", accept);
        if (!etag.empty()) request.headers.set("If-None-Match", etag);
        request.origin = "http://localhost";
        return router.handle(request);
    }
    /// The whole body, streamed or not.
    static std::string body(const http::Response& response) {
        if (const auto* text = std::get_if<std::string>(&response.body)) return *text;
        if (const auto* bytes = std::get_if<Bytes>(&response.body))
            return {bytes->begin(), bytes->end()};
        if (const auto* part = std::get_if<http::Enclosed>(&response.body))
            return part->before + std::string(as_text(part->bytes.view())) + part->after;
        std::string all;
        for (const auto& next = std::get<http::Stream>(response.body).next;;) {
            const http::Chunk chunk = next();
            all.append(chunk.bytes.begin(), chunk.bytes.end());
            if (chunk.last) return all;
        }
    }
    std::string text(const std::string& path, const std::string& accept = {}) {
        return body(get(path, accept));
    }
    int status(const std::string& path, const std::string& accept = {}) {
        return get(path, accept).status;
    }

    /// Sample `index` of frame `frame`, as `image` draws them.
    static std::string frame_bytes(int frame) {
        std::string bytes;
        for (int i = 0; i < 6; ++i) {
            bytes += static_cast<char>(i * 10 + frame);
            bytes += static_cast<char>(i);
        }
        return bytes;
    }

    store::TestStore store;
    http::Router router;

  private:
    static dicom::DataSet header(const std::string& study, const std::string& series,
                                 const std::string& number) {
        namespace tags = dicom::tags;
        dicom::DataSet set;
        const std::string series_uid = study + "." + series;
        set.set_text(tags::kSopClassUid,
                     dicom::sop_class::kMultiFrameGrayscaleWordSecondaryCapture);
        set.set_text(tags::kSopInstanceUid, series_uid + "." + number);
        set.set_text(tags::kStudyInstanceUid, study);
        set.set_text(tags::kSeriesInstanceUid, series_uid);
        set.set_text(tags::kStudyDate, study == "1.2.1" ? "20260301" : "20250101");
        set.set_text(tags::kPatientName, "M\xC3\xBCller^Eva");
        set.set_text(tags::kPatientId, "P-" + study);
        set.set_text(tags::kModality, "MG");
        set.set_text(tags::kInstanceNumber, number);
        set.set_text(tags::kSeriesNumber, series);
        set.set_text(tags::kManufacturer, "Acme");
        return set;
    }
    static dicom::DataSet image(const std::string& study, const std::string& series,
                                const std::string& number, int frames) {
        dicom::DataSet set = header(study, series, number);
        Bytes samples;
        for (int frame = 1; frame <= frames; ++frame) {
            const std::string one = frame_bytes(frame);
            samples.insert(samples.end(), one.begin(), one.end());
        }
        set.set_pixels({.rows = 2, .columns = 3, .bits_stored = 12, .frames = frames},
                       std::move(samples));
        return set;
    }
    static dicom::DataSet jpeg(const std::string& study, const std::string& series,
                               const std::string& number) {
        dicom::DataSet set = header(study, series, number);
        std::vector<Bytes> frames = {
            dicom::encode_jpeg({.width = 16, .height = 8, .pixels = Bytes(128, 200)})};
        set.set_encapsulated_pixels(
            {.rows = 8, .columns = 16, .bits_allocated = 8, .bits_stored = 8}, std::move(frames),
            dicom::transfer_syntax::kJpegBaseline);
        return set;
    }
    void keep(const dicom::DataSet& set, std::string_view syntax = {}) {
        store.archive().keep(set.to_part10(syntax));
    }
};

/// A part of a multipart answer.
struct PartRead {
    std::string head;
    std::string body;
};
inline std::vector<PartRead> parts_of(const std::string& content_type, const std::string& body) {
    const std::string boundary = "--" + content_type.substr(content_type.find("boundary=") + 9);
    std::vector<PartRead> parts;
    std::size_t at = body.find(boundary);
    EXPECT_EQ(at, 0U);
    while (at != std::string::npos && body.compare(at + boundary.size(), 2, "--") != 0) {
        const std::size_t next = body.find("\r\n" + boundary, at);
        if (next == std::string::npos) break;
        const std::size_t head = at + boundary.size() + 2;
        const std::size_t empty = body.find("\r\n\r\n", head);
        parts.push_back(
            {body.substr(head, empty - head), body.substr(empty + 4, next - empty - 4)});
        at = next + 2;
    }
    return parts;
}
inline std::vector<PartRead> parts_of(const http::Response& response) {
    EXPECT_EQ(response.status, 200);
    return parts_of(response.headers.get_or("Content-Type", ""), TestArchive::body(response));
}

/// To be read ahead: those of these SOP Instance UIDs.
inline ReadAhead::Objects objects_in(std::vector<std::string> uids) {
    return {uids.size(), [uids](std::size_t index) { return uids[index]; }};
}

}  // namespace lucerna::retrieve
