#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/data_set.h"

namespace lucerna::retrieve {

/// "StudyDate", "00080020", or a path of those with dots. Throws Error(kInvalidInput).
[[nodiscard]] std::vector<dicom::Tag> attribute_path(std::string_view name);

/// Keys of a query string (PS3.18 8.3.4) that objects are asked for, as match_keys takes them.
class ObjectKeys {
  public:
    /// `path`: the attribute, behind the sequences that it is in, the outermost first; keys of one
    /// sequence are met by one of its items. False where a text cannot be a key of such an
    /// attribute. One that asks for no particular value is taken, and changes nothing; Timezone
    /// Offset From UTC (0008,0201) is no key, but says of what zone the moments of the others are.
    /// Throws Error(kInvalidInput) for a text that is no whole number where the attribute holds
    /// numbers, no date, time or moment (or range of them) where it holds those.
    [[nodiscard]] bool add(std::span<const dicom::Tag> path, std::string value);

    [[nodiscard]] bool empty() const { return values_.empty() && sequences_.empty(); }
    [[nodiscard]] bool has_sequence(dicom::Tag sequence) const {
        return sequences_.contains(sequence);
    }
    [[nodiscard]] dicom::DataSet identifier() const;

  private:
    void write_to(dicom::DataSet& item) const;

    std::string zone_;
    std::map<dicom::Tag, std::string> values_;
    std::map<dicom::Tag, ObjectKeys> sequences_;
};

}  // namespace lucerna::retrieve
