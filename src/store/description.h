#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

#include "store/facts.h"

namespace lucerna::store {

/// Which object gave each attribute of a row, as the column described_by holds it:
/// "OBJECT:LETTERS" joined by semicolons, a letter for an attribute, an object named so that of
/// two the one received first is the smaller. What is not named was there before there was such a
/// column: no object is earlier.
class Description {
  public:
    Description() = default;
    explicit Description(const std::string& column);

    /// The row is to have the attribute from this object: it has none, or one of a later object.
    bool takes(std::size_t attribute, const std::string& object, bool row_has_it);
    /// Empty: it was there before any.
    [[nodiscard]] std::string object_of(std::size_t attribute) const;
    [[nodiscard]] std::string column() const;

  private:
    std::map<char, std::string> given_;
};

/// Puts into `row` what it takes of `facts`. True where that is anything.
bool take_texts(Description& description, const std::string& object, const Facts& facts,
                std::span<std::string Facts::*const> texts, Facts& row);

}  // namespace lucerna::store
