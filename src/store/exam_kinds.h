#pragma once

#include <string_view>

namespace lucerna::store {

/// An image of its SOP class, or one that says this Modality (0008,0060), makes its study an exam
/// that is to be read, or refused; no other does.
[[nodiscard]] bool is_of_an_exam(std::string_view sop_class_uid, std::string_view modality);

}  // namespace lucerna::store
