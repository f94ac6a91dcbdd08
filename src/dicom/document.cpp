// The one place that includes DCMTK's structured reports.
#include "dicom/document.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmsr/dsrdoc.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <span>
#include <streambuf>
#include <string_view>
#include <utility>

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

/// What DCMTK writes, up to kMostDocumentBytes: of the rest nothing is kept.
class BoundedText final : public std::streambuf {
  public:
    [[nodiscard]] std::string take() {
        if (is_full_)
            throw Error(ErrorCode::kUnsupported,
                        "the report is too large to be rendered: ask for the object");
        return std::move(text_);
    }

  private:
    int_type overflow(int_type letter) override {
        const char one = traits_type::to_char_type(letter);
        return xsputn(&one, 1) == 1 ? traits_type::not_eof(letter) : traits_type::eof();
    }
    std::streamsize xsputn(const char* text, std::streamsize count) override {
        const auto size = static_cast<std::size_t>(count);
        is_full_ = is_full_ || size > kMostDocumentBytes - text_.size();
        if (is_full_) return 0;
        text_.append(text, size);
        return count;
    }

    std::string text_;
    bool is_full_ = false;
};

DcmFileFormat file_of(DataSet report) {
    const Bytes part10 = report.to_part10(transfer_syntax::kExplicitVrLittleEndian);
    report = DataSet();
    DcmInputBufferStream stream;
    stream.setBuffer(part10.data(), static_cast<offile_off_t>(part10.size()));
    stream.setEos();
    DcmFileFormat file;
    file.transferInit();
    require(file.read(stream, EXS_Unknown, EGL_noChange));
    file.transferEnd();
    require(file.convertToUTF8());
    return file;
}

/// As DCMTK writes it.
std::string written(DataSet report, DocumentForm form) {
    DSRDocument document;
    require(document.read(*file_of(std::move(report)).getDataset(), reading_flags()));
    BoundedText text;
    std::ostream out(&text);
    // That a stream takes no more is no error to DCMTK, or one of many.
    const OFCondition outcome =
        form == DocumentForm::kHtml
            ? document.renderHTML(out, DSRTypes::HF_addDocumentTypeReference |
                                           DSRTypes::HF_omitGeneratorMetaElement |
                                           DSRTypes::HF_useCodeMeaningAsUnit)
        : form == DocumentForm::kXml
            ? document.writeXML(out, DSRTypes::XF_writeTemplateIdentification)
            : document.print(out, 0);
    std::string result = text.take();
    require(outcome);
    return result;
}

/// Looked for at most, of what a report refers to.
constexpr std::size_t kMostAddresses = 1'000;

/// DCMTK's links are "PREFIX?image=CLASS+INSTANCE", and more behind it. Its name for the prefix
/// differs between versions, the prefix does not.
constexpr std::string_view kLink = "href=\"http://localhost/dicom.cgi?";

/// Where digits follow, DCMTK numbers a report's items by what it has read since the program began.
constexpr std::string_view kHtmlNumbers[] = {"=\"content_item_", "=\"#content_item_",
                                             "=\"footnote_src_", "=\"#footnote_src_",
                                             "=\"footnote_dst_", "=\"#footnote_dst_"};
constexpr std::string_view kXmlNumbers[] = {" id=\"", " ref=\""};

/// Markup, anew: quotes are escaped in what a report says.
class Rewriting {
  public:
    Rewriting(std::string_view text, const AddressOf& address_of)
        : text_(text), address_of_(address_of) {}

    [[nodiscard]] std::string html() {
        return rewritten([this](std::size_t at) {
            const std::size_t link = kLink.find('=');
            if (at >= link && stands(kLink, at - link))
                link_to(at - link);
            else
                number(kHtmlNumbers, at);
        });
    }
    [[nodiscard]] std::string xml() {
        return rewritten([this](std::size_t at) { number(kXmlNumbers, at); });
    }

  private:
    /// In one pass: `attribute` is told where each value of one begins, at its equals sign.
    template <typename Attribute>
    std::string rewritten(Attribute attribute) {
        for (std::size_t at = 0; (at = text_.find("=\"", at)) != std::string_view::npos; at += 2)
            if (at >= from_) attribute(at);
        return std::move(result_.append(text_.substr(from_)));
    }
    [[nodiscard]] bool stands(std::string_view mark, std::size_t at) const {
        return text_.substr(at, mark.size()) == mark;
    }
    /// In place of what is from there to `end`.
    void put(std::size_t at, std::size_t end, std::string_view instead) {
        result_.append(text_.substr(from_, at - from_)).append(instead);
        from_ = end;
    }
    /// From 1, so that a report is the same text each time.
    void number(std::span<const std::string_view> marks, std::size_t at) {
        for (const std::string_view mark : marks) {
            const std::size_t equals = mark.find('=');
            if (at < equals || !stands(mark, at - equals)) continue;
            const std::size_t first = at - equals + mark.size();
            const std::size_t end =
                std::min(text_.find_first_not_of("0123456789", first), text_.size());
            if (end == first) return;
            const auto known =
                numbers_.emplace(text_.substr(first, end - first), numbers_.size() + 1);
            return put(first, end, std::to_string(known.first->second));
        }
    }
    void link_to(std::size_t at) {
        const std::size_t begin = at + kLink.size();
        const std::size_t end = std::min(text_.find('"', begin), text_.size() - 1);
        const std::string_view query = text_.substr(begin, end - begin);
        const std::size_t plus = std::min(query.find('+'), query.size() - 1) + 1;
        const std::string uid(
            query.substr(plus, query.find_first_not_of("0123456789.", plus) - plus));
        if (!addresses_.contains(uid) && addresses_.size() < kMostAddresses)
            addresses_[uid] = address_of_(uid);
        const auto known = addresses_.find(uid);
        const bool is_there = known != addresses_.end() && !known->second.empty();
        put(at, end + 1, is_there ? "href=\"" + known->second + "\"" : "title=\"not kept here\"");
    }

    const std::string_view text_;
    const AddressOf& address_of_;
    std::string result_;
    std::size_t from_ = 0;
    std::map<std::string_view, std::size_t> numbers_;
    std::map<std::string, std::string> addresses_;
};

}  // namespace

std::string render_document(DataSet report, DocumentForm form, const AddressOf& address_of) {
    silence_dcmtk();
    std::string text = written(std::move(report), form);
    if (form == DocumentForm::kHtml) return Rewriting(text, address_of).html();
    if (form == DocumentForm::kXml) return Rewriting(text, address_of).xml();
    return text;
}

}  // namespace lucerna::dicom
