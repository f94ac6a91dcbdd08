#include "dicom/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "dicom/tags.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

using testing::HasSubstr;
using testing::Not;

void name_it(DataSet& item, const std::string& code, const std::string& meaning) {
    DataSet& name = item.add_item(tags::kConceptNameCodeSequence);
    name.set_text(tags::kCodeValue, code);
    name.set_text(tags::kCodingSchemeDesignator, "DCM");
    name.set_text(tags::kCodeMeaning, meaning);
}

DataSet report_that_says(const std::string& text) {
    DataSet report;
    report.set_text(tags::kSpecificCharacterSet, "ISO_IR 192");
    report.set_text(tags::kSopClassUid, sop_class::kBasicTextSr);
    for (const Tag uid : {tags::kSopInstanceUid, tags::kStudyInstanceUid, tags::kSeriesInstanceUid})
        report.set_text(uid, "1.2.3");
    report.set_text(tags::kModality, "SR");
    report.set_text(tags::kValueType, "CONTAINER");
    report.set_text(tags::kContinuityOfContent, "SEPARATE");
    report.set_text(tags::kCompletionFlag, "COMPLETE");
    report.set_text(tags::kVerificationFlag, "UNVERIFIED");
    name_it(report, "121070", "Findings");
    DataSet& item = report.add_item(tags::kContentSequence);
    item.set_text(tags::kRelationshipType, "CONTAINS");
    item.set_text(tags::kValueType, "TEXT");
    name_it(item, "121071", "Finding");
    item.set_text(tags::kTextValue, text);
    return report;
}

std::string nowhere(const std::string&) {
    return {};
}

TEST(Document, IsHtmlPlainTextOrXml) {
    const DataSet report = report_that_says("Nothing of note in M\xC3\xBCller's films");
    const std::string html = render_document(report.clone(), DocumentForm::kHtml, nowhere);
    EXPECT_THAT(html, HasSubstr("<html>"));
    EXPECT_THAT(html, HasSubstr("M\xC3\xBCller"));
    EXPECT_THAT(render_document(report.clone(), DocumentForm::kPlain, nowhere),
                HasSubstr("M\xC3\xBCller's films"));
    EXPECT_THAT(render_document(report.clone(), DocumentForm::kXml, nowhere), HasSubstr("<?xml"));
}

TEST(Document, LetsNoReportWriteMarkup) {
    const DataSet report = report_that_says("<script>alert(1)</script>");
    for (const DocumentForm form : {DocumentForm::kHtml, DocumentForm::kXml})
        EXPECT_THAT(render_document(report.clone(), form, nowhere), Not(HasSubstr("<script")));
}

TEST(Document, LinksToWhatItRefersTo) {
    DataSet report = report_that_says("x");
    DataSet& item = report.add_item(tags::kContentSequence);
    item.set_text(tags::kRelationshipType, "CONTAINS");
    item.set_text(tags::kValueType, "IMAGE");
    DataSet& image = item.add_item(tags::kReferencedSopSequence);
    image.set_text(tags::kReferencedSopClassUid, sop_class::kDigitalMammographyForPresentation);
    image.set_text(tags::kReferencedSopInstanceUid, "1.2.840.9");
    std::string asked;
    const auto found =
        render_document(report.clone(), DocumentForm::kHtml, [&](const std::string& uid) {
            asked = uid;
            return std::string("/there/" + uid);
        });
    EXPECT_EQ(asked, "1.2.840.9");
    EXPECT_THAT(found, HasSubstr("<a href=\"/there/1.2.840.9\">"));
    EXPECT_THAT(render_document(report.clone(), DocumentForm::kHtml, nowhere),
                HasSubstr("<a title=\"not kept here\">"));
}

DataSet report_of(std::size_t items, const std::string& text) {
    DataSet report = report_that_says(text);
    for (std::size_t i = 1; i < items; ++i) {
        DataSet& item = report.add_item(tags::kContentSequence);
        item.set_text(tags::kRelationshipType, "CONTAINS");
        item.set_text(tags::kValueType, "TEXT");
        name_it(item, "121071", "Finding");
        item.set_text(tags::kTextValue, text);
    }
    return report;
}

TEST(Document, IsRefusedWhereItsTextIsOfManyMegabytes) {
    const DataSet report = report_of(20, std::string(200'000, '<'));
    for (const DocumentForm form : {DocumentForm::kHtml, DocumentForm::kXml}) {
        try {
            (void)render_document(report.clone(), form, nowhere);
            ADD_FAILURE();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
            EXPECT_THAT(error.what(), HasSubstr("too large"));
        }
    }
    EXPECT_GT(render_document(report_of(500, std::string(2'000, 'x')), DocumentForm::kHtml, nowhere)
                  .size(),
              1'000'000U);
}

TEST(Document, IsTheSameTextEachTime) {
    const DataSet report = report_of(30, "x");
    for (const DocumentForm form : {DocumentForm::kHtml, DocumentForm::kPlain, DocumentForm::kXml})
        EXPECT_EQ(render_document(report.clone(), form, nowhere),
                  render_document(report.clone(), form, nowhere));
}

TEST(Document, IsRefusedWhereItIsNone) {
    DataSet report = report_that_says("x");
    report.remove(tags::kValueType);
    report.remove(tags::kContentSequence);
    try {
        (void)render_document(report.clone(), DocumentForm::kHtml, nowhere);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    }
}

}  // namespace
}  // namespace lucerna::dicom
