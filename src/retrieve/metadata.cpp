#include "retrieve/metadata.h"

#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "dicom/json.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "retrieve/address.h"
#include "retrieve/data_set_form.h"
#include "retrieve/held_rows.h"
#include "retrieve/kept_object.h"
#include "retrieve/left_out.h"
#include "retrieve/negotiate.h"
#include "retrieve/object_head.h"

namespace lucerna::retrieve {
namespace {

/// Each chunk costs a change of threads: what is small goes out together.
constexpr std::size_t kTogether = 64 * 1024;
constexpr std::size_t kMostNumbersOfXml = 4096;

/// One instance as an object of the DICOM JSON model.
std::string metadata_of(store::Archive& archive, const store::InstanceRow& row,
                        const std::string& base, DataSetForm::Kind form) {
    Head head = head_of(archive, row);
    dicom::DataSet& header = head.file.data_set();
    header.set_text(dicom::tags::kAvailableTransferSyntaxUid, row.transfer_syntax_uid);
    const std::string bulk_data = url_of(row, base) + "/bulkdata";
    dicom::JsonOptions options{.bulk_data_uri = bulk_data};
    if (form == DataSetForm::Kind::kXmlParts) options.list_limit = kMostNumbersOfXml;
    options = json_options_for(header, std::move(options));
    const MemoryBudget::Share of_json = room_for_json(options);
    std::string json = dicom::to_dicom_json(header, options);
    // The header ends before the pixels; what is told of them here stands for the element.
    if (row.head_bytes != 0 && !header.has(dicom::tags::kPixelData)) {
        const dicom::TransferSyntax* known = dicom::find_transfer_syntax(row.transfer_syntax_uid);
        const bool is_native = known && !known->encapsulated();
        const bool is_words = is_native && header.integer(dicom::tags::kBitsAllocated) > 8;
        json.pop_back();
        json += std::string(",\"7FE00010\":{\"vr\":\"") + (is_words ? "OW" : "OB") +
                "\",\"BulkDataURI\":" + json_quoted(bulk_data + "/7FE00010") + "}}";
    }
    return json;
}

/// An array of them, sent as they are made. What `next` throws ends it behind those before.
http::Stream array_of(std::function<std::optional<std::string>()> next) {
    return {[next = std::move(next), is_first = true, failure = std::exception_ptr()]() mutable {
        if (failure) std::rethrow_exception(failure);
        http::Chunk chunk;
        while (!chunk.last && chunk.bytes.size() < kTogether) {
            std::optional<std::string> item;
            try {
                item = next();
            } catch (...) {
                if (chunk.bytes.empty()) throw;
                failure = std::current_exception();
                break;
            }
            // Not put together first: an item may be of many megabytes.
            const std::string_view before = std::exchange(is_first, false) ? "[" : item ? "," : "";
            const std::string_view text = item ? std::string_view(*item) : "]";
            chunk.last = !item;
            if (text.size() > kTogether)
                chunk.bytes.reserve(chunk.bytes.size() + before.size() + text.size());
            for (const std::string_view part : {before, text})
                chunk.bytes.insert(chunk.bytes.end(), part.begin(), part.end());
        }
        return chunk;
    }};
}

}  // namespace

http::Response metadata(const http::Request& request, store::Archive& archive, const RunParts&,
                        const std::shared_ptr<Suspects>& suspects) {
    // Also of one instance XML is a part (PS3.18 10.4.1.1.2).
    const auto form = choose_form(accepted_by(request), Count::kMany);
    if (!form) return not_acceptable(request, kDataSetForms);
    std::vector<store::InstanceRow> rows = instances_named(request, archive);
    const std::string base = base_of(request);
    const std::string etag = etag_of(rows, "metadata " + form->content_type + base);
    if (auto same = unmodified(request, etag)) return *std::move(same);
    const auto left_out = std::make_shared<LeftOut>(request.id, suspects);
    std::vector<bool> is_out(rows.size());
    left_out->look_at_suspects(
        rows, is_out, [&](const auto& row) { (void)metadata_of(archive, row, base, form->kind); });
    const auto held = std::make_shared<HeldRows>(archive, std::move(rows), std::move(is_out));
    auto items = begun<std::string>(
        [&archive, held, base, left_out, kind = form->kind]() -> std::optional<std::string> {
            while (const auto row = held->next()) {
                if (auto json = left_out->unless_broken(row->sop_instance_uid, [&] {
                        return metadata_of(archive, *row, base, kind);
                    }))
                    return json;
            }
            return std::nullopt;
        },
        left_out);
    if (items.is_empty) throw left_out->first();
    http::Response response;
    if (form->kind == DataSetForm::Kind::kXmlParts) {
        response = xml_parts(std::move(items.next));
    } else {
        response.body = array_of(std::move(items.next));
        response.headers.set("Content-Type", form->content_type);
    }
    set_cache_headers(response, etag);
    if (!items.is_whole) let_nobody_keep(response);
    say_left_out(response, *left_out, IfPartial::k200);
    return response;
}

}  // namespace lucerna::retrieve
