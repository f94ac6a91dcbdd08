#include "dicom/coding.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "dicom/data_set.h"
#include "dicom/part10_head.h"

namespace lucerna::dicom {
namespace {

constexpr std::string_view kUnknown = "1.2.3.4.5.6";
const std::string kClass = "1.2.840.10008.5.1.4.1.1.7";
const std::string kInstance = "1.2.3.45";

/// An element of VR UI or LO in some encoding.
void put(Bytes& out, const Encoding& encoding, Tag tag, std::string_view vr, std::string value) {
    if (value.size() % 2 == 1) value += vr == "UI" ? '\0' : ' ';
    const auto number = [&](std::uint32_t what, int bytes) {
        for (int i = 0; i < bytes; ++i) {
            const int shift = 8 * (encoding.little_endian ? i : bytes - 1 - i);
            out.push_back(static_cast<std::uint8_t>(what >> shift));
        }
    };
    number(tag.group, 2);
    number(tag.element, 2);
    if (encoding.explicit_vr) out.insert(out.end(), vr.begin(), vr.end());
    number(static_cast<std::uint32_t>(value.size()), encoding.explicit_vr ? 2 : 4);
    out.insert(out.end(), value.begin(), value.end());
}

Bytes object(const Encoding& encoding) {
    Bytes out;
    put(out, encoding, {0x0008, 0x0005}, "CS", "ISO_IR 100");
    put(out, encoding, {0x0008, 0x0016}, "UI", kClass);
    put(out, encoding, {0x0008, 0x0018}, "UI", kInstance);
    put(out, encoding, {0x0010, 0x0020}, "LO", "PATIENT");
    return out;
}

struct Case {
    const char* name;
    Coding coding;
};
const Case kCases[] = {{"explicit little endian", {{true, true}, false}},
                       {"implicit little endian", {{false, true}, false}},
                       {"explicit big endian", {{true, false}, false}},
                       {"deflated", {{true, true}, true}}};

Bytes object_of(const Case& one) {
    const Bytes plain = object(one.coding.elements);
    return one.coding.deflated ? deflated(plain) : plain;
}

TEST(Coding, OfAnUnknownSyntaxIsToldByTheBytes) {
    for (const Case& one : kCases) {
        const auto found = coding_of(kUnknown, object_of(one));
        ASSERT_TRUE(found) << one.name;
        EXPECT_EQ(found->elements.explicit_vr, one.coding.elements.explicit_vr) << one.name;
        EXPECT_EQ(found->elements.little_endian, one.coding.elements.little_endian) << one.name;
        EXPECT_EQ(found->deflated, one.coding.deflated) << one.name;
    }
}

TEST(Coding, LetsObjectsInUnknownSyntaxesBeRead) {
    const ObjectHead head{kClass, kInstance, std::string(kUnknown)};
    for (const Case& one : kCases) {
        Bytes file = part10_head(head, "");
        const Bytes data_set = object_of(one);
        EXPECT_EQ(head_of_data_set(data_set, head.transfer_syntax_uid), head) << one.name;
        file.insert(file.end(), data_set.begin(), data_set.end());
        EXPECT_EQ(DataSet::parse(file).text(tags::kPatientId), "PATIENT") << one.name;
        EXPECT_EQ(DataSet::header_in(file).text(tags::kPatientId), "PATIENT") << one.name;
    }
}

TEST(Coding, OfWhatIsNoObjectIsNotGuessed) {
    EXPECT_FALSE(coding_of(kUnknown, {}));
    EXPECT_FALSE(coding_of(kUnknown, Bytes(1000, 0)));
    EXPECT_FALSE(coding_of(kUnknown, Bytes(1000, 'A')));
    for (const Case& one : kCases) {
        const Bytes whole = object_of(one);
        EXPECT_FALSE(coding_of(kUnknown, ByteView(whole).first(30))) << one.name;
    }
    Bytes no_class;
    put(no_class, {true, true}, {0x0008, 0x0018}, "UI", kInstance);
    EXPECT_FALSE(coding_of(kUnknown, no_class));
    EXPECT_THROW((void)head_of_data_set(Bytes(1000, 'A'), std::string(kUnknown)), Error);
}

TEST(Coding, OfAKnownSyntaxIsThatOfItsTable) {
    EXPECT_TRUE(coding_of("1.2.840.10008.1.2.4.95", {})->deflated);
    EXPECT_TRUE(coding_of("1.2.840.10008.1.2.4.205", {})->deflated);
    EXPECT_FALSE(coding_of("1.2.840.10008.1.2.4.204", {})->deflated);
    EXPECT_FALSE(coding_of("1.2.840.113619.5.2", {})->elements.explicit_vr);
    EXPECT_FALSE(coding_of(transfer_syntax::kExplicitVrBigEndian, {})->elements.little_endian);
}

TEST(Coding, IsThatOfTheSyntaxWhereAnObjectIsWritten) {
    for (const char* uid : {"1.2.840.10008.1.2.4.95", "1.2.840.113619.5.2"}) {
        const Coding coding = *coding_of(uid, {});
        Bytes file = part10_head({kClass, kInstance, uid}, "");
        const std::size_t offset = file.size();
        const Bytes plain = object(coding.elements);
        const Bytes data_set = coding.deflated ? deflated(plain) : plain;
        file.insert(file.end(), data_set.begin(), data_set.end());
        const Bytes written = DataSet::parse(file).to_part10();
        const ByteView rest = ByteView(written).subspan(split_part10(written).data_set_offset);
        EXPECT_EQ(coding.deflated ? inflated(rest, 1000).bytes : Bytes(rest.begin(), rest.end()),
                  plain)
            << uid << " after " << offset;
    }
}

}  // namespace
}  // namespace lucerna::dicom
