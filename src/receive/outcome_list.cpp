#include "receive/outcome_list.h"

#include <algorithm>
#include <array>

namespace lucerna::receive {
namespace {

constexpr std::size_t kBlock = std::size_t{64} << 10;
/// Of one: four UIDs, and words as `failed` leaves them, with their lengths.
constexpr std::size_t kMostOfOne = std::size_t{1} << 10;
/// In place of a text's length: it is that of the one before.
constexpr std::size_t kSame = 0xFFFF;

constexpr std::array kTexts = {&Outcome::sop_class_uid, &Outcome::study_uid, &Outcome::series_uid,
                               &Outcome::sop_instance_uid, &Outcome::why};

void append_number(std::string& block, std::size_t number) {
    block += static_cast<char>(number >> 8);
    block += static_cast<char>(number & 0xFF);
}

}  // namespace

bool OutcomeList::make_room(std::size_t outcomes) {
    const std::size_t wanted = outcomes * kMostOfOne;
    if (!blocks_.empty() && kBlock - std::min(kBlock, blocks_.back().size()) >= wanted) return true;
    // It is held until the answer is taken: too long for the turn that large objects need.
    is_full_ = !blocks_.empty() && !holding_.take_as_small(kBlock);
    if (!is_full_) blocks_.emplace_back().reserve(kBlock);
    return !is_full_;
}

std::string OutcomeList::refusal() const {
    return may_pass_later()
               ? holding_.refusal()
               : "the request has more parts than it is told of: send the rest in another";
}

void OutcomeList::add(const Outcome& outcome) {
    Outcome one = outcome;
    if (!one.stored()) {
        // Which are in no answer.
        one.study_uid.clear();
        one.series_uid.clear();
        if (is_full_) one.sop_class_uid.clear();
        if (is_full_) one.sop_instance_uid.clear();
    }
    if (blocks_.empty()) blocks_.emplace_back();
    std::string& block = blocks_.back();
    append_number(block, one.status);
    for (const auto text : kTexts) {
        const std::string& value = one.*text;
        const bool is_same = value == last_.*text;
        append_number(block, is_same ? kSame : value.size());
        if (!is_same) block += value;
    }
    last_ = std::move(one);
}

std::size_t OutcomeList::Reader::number() {
    const std::string& block = list_->blocks_[block_];
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(block[at]); };
    const std::size_t number = (std::size_t{byte(at_)} << 8) | byte(at_ + 1);
    at_ += 2;
    return number;
}

bool OutcomeList::Reader::next() {
    while (block_ < list_->blocks_.size() && at_ == list_->blocks_[block_].size()) {
        ++block_;
        at_ = 0;
    }
    if (block_ == list_->blocks_.size()) return false;
    outcome_.status = static_cast<std::uint16_t>(number());
    for (const auto text : kTexts) {
        const std::size_t size = number();
        if (size == kSame) continue;
        (outcome_.*text).assign(list_->blocks_[block_], at_, size);
        at_ += size;
    }
    return true;
}

}  // namespace lucerna::receive
