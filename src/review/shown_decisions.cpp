#include "review/shown_decisions.h"

#include <utility>

namespace lucerna::review {

void ShownDecisions::add(store::Decision&& decision) {
    const bool is_full = bytes_ >= kMostBytes;
    std::string finding = reading_.finding_of(decision);
    std::size_t& count = of_finding_[finding];
    const bool is_former = finding.empty();
    const bool counts = !is_former && count == 0;
    if (!counts && (is_full || count >= (is_former ? kMostFormer : kMostOfFinding))) {
        ++left_out_;
        return;
    }
    ++count;
    bytes_ += sizeof decision + decision.comment.size() + decision.place.size();
    if (!is_former) decision.finding = std::move(finding);
    (is_former ? former_ : current_).push_back(std::move(decision));
}

}  // namespace lucerna::review
