#include "dicom/native_model.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/stored_instance.h"

namespace lucerna::dicom {
namespace {

using Json = nlohmann::json;

std::string why_refused(const std::string& document, std::string_view charset = {}) {
    try {
        (void)from_native_xml(document, XmlNumbers::kNumbers, charset);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
        return error.what();
    }
    return "taken";
}

std::string with(const std::string& inner) {
    return "<NativeDicomModel>" + inner + "</NativeDicomModel>";
}

TEST(NativeModel, IsWrittenAsTheStandardHasIt) {
    const Json set = Json::parse(R"({
        "00080020":{"vr":"DA"},
        "00100010":{"vr":"PN","Value":[{"Alphabetic":"Doe^Jane^^Dr","Ideographic":"A&B"}]},
        "00280010":{"vr":"US","Value":[512,null,3]},
        "00404018":{"vr":"SQ","Value":[{"00080100":{"vr":"SH","Value":["<1>"]}},null]},
        "00420011":{"vr":"OB","InlineBinary":"AAEC"},
        "00091001":{"vr":"LO","Value":["x\u0001y"]}})");
    EXPECT_EQ(
        to_native_xml(set),
        R"(<?xml version="1.0" encoding="UTF-8"?>)"
        R"(<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">)"
        R"(<DicomAttribute tag="00080020" vr="DA" keyword="StudyDate"/>)"
        R"(<DicomAttribute tag="00091001" vr="LO"><Value number="1">xy</Value></DicomAttribute>)"
        R"(<DicomAttribute tag="00100010" vr="PN" keyword="PatientName"><PersonName number="1">)"
        R"(<Alphabetic><FamilyName>Doe</FamilyName><GivenName>Jane</GivenName><NamePrefix>Dr</NamePrefix>)"
        R"(</Alphabetic><Ideographic><FamilyName>A&amp;B</FamilyName></Ideographic></PersonName>)"
        R"(</DicomAttribute><DicomAttribute tag="00280010" vr="US" keyword="Rows">)"
        R"(<Value number="1">512</Value><Value number="3">3</Value></DicomAttribute>)"
        R"(<DicomAttribute tag="00404018" vr="SQ" keyword="ScheduledWorkitemCodeSequence">)"
        R"(<Item number="1"><DicomAttribute tag="00080100" vr="SH" keyword="CodeValue">)"
        R"(<Value number="1">&lt;1&gt;</Value></DicomAttribute></Item><Item number="2"/></DicomAttribute>)"
        R"(<DicomAttribute tag="00420011" vr="OB" keyword="EncapsulatedDocument">)"
        R"(<InlineBinary>AAEC</InlineBinary></DicomAttribute></NativeDicomModel>)");
}

TEST(NativeModel, IsWrittenInPieces) {
    const Json item = Json::parse(R"({"00090010":{"vr":"LO","Value":["LUCERNA"]},
                                      "00091001":{"vr":"UT","Value":["a\r\n<b>"]}})");
    const Json set = {{"00081198", {{"vr", "SQ"}, {"Value", {item}}}}};
    EXPECT_EQ(to_native_xml(set),
              native_xml_begin() +
                  R"(<DicomAttribute tag="00081198" vr="SQ" keyword="FailedSOPSequence">)"
                  R"(<Item number="1">)" +
                  native_xml_attributes(item) + "</Item></DicomAttribute>" + native_xml_end());
    EXPECT_EQ(native_xml_attributes(Json::object()), "");
}

TEST(NativeModel, ComesBackAsItWas) {
    const Json set = Json::parse(R"({
        "00080020":{"vr":"DA"},
        "00080018":{"vr":"UI","Value":["1.2.3"]},
        "00100010":{"vr":"PN","Value":[{"Alphabetic":"M\u00fcller^Eva","Phonetic":"^^x"}]},
        "00280010":{"vr":"US","Value":[512,null,3]},
        "00280030":{"vr":"DS","Value":[0.25,-1]},
        "00404018":{"vr":"SQ","Value":[{"00080100":{"vr":"SH","Value":["<1>"]}},{}]},
        "00400400":{"vr":"LT","Value":[" two\nlines "]},
        "00420011":{"vr":"OB","InlineBinary":"AAEC"},
        "7FE00010":{"vr":"OW","BulkDataURI":"http://localhost/x?a=1&b=2"}})");
    EXPECT_EQ(from_native_xml(to_native_xml(set)), set);
}

