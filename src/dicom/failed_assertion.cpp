#include "dicom/failed_assertion.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/error.h"

namespace lucerna::dicom {
namespace {

thread_local int guards = 0;

}  // namespace

AssertionsThrow::AssertionsThrow() {
    ++guards;
}
AssertionsThrow::~AssertionsThrow() {
    --guards;
}

}  // namespace lucerna::dicom

/// What assert() calls, of the C library elsewhere (LSB, Core 1.1.3): the dynamic linker finds the
/// program's own first. Not declared here by <assert.h>, which has it throw nothing.
extern "C" [[noreturn]] void __assert_fail(const char* assertion, const char* file,
                                           unsigned int line, const char* function) {
    if (lucerna::dicom::guards > 0)
        throw lucerna::Error(lucerna::ErrorCode::kInvalidInput,
                             "what it decodes contradicts itself: " + std::string(assertion));
    std::fprintf(stderr, "%s:%u: %s: assertion failed: %s\n", file, line,
                 function != nullptr ? function : "?", assertion);
    std::abort();
}
