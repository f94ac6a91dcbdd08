#include "dicom/charset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "dicom/data_set.h"
#include "dicom/message_data_set.h"

namespace lucerna::dicom {
namespace {

constexpr std::string_view kOfNames = "\\^=";
const std::string kExplicit(transfer_syntax::kExplicitVrLittleEndian);

struct Case {
    const char* character_set;
    std::string bytes;
    const char* utf8;
};

/// What both ways agree on. Names of PS3.5 Annexes H, I and K among them.
const Case kBoth[] = {
    {"ISO_IR 100", "Buc^J\xE9r\xF4me", "Buc^Jérôme"},
    {"ISO_IR 101", "Wa\xB3\xEAsa", "Wałęsa"},
    {"ISO_IR 144", "\xBB\xEE\xDA\xE1", "Люкс"},
    {"ISO_IR 126", "\xC4\xE9\xEF\xED", "Διον"},
    {"ISO_IR 203", "\xBCuvre \xA4", "Œuvre €"},
    {"ISO 2022 IR 203", "\xBCuvre", "Œuvre"},
    {"\\ISO 2022 IR 203", "\x1B-b\xBCuvre", "Œuvre"},
    {"ISO_IR 166", "\xB9\xD2^x", "นา^x"},
    {"ISO_IR 13", "\xD4\xCF\xC0\xDE^\xC0\xDB\xB3", "ﾔﾏﾀﾞ^ﾀﾛｳ"},
    {"GB18030", "Wang=\xCD\xF5", "Wang=王"},
    {"\\ISO 2022 IR 87",
     "Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B=\x1B$B$d$^$@\x1B(B^\x1B$B$?$m$&\x1B(B",
     "Yamada^Tarou=山田^太郎=やまだ^たろう"},
    {"ISO 2022 IR 13\\ISO 2022 IR 87",
     "\xD4\xCF\xC0\xDE^\xC0\xDB\xB3=\x1B$B;3ED\x1B(J^\x1B$BB@O:\x1B(J=\x1B$B$d$^$@\x1B(J^"
     "\x1B$B$?$m$&\x1B(J",
     "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"},
    {"\\ISO 2022 IR 87\\ISO 2022 IR 159", "A=\x1B$B;3\x1B$(D0\"\x1B(B", "A=山丄"},
    {"\\ISO 2022 IR 149",
     "Hong^Gildong=\x1B$)C\xFB\xF3^\x1B$)C\xD1\xCE\xD4\xD7=\x1B$)C\xC8\xAB^\x1B$)C\xB1\xE6\xB5\xBF",
     "Hong^Gildong=洪^吉洞=홍^길동"},
    {"\\ISO 2022 IR 58",
     "Zhang^XiaoDong=\x1B$)A\xD5\xC5^\x1B$)A\xD0\xA1\xB6\xAB=", "Zhang^XiaoDong=张^小东="},
    {"ISO 2022 IR 6\\ISO 2022 IR 100\\ISO 2022 IR 144", "Dio=\x1B-A\xC4\xE4=\x1B-L\xBB\xEE",
     "Dio=Ää=Лю"},
    {"ISO 2022 IR 100\\ISO 2022 IR 126", "J\xE9r=\x1B-F\xC4\xE9\x1B-A=\xE9", "Jér=Δι=é"},
};

DataSet named(const std::string& name) {
    DataSet set;
    set.set_text(tags::kPatientName, name);
    return set;
}

TEST(Charset, ReadsEachSet) {
    for (const Case& one : kBoth)
        EXPECT_EQ(to_utf8(one.bytes, one.character_set, kOfNames), one.utf8) << one.character_set;
}

TEST(Charset, WritesEachSetAsItIsRead) {
    for (const Case& one : kBoth) {
        const Bytes message = write_message(named(one.utf8), kExplicit, one.character_set);
        EXPECT_NE(as_text(message).find(one.bytes), std::string_view::npos) << one.character_set;
        const MessageDataSet read = read_message(Bytes(message), kExplicit);
        EXPECT_EQ(read.data_set.text(tags::kPatientName), one.utf8) << one.character_set;
        EXPECT_EQ(read.character_set, one.character_set);
    }
}

TEST(Charset, ReadsWhatOthersWriteLessStrictly) {
    const Case kRead[] = {
        // Designated once for the whole value; not at all; two in one group.
        {"\\ISO 2022 IR 149", "\x1B$)C\xC8\xAB^\xB1\xE6\xB5\xBF", "홍^길동"},
        {"\\ISO 2022 IR 149", "\xC8\xAB^\xB1\xE6", "홍^길"},
        {"ISO 2022 IR 149", "\xC8\xAB", "홍"},
        {"ISO 2022 IR 87", "\x1B$B;3\x1B(B", "山"},
        {"\\ISO 2022 IR 144\\ISO 2022 IR 100", "A=\x1B-L\xBB\xEE=\x1B-A\xC4\xE4", "A=Лю=Ää"},
        {"\\ISO 2022 IR 144\\ISO 2022 IR 100", "\x1B-L\xBB\x1B-A\xC4", "ЛÄ"},
        {"ISO_IR 100 ", "\xE9", "é"},
        {"ISO-IR 100", "\xE9", "é"},
        // What makes no sense is UTF-8 or else Latin-1.
        {"ISO_IR 13", "J\xC3\xA9\x1B!", "Jé\x1B!"},
        {"\\ISO 2022 IR 87", "\x1B$B;\x1B(B\xE9", "\x1B$B;\x1B(Bé"},
        {"\\ISO 2022 IR 149", "\x1B$)C\xC8", "\x1B$)CÈ"},
        {"no such set", "J\xE9r", "Jér"},
    };
    for (const Case& one : kRead)
        EXPECT_EQ(to_utf8(one.bytes, one.character_set, kOfNames), one.utf8) << one.character_set;
}

TEST(Charset, AnswersInUtf8WhatASetDoesNotHold) {
    const Case kLost[] = {{"ISO_IR 13", "", "山田"},         {"ISO_IR 13", "", "表^能"},
                          {"ISO_IR 100", "", "Ł"},           {"ISO_IR 6", "", "é"},
                          {"\\ISO 2022 IR 149", "", "שלום"}, {"\\ISO 2022 IR 87", "", "ﾔﾏ"},
                          {"no such set", "", "é"},          {"ISO_IR 192", "", "é"}};
    for (const Case& one : kLost) {
        const MessageDataSet read =
            read_message(write_message(named(one.utf8), kExplicit, one.character_set), kExplicit);
        EXPECT_EQ(read.data_set.text(tags::kPatientName), one.utf8) << one.character_set;
        EXPECT_EQ(read.character_set, "ISO_IR 192") << one.character_set;
    }
}

TEST(Charset, SaysWhatIsNoFirstValueAsASecondOne) {
    const MessageDataSet read =
        read_message(write_message(named("山"), kExplicit, "ISO 2022 IR 87"), kExplicit);
    EXPECT_EQ(read.character_set, "\\ISO 2022 IR 87");
    EXPECT_EQ(read.data_set.text(tags::kPatientName), "山");
}

TEST(Charset, PartsTextsWhereLinesAndValuesEnd) {
    DataSet set;
    set.set_text({0x0010, 0x4000}, "山\r\n田\\x");
    set.set_text(tags::kStudyDescription, "山\\田");
    const Bytes message = write_message(set, kExplicit, "\\ISO 2022 IR 87");
    const std::string_view text = as_text(message);
    EXPECT_NE(text.find("\x1B$B;3\x1B(B\r\n\x1B$BED\x1B(B\\x"), text.npos);
    EXPECT_NE(text.find("\x1B$B;3\x1B(B\\\x1B$BED\x1B(B"), text.npos);
}

TEST(Charset, TakesNoMoreThanSomeMegabytesThatItHasToConvert) {
    const auto with = [](std::string_view character_set, std::size_t count,
                         std::string_view letter) {
        DataSet set;
        set.set_text(tags::kPatientId, "P1");
        std::string text;
        for (std::size_t i = 0; i < count; ++i) text += letter;
        set.set_bytes({0x0032, 0x4000}, "UT", Bytes(text.begin(), text.end()));
        set.set_bytes({0x0040, 0xA160}, "UT", Bytes(text.begin(), text.end()));
        Bytes message = write_message(set, kExplicit, "");
        const std::string_view said = as_text(message);
        const std::size_t at = said.find("ISO_IR 192");
        if (at != said.npos)
            std::copy(character_set.begin(), character_set.end(),
                      message.begin() + static_cast<std::ptrdiff_t>(at));
        return message;
    };
    constexpr std::size_t kHalf = kMostConvertedText / 2;
    const auto length = [](const MessageDataSet& read) {
        return read.data_set.text({0x0040, 0xA160}).value().size();
    };
    EXPECT_EQ(length(read_message(with("ISO_IR 100", kHalf / 2, "é"), kExplicit)), 2 * kHalf);
    EXPECT_THROW((void)read_message(with("ISO_IR 100", kHalf / 2 + 1, "é"), kExplicit), Error);
    EXPECT_EQ(length(read_message(with("ISO_IR 192", 2 * kHalf, "é"), kExplicit)), 4 * kHalf)
        << "there is nothing to do";
}

}  // namespace
}  // namespace lucerna::dicom
