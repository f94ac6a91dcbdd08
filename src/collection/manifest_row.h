#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collection/csv.h"
#include "collection/record.h"

namespace lucerna::collection {

/// The columns of a manifest. Those that mean something are found in any case and order.
class ManifestColumns {
  public:
    /// Throws Error(kInvalidInput) for a column that is missing or stands there twice.
    ManifestColumns(const CsvRow& header, std::string name);

    /// Place of a column that means something; empty where the manifest has none such.
    [[nodiscard]] std::optional<std::size_t> place(std::string_view column) const;
    /// Names of the others by place; empty for those that mean something.
    [[nodiscard]] const std::vector<std::string>& subgroups() const { return subgroups_; }
    [[nodiscard]] std::size_t count() const { return names_.size(); }
    /// Of the manifest, for messages.
    [[nodiscard]] const std::string& name() const { return name_; }

  private:
    std::string name_;
    std::vector<std::string> names_;
    std::vector<std::string> subgroups_;
};

/// What one row says: an image, with one lesion or none. Throws Error(kInvalidInput), naming the
/// line, for everything that a row can have wrong by itself.
[[nodiscard]] ImageRecord record_of(const ManifestColumns& columns, const CsvRow& row);

}  // namespace lucerna::collection