TEST(NativeModel, KeepsTheLineBreaksOfTexts) {
    const Json set = Json::parse(R"({
        "0040A160":{"vr":"UT","Value":["one\r\ntwo\rthree\nfour\n\r"]},
        "00091001":{"vr":"LT","Value":["\r"]}, "00090010":{"vr":"LO","Value":["A"]}})");
    const std::string xml = to_native_xml(set);
    EXPECT_EQ(xml.find('\r'), std::string::npos) << "a reader would make a line feed of it";
    EXPECT_NE(xml.find("one&#xD;\ntwo&#xD;three\nfour\n&#xD;"), std::string::npos);
    EXPECT_EQ(from_native_xml(xml), set);
}

TEST(NativeModel, IsReadWithPrefixesCommentsAndSmallLetters) {
    const Json set = from_native_xml(
        R"(<?xml version="1.0"?><d:NativeDicomModel xmlns:d="http://x"><!-- c -->
           <d:DicomAttribute tag="0074100a" vr="UR"><d:Value number="1">a<!-- b -->c</d:Value>
           </d:DicomAttribute></d:NativeDicomModel>)");
    EXPECT_EQ(set, Json::parse(R"({"0074100A":{"vr":"UR","Value":["ac"]}})"));
}

// XML 1.0 4.3.3: what is in no encoding that is known, or not in the one that it says, is an error.
TEST(NativeModel, IsReadInItsEncodingOrRefused) {
    const auto document = [](const std::string& encoding, const std::string& name) {
        return "<?xml version=\"1.0\"" +
               (encoding.empty() ? encoding : " encoding='" + encoding + "'") +
               "?><NativeDicomModel><DicomAttribute tag=\"00081030\" vr=\"LO\"><Value "
               "number=\"1\">" +
               name + "</Value></DicomAttribute></NativeDicomModel>";
    };
    const auto name_in = [](const std::string& text, std::string_view charset = {}) {
        return from_native_xml(text, XmlNumbers::kNumbers, charset)["00081030"]["Value"][0]
            .get<std::string>();
    };
    const auto in_utf16 = [](const std::string& latin1) {
        std::string text = "\xFF\xFE";
        for (const char c : latin1) text += {c, '\0'};
        return text;
    };
    const std::string utf8 = "M\xC3\xBCller";
    const std::string latin1 = "M\xFCller";
    EXPECT_EQ(name_in(document("", utf8)), utf8);
    EXPECT_EQ(name_in(document("utf-8", utf8)), utf8);
    EXPECT_EQ(name_in("\xEF\xBB\xBF" + document("UTF-8", utf8)), utf8);
    EXPECT_EQ(name_in(document("iso-8859-1", latin1)), utf8);
    EXPECT_EQ(name_in(in_utf16(document("UTF-16", latin1))), utf8);
    EXPECT_EQ(name_in(in_utf16(document("", latin1))), utf8);
    EXPECT_EQ(name_in(document("utf-16", utf8)), utf8) << "as some programs say of UTF-8";
    // RFC 7303 3.2: a mark says it, else the media type, else the declaration.
    EXPECT_EQ(name_in(document("utf-8", latin1), "ISO-8859-1"), utf8);
    EXPECT_EQ(name_in(document("iso-8859-1", utf8), "utf-8"), utf8);
    EXPECT_EQ(name_in("\xEF\xBB\xBF" + document("", utf8), "iso-8859-1"), utf8);
    EXPECT_EQ(name_in(in_utf16(document("", latin1)), "utf-8"), utf8);
    EXPECT_NE(why_refused(document("", "M"), "windows-1252").find("WINDOWS-1252"),
              std::string::npos);
    std::string half = in_utf16(document("", "Mxller"));
    half.replace(half.find('x'), 2, std::string("\x3D\xD8", 2));
    EXPECT_NE(why_refused(half).find("no UTF-16"), std::string::npos);
    EXPECT_NE(why_refused(half.substr(0, half.size() - 1)).find("no UTF-16"), std::string::npos);
    EXPECT_NE(why_refused(document("windows-1252", latin1)).find("WINDOWS-1252"),
              std::string::npos);
    EXPECT_NE(why_refused(document("Shift_JIS", "M")).find("SHIFT_JIS"), std::string::npos);
    EXPECT_NE(why_refused(document("UTF-8", latin1)).find("no UTF-8"), std::string::npos);
    EXPECT_NE(why_refused(document("", latin1)).find("no UTF-8"), std::string::npos);
}

