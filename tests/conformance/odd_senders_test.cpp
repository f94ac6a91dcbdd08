// The DIMSE receiver against pynetdicom, which has read the standard on its own.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

#include "base/error.h"
#include "base/guarded.h"
#include "dicom/part10_head.h"
#include "receive/dimse_receiver.h"
#include "support/child_process.h"
#include "support/temporary_folder.h"

namespace lucerna::receive {
namespace {

class FakeSink : public InstanceSink {
  public:
    KeptAs keep(ByteView file, const Origin&) override {
        const dicom::ObjectHead head = dicom::split_part10(file).head;
        if (head.sop_instance_uid.ends_with(".507"))
            throw Error(ErrorCode::kOutOfSpace, "the disk is full");
        syntaxes.with([&](auto& all) { all.insert(head.transfer_syntax_uid); });
        return KeptAs::kNew;
    }
    Guarded<std::set<std::string>> syntaxes;
};

std::string python() {
    const char* chosen = std::getenv("LUCERNA_PYTHON");
    return chosen != nullptr ? chosen : "python3";
}

TEST(OddSenders, AreAnsweredAsTheStandardAsks) {
    const test::TemporaryFolder folder;
    const std::filesystem::path log = folder.path() / "output.log";
    test::ChildProcess probe({python(), "-c", "import pydicom, pynetdicom"}, log);
    if (probe.wait() != 0)
        GTEST_SKIP() << "skipped: " << python()
                     << " has no pynetdicom (pip install pynetdicom, and set LUCERNA_PYTHON)";
    FakeSink sink;
    dicom::ScpOptions options;
    options.port = 0;
    const DimseReceiver receiver(options, sink);
    test::ChildProcess senders(
        {python(), std::string(LUCERNA_SOURCE_DIR) + "/tests/conformance/odd_senders.py",
         std::to_string(receiver.port())},
        log);
    EXPECT_EQ(senders.wait(), 0) << senders.output();
    sink.syntaxes.with([](const auto& all) {
        EXPECT_TRUE(all.contains("1.2.840.10008.1.2.4.201"));
        EXPECT_EQ(all.size(), 6u);
    });
}

}  // namespace
}  // namespace lucerna::receive
