#pragma once

#include <map>
#include <string>
#include <vector>

#include "learn/data.h"

namespace lucerna::learn {

/// What readers wrote of the masses beside malignant or not ("margins=SPICULATED"): taught to the
/// judge as well, because it is what they tell the one from the other by. Not part of the model
/// that comes out.
class Descriptors {
  public:
    /// None.
    Descriptors() = default;
    /// Every value that `columns` (of the manifest's other columns) take in at least `least`
    /// images; "A-B" is both A and B.
    Descriptors(const TrainingSet& set, const std::vector<std::string>& columns, int least = 20);

    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
    [[nodiscard]] std::size_t size() const { return names_.size(); }
    /// 1 for each that holds of the image's mass, 0 for the others. Empty where nothing is known:
    /// no column has a value, or there are several lesions and none is singled out.
    [[nodiscard]] std::vector<float> of(const TrainingImage& image) const;

  private:
    std::vector<std::string> columns_;
    std::vector<std::string> names_;
    std::map<std::string, std::size_t> index_;
};

}  // namespace lucerna::learn