TEST(NativeModel, NamesThePrivateCreatorInsteadOfItsBlock) {
    const Json set = Json::parse(R"({
        "00090010":{"vr":"LO","Value":["A"]},
        "00090011":{"vr":"LO","Value":["B & C"]},
        "00091001":{"vr":"UT","Value":["of A"]},
        "00091101":{"vr":"SQ","Value":[{"00110010":{"vr":"LO","Value":["A"]},
                                        "001110FF":{"vr":"US","Value":[7]}}]},
        "00091201":{"vr":"LO","Value":["of nobody"]}})");
    const std::string xml = to_native_xml(set);
    for (const char* part :
         {R"(<DicomAttribute tag="00090010" vr="LO">)",
          R"(<DicomAttribute tag="00090001" vr="UT" privateCreator="A">)",
          R"(<DicomAttribute tag="00090001" vr="SQ" privateCreator="B &amp; C">)",
          R"(<DicomAttribute tag="001100FF" vr="US" privateCreator="A">)",
          R"(<DicomAttribute tag="00091201" vr="LO">)"})
        EXPECT_NE(xml.find(part), std::string::npos) << part << " in " << xml;
    EXPECT_EQ(from_native_xml(xml), set);
}

TEST(NativeModel, ReservesABlockForAPrivateCreatorThatHasNone) {
    EXPECT_EQ(
        from_native_xml(with(R"(<DicomAttribute tag="00090001" vr="LO" privateCreator="A"/>)"
                             R"(<DicomAttribute tag="00090001" vr="US" privateCreator="B"/>)"
                             R"(<DicomAttribute tag="00091102" vr="LO" privateCreator="A"/>)"
                             R"(<DicomAttribute tag="00091005" vr="LO"/>)"
                             R"(<DicomAttribute tag="00090013" vr="LO"><Value number="1">B</Value>)"
                             "</DicomAttribute>")),
        Json::parse(R"({"00091005":{"vr":"LO"},
                              "00090011":{"vr":"LO","Value":["A"]},
                              "00090013":{"vr":"LO","Value":["B"]},
                              "00091101":{"vr":"LO"},"00091102":{"vr":"LO"},
                              "00091301":{"vr":"US"}})"));
    std::string crowd;
    for (int i = 0; i < 300; ++i)
        crowd += "<DicomAttribute tag=\"00090001\" vr=\"LO\" privateCreator=\"" +
                 std::to_string(i) + "\"/>";
    EXPECT_NE(why_refused(with(crowd)).find("no block left"), std::string::npos);
}

TEST(NativeModel, TakesAUuidOfBulkDataForItsName) {
    EXPECT_EQ(
        from_native_xml(with(R"(<DicomAttribute tag="7FE00010" vr="OW"><BulkData uuid="a-b"/>)"
                             "</DicomAttribute>")),
        Json::parse(R"({"7FE00010":{"vr":"OW","BulkDataURI":"a-b"}})"));
}

std::string error_of_patient_id(const std::string& raw, const std::string& before = "",
                                const std::string& after = "") {
    return test::error_of([&] {
        (void)from_native_xml(before +
                              R"(<NativeDicomModel><DicomAttribute tag="00100020" vr="LO">)"
                              R"(<Value number="1">)" +
                              raw + "</Value></DicomAttribute></NativeDicomModel>" + after);
    });
}

