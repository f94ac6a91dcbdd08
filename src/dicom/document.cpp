// The one place that includes DCMTK's structured reports.
#include "dicom/document.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmsr/dsrdoc.h>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <sstream>

#include "base/error.h"
#include "dicom/dcmtk_log.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

[[noreturn]] void refuse(const OFCondition& why) {
    throw Error(ErrorCode::kUnsupported,
                std::string("as a structured report it is not understood: ") + why.text());
}

void require(const OFCondition& outcome) {
    if (outcome.bad()) refuse(outcome);
}

/// Lenient: what other systems write is to be shown, not judged.
std::size_t reading_flags() {
    return DSRTypes::RF_acceptUnknownRelationshipType | DSRTypes::RF_acceptInvalidContentItemValue |
           DSRTypes::RF_ignoreRelationshipConstraints | DSRTypes::RF_skipInvalidContentItems;
}

/// DCMTK's links are "PREFIX?image=CLASS+INSTANCE", and more behind it.
void point_links(std::string& html, const AddressOf& address_of) {
    const std::string link = "href=\"" HTML_HYPERLINK_PREFIX_FOR_CGI "?";
    for (std::size_t at = html.find(link); at != std::string::npos; at = html.find(link, at)) {
        const std::size_t end = std::min(html.find('"', at + link.size()), html.size() - 1);
        const std::string query = html.substr(at + link.size(), end - at - link.size());
        const std::size_t uid = std::min(query.find('+'), query.size() - 1) + 1;
        const std::string address =
            address_of(query.substr(uid, query.find_first_not_of("0123456789.", uid) - uid));
        html.replace(at, end + 1 - at,
                     address.empty() ? "title=\"not kept here\"" : "href=\"" + address + "\"");
    }
}

/// DCMTK numbers a report's items by what it has read since the program began: anew from 1, so that
/// a report is the same text each time. `marks` are markup: quotes are escaped in what a report
/// says.
void number_items(std::string& text, std::initializer_list<std::string> marks) {
    std::map<std::string, std::size_t> numbers;
    for (const std::string& mark : marks)
        for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
            at += mark.size();
            const std::size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
            if (end == at) continue;
            const auto number =
                numbers.emplace(text.substr(at, end - at), numbers.size() + 1).first->second;
            text.replace(at, end - at, std::to_string(number));
        }
}

}  // namespace

std::string render_document(const DataSet& report, DocumentForm form, const AddressOf& address_of) {
    silence_dcmtk();
    const Bytes part10 = report.to_part10(transfer_syntax::kExplicitVrLittleEndian);
    DcmInputBufferStream stream;
    stream.setBuffer(part10.data(), static_cast<offile_off_t>(part10.size()));
    stream.setEos();
    DcmFileFormat file;
    file.transferInit();
    require(file.read(stream, EXS_Unknown, EGL_noChange));
    file.transferEnd();
    require(file.convertToUTF8());
    DSRDocument document;
    require(document.read(*file.getDataset(), reading_flags()));
    std::ostringstream out;
    if (form == DocumentForm::kHtml)
        require(document.renderHTML(out, DSRTypes::HF_addDocumentTypeReference |
                                             DSRTypes::HF_omitGeneratorMetaElement |
                                             DSRTypes::HF_useCodeMeaningAsUnit));
    else if (form == DocumentForm::kXml)
        require(document.writeXML(out, DSRTypes::XF_writeTemplateIdentification));
    else
        require(document.print(out, 0));
    std::string text = out.str();
    if (form == DocumentForm::kHtml) {
        point_links(text, address_of);
        number_items(text, {"=\"content_item_", "=\"#content_item_", "=\"footnote_src_",
                            "=\"#footnote_src_", "=\"footnote_dst_", "=\"#footnote_dst_"});
    }
    if (form == DocumentForm::kXml) number_items(text, {" id=\"", " ref=\""});
    return text;
}

}  // namespace lucerna::dicom
