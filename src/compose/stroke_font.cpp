#include "compose/stroke_font.h"

#include <algorithm>
#include <array>

namespace lucerna::compose {
namespace {

/// Capitals of the grid are 8 units high.
constexpr double kCapUnits = 8;
constexpr double kGapUnits = 2;
constexpr int kFirst = ' ';

/// From ' ' to '~'. A stroke is a run of points, each an x and a y as one hexadecimal digit: y is 0
/// at the top of capitals, 3 at the top of small letters, 8 on the base line.
constexpr std::array<std::string_view, 95> kGlyphs = {
    "",                                     // space
    "0005 0708",                            // !
    "0002 2022",                            // "
    "1018 3038 0343 0646",                  // #
    "413010010314344547381807 2028",        // $
    "0010120200 3646483836 4008",           // %
    "480201102031320507182845",             // &
    "0002",                                 // '
    "201103051728",                         // (
    "001123251708",                         // )
    "2125 0244 4204",                       // *
    "2327 0545",                            // +
    "1709",                                 // ,
    "0535",                                 // -
    "0708",                                 // .
    "4008",                                 // /
    "103041473818070110",                   // 0
    "022028 0848",                          // 1
    "01103041430848",                       // 2
    "01103041433414 344547381807",          // 3
    "300545 3038",                          // 4
    "400003334447381807",                   // 5
    "413010010718384745341405",             // 6
    "004018",                               // 7
    "14030110304143341405071838474534",     // 8
    "071838474130100103143443",             // 9
    "0304 0708",                            // :
    "1314 1709",                            // ;
    "420548",                               // <
    "0444 0646",                            // =
    "024508",                               // >
    "01103041422425 2728",                  // ?
    "33231415263633 36465552401002061848",  // @
    "082048 1535",                          // A
    "00083847453404 3443413000",            // B
    "4130100107183847",                     // C
    "00083847413000",                       // D
    "40000848 0434",                        // E
    "400008 0434",                          // F
    "41301001071838474424",                 // G
    "0008 4048 0444",                       // H
    "0020 1018 0828",                       // I
    "4047381807",                           // J
    "0008 4005 1448",                       // K
    "000848",                               // L
    "0800346068",                           // M
    "08004840",                             // N
    "104051574818070110",                   // O
    "08003041433404",                       // P
    "104051574818070110 3658",              // Q
    "08003041433404 2448",                  // R
    "413010010314344547381807",             // S
    "0040 2028",                            // T
    "000718384740",                         // U
    "002840",                               // V
    "0018335860",                           // W
    "0048 4008",                            // X
    "002440 2428",                          // Y
    "00400848",                             // Z
    "20000828",                             // [
    "0048",                                 // backslash
    "00202808",                             // ]
    "022042",                               // ^
    "0949",                                 // _
    "0012",                                 // `
    "0413334448 45150607183847",            // a
    "0008 0413334447381807",                // b
    "4433130407183847",                     // c
    "4048 4433130407183847",                // d
    "05454433130407183847",                 // e
    "30201118 0333",                        // f
    "43493a1a09 4433130406173746",          // g
    "0008 0413334448",                      // h
    "0308 0001",                            // i
    "13190a 1011",                          // j
    "0008 3306 1538",                       // k
    "000718",                               // l
    "0308 0413233438 3443536468",           // m
    "0308 0413334448",                      // n
    "133344473818070413",                   // o
    "030a 0413334447381807",                // p
    "434a 4433130407183847",                // q
    "0308 041333",                          // r
    "4433130415354647381807",               // s
    "11172838 0333",                        // t
    "0307183847 4348",                      // u
    "032843",                               // v
    "0318345863",                           // w
    "0348 4308",                            // x
    "0328 431a",                            // y
    "03430848",                             // z
    "20111304151728",                       // {
    "0009",                                 // |
    "00111324151708",                       // }
    "05143645",                             // ~
};

double digit(char c) {
    return c >= 'a' ? c - 'a' + 10 : c - '0';
}

double width_of(std::string_view glyph) {
    if (glyph.empty()) return 2;
    double width = 0;
    for (std::size_t i = 0; i < glyph.size();) {
        if (glyph[i] == ' ') {
            ++i;
            continue;
        }
        width = std::max(width, digit(glyph[i]));
        i += 2;
    }
    return width;
}

void add_glyph(StrokedText& text, std::string_view glyph, double left, double scale) {
    std::vector<exam::Point> stroke;
    for (std::size_t i = 0; i < glyph.size();) {
        if (glyph[i] == ' ') {
            text.strokes.push_back(std::move(stroke));
            stroke.clear();
            ++i;
            continue;
        }
        stroke.push_back({left + scale * digit(glyph[i]), scale * digit(glyph[i + 1])});
        i += 2;
    }
    if (!stroke.empty()) text.strokes.push_back(std::move(stroke));
}

/// ASCII as it is; the first byte of another character is "?", those after it are nothing.
std::string drawable(std::string_view text) {
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80 && byte < 0xC0) continue;
        result += byte >= 0x20 && byte < 0x7F ? c : byte < 0x20 ? ' ' : '?';
    }
    return result;
}

}  // namespace

StrokedText stroked(std::string_view text, double cap_height) {
    const double scale = cap_height / kCapUnits;
    StrokedText result;
    double left = 0;
    for (const char c : drawable(text)) {
        const std::string_view glyph = kGlyphs[static_cast<std::size_t>(c - kFirst)];
        add_glyph(result, glyph, left, scale);
        result.width = left + scale * width_of(glyph);
        left = result.width + scale * kGapUnits;
    }
    return result;
}

std::vector<std::string> wrapped(std::string_view text, double cap_height, double width) {
    std::vector<std::string> lines;
    std::string line;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string word(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (word.empty()) continue;
        const std::string longer = line.empty() ? word : line + " " + word;
        if (!line.empty() && stroked(longer, cap_height).width > width) {
            lines.push_back(line);
            line = word;
        } else {
            line = longer;
        }
    }
    if (!line.empty()) lines.push_back(line);
    return lines;
}

}  // namespace lucerna::compose