TEST(NativeModel, TakesNoValueThatXmlDoesNotHave) {
    for (const char* raw : {"AB&lt;C", "A&#66;C", "&#x1F600;", "a<!-- b -->c", "<![CDATA[a&b<c]]>"})
        EXPECT_EQ(error_of_patient_id(raw), "none") << raw;
    for (const char* raw : {"AB&#0;C", "AB&#x0;C", "AB&#xZZ;C", "AB&uuml;C", "AB & C",
                            "AB&#xD800;C", "AB&#x110000;C", "AB&#xFFFE;C",
                            "AB\x01"
                            "C",
                            "AB&;C", "AB&#;C", "AB&#-65;C"})
        EXPECT_EQ(error_of_patient_id(raw), "invalid-input") << raw;
    EXPECT_EQ(error_of_patient_id(std::string("A\0B", 3)), "invalid-input");
    const char* const kDocumentType = "<!DOCTYPE NativeDicomModel [<!ENTITY u \"Z\">]>";
    EXPECT_EQ(error_of_patient_id("A", kDocumentType), "none");
    EXPECT_EQ(error_of_patient_id("A&u;", kDocumentType), "invalid-input");
    EXPECT_EQ(error_of_patient_id("A", "", "<x/>"), "invalid-input") << "two roots";
    EXPECT_EQ(error_of_patient_id("A", "", "text"), "invalid-input");
    EXPECT_EQ(error_of_patient_id("A", "", "<![CDATA[text]]>"), "invalid-input");
    EXPECT_EQ(error_of_patient_id("A", "<?xml version='1.0'?>\n<!-- a -->\n", "\n<!-- b -->\n"),
              "none");
    EXPECT_EQ(
        test::error_of([] {
            (void)from_native_xml(R"(<NativeDicomModel><DicomAttribute tag="00080060" vr="CS" )"
                                  R"(vr="LO"/></NativeDicomModel>)");
        }),
        "invalid-input");
    const auto set = from_native_xml(
        R"(<NativeDicomModel><DicomAttribute tag="00090010" vr="LO" privateCreator="A &amp; B">)"
        R"(<Value number="1">x &#233; &apos;y&apos;</Value></DicomAttribute></NativeDicomModel>)");
    EXPECT_NE(set.dump().find("x \xC3\xA9 'y'"), std::string::npos);
    EXPECT_NE(set.dump().find("A & B"), std::string::npos);
}

TEST(NativeModel, RefusesWhatIsNone) {
    for (const char* document : {"", "no XML", "<a>", "<NativeDicomModel>", "{}"})
        EXPECT_NE(why_refused(document), "taken") << document;
    EXPECT_NE(why_refused("<Other/>").find("its root"), std::string::npos);
    EXPECT_NE(why_refused(with("<Other/>")).find("no DicomAttribute"), std::string::npos);
    EXPECT_NE(
        why_refused(with("<DicomAttribute tag=\"1234\" vr=\"LO\"/>")).find("no DicomAttribute"),
        std::string::npos);
    EXPECT_NE(why_refused(with("<DicomAttribute tag=\"00081030\"/>")).find("has no VR"),
              std::string::npos);
    EXPECT_NE(why_refused(with("<DicomAttribute tag=\"00081030\" vr=\"l\x01\"/>")), "taken");
    std::string flood;
    for (int i = 0; i < 500'001; ++i) flood += "<a/>";
    EXPECT_NE(why_refused(with(flood)).find("more than 500000"), std::string::npos);
    const auto in_text = [](const std::string& inner) {
        return with("<DicomAttribute tag=\"00081030\" vr=\"LO\">" + inner + "</DicomAttribute>");
    };
    EXPECT_NE(why_refused(in_text("<Item number=\"1\"/>")).find("but VR LO"), std::string::npos);
    for (const char* number : {"", "0", "-1", "x", "4000000000", "66"})
        EXPECT_NE(why_refused(in_text("<Value number=\"" + std::string(number) + "\">a</Value>"))
                      .find("numbered"),
                  std::string::npos)
            << number;
    EXPECT_NE(why_refused(in_text("").insert(18, "<DicomAttribute tag=\"00081030\" vr=\"LO\"/>"))
                  .find("there twice"),
              std::string::npos);
    std::string deep;
    for (int i = 0; i < 40; ++i)
        deep += "<DicomAttribute tag=\"00404018\" vr=\"SQ\"><Item number=\"1\">";
    for (int i = 0; i < 40; ++i) deep += "</Item></DicomAttribute>";
    EXPECT_NE(why_refused(with(deep)).find("nests"), std::string::npos);
}

}  // namespace
}  // namespace lucerna::dicom
