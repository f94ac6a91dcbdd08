#pragma once

// For the files that encode and decode by OpenJPEG; none else includes it.
#include <openjpeg.h>

#include <memory>
#include <string>

namespace lucerna::dicom::openjpeg {

/// OpenJPEG's handles are pointers to void, all of one type.
template <auto kRelease>
struct Release {
    template <typename Handle>
    void operator()(Handle* handle) const {
        kRelease(handle);
    }
};
using Coder = std::unique_ptr<opj_codec_t, Release<opj_destroy_codec>>;
using Stream = std::unique_ptr<opj_stream_t, Release<opj_stream_destroy>>;
using Image = std::unique_ptr<opj_image_t, Release<opj_image_destroy>>;

/// For a message handler whose user data is a std::string: keeps the first complaint, which says
/// most.
inline void keep_message(const char* message, void* user) {
    auto& kept = *static_cast<std::string*>(user);
    if (kept.empty()) kept = message;
    while (!kept.empty() && kept.back() == '\n') kept.pop_back();
}
inline void drop_message(const char*, void*) {}

/// What `codec` complains of goes to `complaint`, which must outlive it; what it says else,
/// nowhere.
inline void listen_to(const Coder& codec, std::string& complaint) {
    opj_set_error_handler(codec.get(), keep_message, &complaint);
    opj_set_warning_handler(codec.get(), drop_message, nullptr);
    opj_set_info_handler(codec.get(), drop_message, nullptr);
}

}  // namespace lucerna::dicom::openjpeg
