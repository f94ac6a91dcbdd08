#include "dicom/vr.h"

#include <algorithm>
#include <array>

namespace lucerna::dicom {
namespace {

template <std::size_t Count>
bool is_one_of(Vr vr, const std::array<Vr, Count>& list) {
    return std::find(list.begin(), list.end(), vr) != list.end();
}

constexpr std::array kEncodedText{vr::kLo, vr::kLt, vr::kPn, vr::kSh, vr::kSt, vr::kUc, vr::kUt};
constexpr std::array kPlainText{vr::kAe, vr::kAs, vr::kCs, vr::kDa, vr::kDs,
                                vr::kDt, vr::kIs, vr::kTm, vr::kUi, vr::kUr};
constexpr std::array kSingleText{vr::kSt, vr::kLt, vr::kUt, vr::kUr};
constexpr std::array kBulk{vr::kOb, vr::kOd, vr::kOf, vr::kOl, vr::kOv, vr::kOw, vr::kUn};
constexpr std::array kTwoBytes{vr::kUs, vr::kSs, vr::kOw, vr::kAt};
constexpr std::array kFourBytes{vr::kUl, vr::kSl, vr::kFl, vr::kOf, vr::kOl};
constexpr std::array kEightBytes{vr::kFd, vr::kSv, vr::kUv, vr::kOd, vr::kOv};
// PS3.5 Table 7.1-2; every VR that is not in it has a length of 32 bits.
constexpr std::array kShortLength{vr::kAe, vr::kAs, vr::kAt, vr::kCs, vr::kDa, vr::kDs, vr::kDt,
                                  vr::kFl, vr::kFd, vr::kIs, vr::kLo, vr::kLt, vr::kPn, vr::kSh,
                                  vr::kSl, vr::kSs, vr::kSt, vr::kTm, vr::kUi, vr::kUl, vr::kUs};

bool is_letter(int byte) {
    return byte >= 'A' && byte <= 'Z';
}

}  // namespace

bool Vr::is_well_formed() const {
    return is_letter(code_ >> 8) && is_letter(code_ & 0xFF);
}

bool Vr::is_encoded_text() const {
    return is_one_of(*this, kEncodedText);
}

bool Vr::is_text() const {
    return is_encoded_text() || is_one_of(*this, kPlainText);
}

bool Vr::is_single_text() const {
    return is_one_of(*this, kSingleText);
}

bool Vr::has_long_length() const {
    return !is_one_of(*this, kShortLength);
}

std::size_t Vr::unit() const {
    if (is_one_of(*this, kTwoBytes)) return 2;
    if (is_one_of(*this, kFourBytes)) return 4;
    if (is_one_of(*this, kEightBytes)) return 8;
    return 1;
}

bool Vr::is_bulk() const {
    return is_one_of(*this, kBulk);
}

}  // namespace lucerna::dicom
