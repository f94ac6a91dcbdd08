#pragma once

#include <optional>
#include <string_view>

#include "deidentify/actions.h"
#include "deidentify/profile.h"

namespace lucerna::deidentify {

/// What is done to an attribute that Table E.1-1 does not list, where what it is says so: the table
/// lets it stay (PS3.15 E.1.1, note 1), which a birth date in another calendar must not
/// (docs/deidentification.md has the rules). `vr` is the object's, `parent` the sequence that it is
/// in, (0000,0000) at the top. kClean: where cleaning leaves nothing, it gets a dummy. Nothing
/// where no such rule is for it.
[[nodiscard]] std::optional<Action> action_beyond_table(dicom::Tag tag, std::string_view vr,
                                                        dicom::Tag parent, const Profile& profile);

}  // namespace lucerna::deidentify
