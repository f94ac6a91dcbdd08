#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "store/exam_book.h"
#include "store/kept_reading.h"

namespace lucerna::review {

/// The decisions on an exam that are given with it: of each finding of its reading the newest,
/// which is what counts, and some of those before; of findings of earlier readings some.
class ShownDecisions {
  public:
    static constexpr std::size_t kMostOfFinding = 20;
    static constexpr std::size_t kMostFormer = 200;
    /// Of all: beyond that only what counts is held.
    static constexpr std::size_t kMostBytes = std::size_t{2} << 20;

    /// `reading_json`: the newest reading.
    explicit ShownDecisions(const std::string& reading_json)
        : reading_(store::kept_reading(reading_json)) {}

    /// To be called with the newest first.
    void add(store::Decision&& decision);

    /// Newest first; `finding` is what the reading calls it.
    [[nodiscard]] const std::vector<store::Decision>& current() const { return current_; }
    /// Newest first; `finding` is what it was called.
    [[nodiscard]] const std::vector<store::Decision>& former() const { return former_; }
    [[nodiscard]] std::size_t left_out() const { return left_out_; }

  private:
    const store::KeptReading reading_;
    std::vector<store::Decision> current_;
    std::vector<store::Decision> former_;
    std::map<std::string, std::size_t> of_finding_;
    std::size_t bytes_ = 0;
    std::size_t left_out_ = 0;
};

}  // namespace lucerna::review
