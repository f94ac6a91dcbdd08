#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dicom/byte_budget.h"
#include "receive/outcome.h"

namespace lucerna::receive {

/// What became of the instances of one request, in their order, held in little: what one has in
/// common with the one before is not there twice, so that ten thousand of one study take some
/// 800 KB. All but the first block is of a budget.
class OutcomeList {
  public:
    /// The budget must outlive this.
    explicit OutcomeList(dicom::ByteBudget& budget) : holding_(budget) {}

    /// Before an instance is taken in: for so many more outcomes than there are. False, saying why
    /// in `refusal`, where others hold too much; what is added nevertheless is kept without names.
    [[nodiscard]] bool make_room(std::size_t outcomes);
    [[nodiscard]] std::string refusal() const;
    /// It was, because others hold too much, as against too many of this request.
    [[nodiscard]] bool may_pass_later() const { return holding_.may_pass_later(); }

    /// All of it that goes into an answer.
    void add(const Outcome& outcome);

    /// Reads them from the first to the last.
    class Reader {
      public:
        /// The list must outlive this, and stay as it is.
        explicit Reader(const OutcomeList& list) : list_(&list) {}
        /// False behind the last.
        [[nodiscard]] bool next();
        [[nodiscard]] const Outcome& outcome() const { return outcome_; }

      private:
        [[nodiscard]] std::size_t number();

        const OutcomeList* list_;
        std::size_t block_ = 0;
        std::size_t at_ = 0;
        Outcome outcome_;
    };

  private:
    dicom::ByteBudget::Holding holding_;
    /// One outcome lies within one.
    std::vector<std::string> blocks_;
    bool is_full_ = false;
    Outcome last_;
};

}  // namespace lucerna::receive
