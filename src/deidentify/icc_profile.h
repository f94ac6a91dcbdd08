#pragma once

#include <optional>

#include "base/encoding.h"

namespace lucerna::deidentify {

/// An ICC profile (ICC.1) with nothing in it but what turns pixels into colors: header, white and
/// primary points, curves, tables. Description and copyright, which every profile has to have, say
/// "removed"; all other texts, makers, dates, unknown tags and what lies between tags are gone.
/// Nothing where `profile` is none, or is put together in a way that is not known here.
[[nodiscard]] std::optional<Bytes> clean_icc_profile(ByteView profile);

}  // namespace lucerna::deidentify
