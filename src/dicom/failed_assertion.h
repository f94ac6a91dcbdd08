#pragma once

namespace lucerna::dicom {

/// While there is one, an assertion (assert(3)) that fails in this thread throws
/// Error(kInvalidInput), naming it, in place of ending the process. For calls into codecs of the
/// system, some of which assert what a codestream from outside may contradict (OpenJPEG 2.5.0:
/// mel_init of HTJ2K). What the library had allocated by itself, and would have released, is lost.
class AssertionsThrow {
  public:
    AssertionsThrow();
    ~AssertionsThrow();
    AssertionsThrow(const AssertionsThrow&) = delete;
    AssertionsThrow& operator=(const AssertionsThrow&) = delete;
};

}  // namespace lucerna::dicom
