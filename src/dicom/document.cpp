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

/// Looked for at most, of what a report refers to.
constexpr std::size_t kMostAddresses = 1'000;

/// DCMTK's links are "PREFIX?image=CLASS+INSTANCE", and more behind it. Its name for the prefix
/// differs between versions, the prefix does not.
std::string with_links(const std::string& html, const AddressOf& address_of) {
    const std::string link = "href=\"http://localhost/dicom.cgi?";
    std::map<std::string, std::string> addresses;
    std::string result;
    std::size_t from = 0;
    for (std::size_t at = html.find(link); at != std::string::npos; at = html.find(link, from)) {
        const std::size_t end = std::min(html.find('"', at + link.size()), html.size() - 1);
        const std::string query = html.substr(at + link.size(), end - at - link.size());
        const std::size_t begin = std::min(query.find('+'), query.size() - 1) + 1;
        const std::string uid =
            query.substr(begin, query.find_first_not_of("0123456789.", begin) - begin);
        if (!addresses.contains(uid) && addresses.size() < kMostAddresses)
            addresses[uid] = address_of(uid);
        const auto known = addresses.find(uid);
        const bool is_there = known != addresses.end() && !known->second.empty();
        result.append(html, from, at - from);
        result += is_there ? "href=\"" + known->second + "\"" : "title=\"not kept here\"";
        from = end + 1;
    }
    return result.append(html, from);
}

/// DCMTK numbers a report's items by what it has read since the program began: anew from 1, so that
/// a report is the same text each time. `marks` are markup: quotes are escaped in what a report
/// says.
std::string numbered_anew(std::string text, std::initializer_list<std::string> marks) {
    std::map<std::string, std::size_t> numbers;
    for (const std::string& mark : marks) {
        std::string result;
        std::size_t from = 0;
        for (std::size_t at = text.find(mark); at != std::string::npos;
             at = text.find(mark, from)) {
            at += mark.size();
            const std::size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
            result.append(text, from, at - from);
            if (end > at)
                result += std::to_string(
                    numbers.emplace(text.substr(at, end - at), numbers.size() + 1).first->second);
            from = end;
        }
        text = result.append(text, from);
    }
    return text;
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
    if (form == DocumentForm::kHtml)
        return numbered_anew(with_links(out.str(), address_of),
                             {"=\"content_item_", "=\"#content_item_", "=\"footnote_src_",
                              "=\"#footnote_src_", "=\"footnote_dst_", "=\"#footnote_dst_"});
    if (form == DocumentForm::kXml) return numbered_anew(out.str(), {" id=\"", " ref=\""});
    return out.str();
}

}  // namespace lucerna::dicom
