#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "store/store_test_support.h"
#include "support/child_process.h"

namespace lucerna::store {
namespace {

/// A reader in another language that knows the format from its document alone.
TEST(SealedFormat, IsReadByAnIndependentScript) {
    LUCERNA_NEEDS_SQLITE();
    const std::string python = test::program_path("python3");
    if (python.empty()) GTEST_SKIP() << "skipped: no python3";
    TestStore store;
    const auto said = store.folder.path() / "said";
    if (test::ChildProcess({python, "-c", "import cryptography"}, said).wait() != 0)
        GTEST_SKIP() << "skipped: no python3-cryptography";
    const std::string script =
        std::string(LUCERNA_SOURCE_DIR) + "/tests/conformance/read_sealed_object.py";
    int number = 0;
    // Less than a chunk, whole chunks, and several with a rest.
    for (const std::size_t pixels : {100U, 64000U, 131072U, 700000U}) {
        test::StoredInstance instance;
        instance.pixels = pixels;
        instance.sop_instance = "1.2.3.4.1." + std::to_string(++number);
        const Bytes file = instance.file();
        store.archive().keep(file);
        if (number == 2) {
            store.keys.rotate();
            store.archive().rewrap_keys();
        }
        bool found = false;
        for (const std::string& object : store.objects()) {
            const auto output = store.folder.path() / "plain";
            const int status =
                test::ChildProcess({python, script, (store.folder.path() / "secret/keys").string(),
                                    store.data().string(), object},
                                   output)
                    .wait();
            ASSERT_EQ(status, 0) << as_text(read_file(output));
            found = found || read_file(output) == file;
        }
        EXPECT_TRUE(found) << pixels;
    }
}

}  // namespace
}  // namespace lucerna::store
