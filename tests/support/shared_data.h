#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace lucerna::test {

/// The folder of public test collections: $LUCERNA_SHARED_DATA, else ../shared/data beside the
/// source tree. It may be absent: tests that need it begin with LUCERNA_NEEDS_SHARED_DATA.
inline std::filesystem::path shared_data() {
    if (const char* configured = std::getenv("LUCERNA_SHARED_DATA")) return configured;
    return std::filesystem::path(LUCERNA_SOURCE_DIR).parent_path() / "shared" / "data";
}

}  // namespace lucerna::test

#define LUCERNA_NEEDS_SHARED_DATA(subfolder)                                    \
    do {                                                                        \
        if (!std::filesystem::exists(lucerna::test::shared_data() / subfolder)) \
            GTEST_SKIP() << "skipped: no shared data (" << (subfolder) << ")";  \
    } while (false)
