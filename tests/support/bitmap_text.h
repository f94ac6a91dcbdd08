#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace lucerna::test {

/// Calls `set(x, y)` for each pixel of `text` (capital letters of a few, digits, blanks), drawn in
/// a font of 5 by 7 dots, each dot `dot` pixels wide, from the top left at (left, top).
template <typename Set>
void draw_text(std::string_view text, int left, int top, int dot, Set set) {
    struct Glyph {
        char letter;
        std::array<std::uint8_t, 7> rows;
    };
    constexpr Glyph kFont[] = {
        {'A', {14, 17, 17, 31, 17, 17, 17}}, {'D', {30, 17, 17, 17, 17, 17, 30}},
        {'E', {31, 16, 16, 30, 16, 16, 31}}, {'J', {7, 2, 2, 2, 2, 18, 12}},
        {'N', {17, 25, 21, 19, 17, 17, 17}}, {'O', {14, 17, 17, 17, 17, 17, 14}},
        {'R', {30, 17, 17, 30, 20, 18, 17}}, {'0', {14, 17, 19, 21, 25, 17, 14}},
        {'1', {4, 12, 4, 4, 4, 4, 14}},      {'2', {14, 17, 1, 2, 4, 8, 31}},
        {'4', {2, 6, 10, 18, 31, 2, 2}},     {'7', {31, 1, 2, 4, 8, 8, 8}},
    };
    for (const char letter : text) {
        for (const Glyph& glyph : kFont)
            for (int y = 0; glyph.letter == letter && y < 7 * dot; ++y)
                for (int x = 0; x < 5 * dot; ++x)
                    if (glyph.rows[static_cast<std::size_t>(y / dot)] >> (4 - x / dot) & 1)
                        set(left + x, top + y);
        left += 6 * dot;
    }
}

}  // namespace lucerna::test
