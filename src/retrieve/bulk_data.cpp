#include "retrieve/bulk_data.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/json.h"
#include "dicom/uids.h"
#include "http/multipart_writer.h"
#include "http/range.h"
#include "retrieve/address.h"
#include "retrieve/frames.h"
#include "retrieve/left_out.h"
#include "retrieve/negotiate.h"
#include "retrieve/objects.h"

namespace lucerna::retrieve {
namespace {

constexpr std::array<std::string_view, 2> kOffered = {"application/octet-stream",
                                                      "multipart/related"};

bool is_pixel_data(std::string_view path) {
    return path == "7FE00010" || path == "7fe00010";
}

/// Throws Error(kNotFound) where the instance has no such value.
Bytes value_at(store::Archive& archive, const store::InstanceRow& row, const std::string& path) {
    // Most bulk data but pixels lies before them.
    dicom::DataSet object;
    std::optional<ByteView> value;
    if (row.head_bytes != 0) {
        object =
            dicom::DataSet::parse(archive.head(row.sop_instance_uid), {}, dicom::PixelData::kSkip);
        value = dicom::bulk_data_at(object, path);
    }
    if (!value) {
        object = dicom::DataSet::parse(archive.object(row.sop_instance_uid));
        value = dicom::bulk_data_at(object, path);
    }
    if (!value) throw Error(ErrorCode::kNotFound, "that instance has no such bulk data");
    return {value->begin(), value->end()};
}

http::Response value_in_one_part(const http::Request& request, store::Archive& archive,
                                 const store::InstanceRow& row, const RunParts& run,
                                 http::Response head) {
    const std::string& path = request.parameter("path");
    head.headers.set("Content-Type", kOffered[0]);
    if (is_pixel_data(path)) {
        std::shared_ptr<store::OpenedObject> object = archive.open(row);
        if (const auto pixels = native_pixels(*object, row)) {
            // Of a range no more is read than is asked for.
            if (!request.headers.has("Range")) check_whole(archive, row, run);
            return http::ranged(request, std::move(head),
                                pieces_of(std::move(object), pixels->begin, pixels->size));
        }
    }
    head.body = value_at(archive, row, path);
    return head;
}

}  // namespace

http::Response bulk_data(const http::Request& request, store::Archive& archive,
                         const RunParts& run) {
    const store::InstanceRow row = instances_named(request, archive).front();
    const std::string& path = request.parameter("path");
    const dicom::TransferSyntax* known = dicom::find_transfer_syntax(row.transfer_syntax_uid);
    const bool encapsulated = !known || known->encapsulated();
    if (encapsulated && is_pixel_data(path)) return all_frames(request, archive, row, run);
    const auto type = http::choose(accepted_by(request), kOffered);
    if (!type) return not_acceptable(request, kOffered[0]);
    const std::string etag = etag_of({row}, "bulkdata " + *type + path);
    if (http::has_already(request, etag)) return http::not_modified(etag);
    http::Response response;
    if (*type == kOffered[0]) {
        set_cache_headers(response, etag);
        return looking_at(row.sop_instance_uid, [&] {
            return value_in_one_part(request, archive, row, run, std::move(response));
        });
    }
    response = http::multipart_response(
        kOffered[0], http::Part{std::string(kOffered[0]), "", looking_at(row.sop_instance_uid, [&] {
                                    return value_at(archive, row, path);
                                })});
    set_cache_headers(response, etag);
    return response;
}

}  // namespace lucerna::retrieve
