#include "deidentify/text_detector.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <numeric>

#include "deidentify/gray_views.h"

namespace lucerna::deidentify {
namespace {

/// A connected piece of pixels beyond a level.
struct Stroke {
    int left = 0, top = 0, right = 0, bottom = 0;
    int area = 0;
    [[nodiscard]] int width() const { return right - left + 1; }
    [[nodiscard]] int height() const { return bottom - top + 1; }
};

struct Run {
    int left, right, y;
    std::size_t piece;
};

std::size_t root_of(std::vector<std::size_t>& parents, std::size_t piece) {
    while (parents[piece] != piece) piece = parents[piece] = parents[parents[piece]];
    return piece;
}

/// Runs of a row that `beyond` holds for.
template <typename Beyond>
void append_runs(const Gray& gray, int y, Beyond beyond, std::vector<Run>& runs) {
    for (int x = 0; x < gray.width; ++x) {
        if (!beyond(gray.at(x, y))) continue;
        const int left = x;
        while (x + 1 < gray.width && beyond(gray.at(x + 1, y))) ++x;
        runs.push_back({left, x, y, runs.size()});
    }
}

/// The pieces of pixels beyond the level, eight-connected.
template <typename Beyond>
std::vector<Stroke> pieces_of(const Gray& gray, Beyond beyond) {
    std::vector<Run> runs;
    std::vector<std::size_t> parents;
    std::size_t above = 0;
    for (int y = 0; y < gray.height; ++y) {
        const std::size_t begin = runs.size();
        append_runs(gray, y, beyond, runs);
        for (std::size_t i = begin; i < runs.size(); ++i) parents.push_back(i);
        std::size_t other = above;
        for (std::size_t i = begin; i < runs.size(); ++i) {
            while (other < begin && runs[other].right < runs[i].left - 1) ++other;
            for (std::size_t k = other; k < begin && runs[k].left <= runs[i].right + 1; ++k)
                parents[root_of(parents, i)] = root_of(parents, k);
        }
        above = begin;
    }
    std::vector<Stroke> pieces(runs.size());
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const Run& run = runs[i];
        Stroke& piece = pieces[root_of(parents, i)];
        if (piece.area == 0) piece = {run.left, run.y, run.right, run.y, 0};
        piece.left = std::min(piece.left, run.left);
        piece.right = std::max(piece.right, run.right);
        piece.bottom = std::max(piece.bottom, run.y);
        piece.area += run.right - run.left + 1;
    }
    std::erase_if(pieces, [](const Stroke& piece) { return piece.area == 0; });
    return pieces;
}

/// Whether it can be a letter or a digit.
bool is_letter(const Stroke& piece, int tallest) {
    const int width = piece.width();
    const int height = piece.height();
    if (height < 5 || height > tallest || width * 2 > height * 5) return false;
    const double filled = static_cast<double>(piece.area) / (static_cast<double>(width) * height);
    const bool is_slim = width * 3 <= height;  // I, 1, l
    return filled >= 0.12 && (is_slim || filled <= 0.85);
}

/// Between two letters, in their height.
constexpr int kWidestGap = 2;

bool follows(const Stroke& left, const Stroke& right) {
    const int tall = std::max(left.height(), right.height());
    const int low = std::min(left.height(), right.height());
    const int shared = std::min(left.bottom, right.bottom) - std::max(left.top, right.top) + 1;
    return right.left - left.right <= tall * kWidestGap && right.left - left.right >= -tall / 4 &&
           low * 2 >= tall && shared * 3 >= low * 2;
}

/// Letters that stand in a row, joined.
struct Line {
    Stroke box;
    int letters = 0;
    /// Height of the tallest letter.
    int tallest = 0;
};

std::vector<Line> lines_of(std::vector<Stroke> letters) {
    std::sort(letters.begin(), letters.end(), [](const Stroke& a, const Stroke& b) {
        return a.left != b.left ? a.left < b.left : a.top < b.top;
    });
    std::vector<std::size_t> parents(letters.size());
    std::iota(parents.begin(), parents.end(), std::size_t{0});
    int tallest = 0;
    for (const Stroke& letter : letters) tallest = std::max(tallest, letter.height());
    for (std::size_t i = 0; i < letters.size(); ++i)
        for (std::size_t k = i + 1; k < letters.size(); ++k) {
            if (letters[k].left - letters[i].right > tallest * kWidestGap) break;
            if (follows(letters[i], letters[k])) parents[root_of(parents, k)] = root_of(parents, i);
        }
    std::vector<Line> lines(letters.size());
    for (std::size_t i = 0; i < letters.size(); ++i) {
        Line& line = lines[root_of(parents, i)];
        if (line.letters == 0) line.box = letters[i];
        line.box.left = std::min(line.box.left, letters[i].left);
        line.box.right = std::max(line.box.right, letters[i].right);
        line.box.top = std::min(line.box.top, letters[i].top);
        line.box.bottom = std::max(line.box.bottom, letters[i].bottom);
        line.tallest = std::max(line.tallest, letters[i].height());
        ++line.letters;
    }
    std::erase_if(lines, [](const Line& line) { return line.letters < 3; });
    return lines;
}

/// The pixels of a line's box: those of the strokes, and what they stand on.
struct Ground {
    double stroke_mean = 0;
    double mean = 0;
    /// Standard deviation.
    double unrest = 255;
    [[nodiscard]] double contrast() const { return std::abs(stroke_mean - mean); }
};

/// What is `away` pixels or more from any stroke: edges that were softened belong to neither.
template <typename Beyond>
Ground ground_of(const Gray& gray, const Line& line, Beyond beyond, int away) {
    double strokes = 0, stroke_sum = 0, sum = 0, squares = 0, count = 0, all = 0;
    const int bottom = std::min(line.box.bottom + 2, gray.height - 1);
    const int right = std::min(line.box.right + 2, gray.width - 1);
    const auto is_near = [&](int x, int y) {
        for (int v = std::max(y - away + 1, 0); v <= std::min(y + away - 1, gray.height - 1); ++v)
            for (int u = std::max(x - away + 1, 0); u <= std::min(x + away - 1, gray.width - 1);
                 ++u)
                if (beyond(gray.at(u, v))) return true;
        return false;
    };
    for (int y = std::max(line.box.top - 2, 0); y <= bottom; ++y)
        for (int x = std::max(line.box.left - 2, 0); x <= right; ++x) {
            const double value = gray.at(x, y);
            if (beyond(gray.at(x, y))) {
                stroke_sum += value;
                ++strokes;
                continue;
            }
            ++all;
            if (away > 1 && is_near(x, y)) continue;
            sum += value;
            squares += value * value;
            ++count;
        }
    constexpr double kEnough = 0.2;
    if (count < 1 || strokes < 1 || count < kEnough * all) return {};
    const double mean = sum / count;
    return {stroke_sum / strokes, mean, std::sqrt(std::max(squares / count - mean * mean, 0.0))};
}

bool is_large(const Gray& gray, const Line& line) {
    return gray.scale > 1 || line.tallest > std::max(gray.height / 8, 24);
}

/// The greatest share of `sorted` values that lie no further than `width` apart.
double densest(const std::vector<std::int64_t>& sorted, double width) {
    std::size_t most = 0;
    for (std::size_t from = 0, to = 0; to < sorted.size(); ++to) {
        while (static_cast<double>(sorted[to] - sorted[from]) > width) ++from;
        most = std::max(most, to - from + 1);
    }
    return static_cast<double>(most) / static_cast<double>(std::max<std::size_t>(sorted.size(), 1));
}

/// Where letters were drawn in one value, smoothed at most at their edges; noise and codecs spread
/// it, by little of how far it is from what it stands on.
template <typename Beyond>
bool is_drawn(const Gray& gray, const Line& line, Beyond beyond) {
    constexpr double kSpread = 0.2;
    std::vector<std::int64_t> strokes, ground;
    for (int y = line.box.top; y <= line.box.bottom; ++y)
        for (int x = line.box.left; x <= line.box.right; ++x)
            (beyond(gray.at(x, y)) ? strokes : ground).push_back(gray.original(x, y));
    if (strokes.empty() || ground.empty()) return false;
    std::sort(strokes.begin(), strokes.end());
    const auto middle = ground.begin() + static_cast<std::ptrdiff_t>(ground.size() / 2);
    std::nth_element(ground.begin(), middle, ground.end());
    const auto contrast = static_cast<double>(std::abs(strokes[strokes.size() / 2] - *middle));
    // Of large ones the edges are little, and anatomy is as large.
    if (is_large(gray, line)) return densest(strokes, 0) >= 0.5;
    return densest(strokes, 0) >= 0.2 || densest(strokes, kSpread * contrast) >= 0.55;
}

/// Of 255, measured on rendered text, phantoms and mammograms (bench/burned_in_text.py): pieces
/// that noise breaks off where a slope of tissue crosses the level stand out by at most 61 and by
/// less than 2.7 times what their ground varies, letters over tissue by at least 80 and 2.9 times.
constexpr double kLeastOverUnrest = 2.75;

bool is_text(const Line& line, const Ground& ground, double least_over_unrest) {
    constexpr double kLeastContrast = 65;
    return line.box.width() * 2 >= line.box.height() * 3 &&
           line.box.height() * 10 <= line.tallest * 17 && ground.contrast() >= kLeastContrast &&
           ground.contrast() >= least_over_unrest * ground.unrest;
}

/// Also where a scan or a smaller size has softened the edges of letters: the ground is what is
/// beyond those, then, and as even as paper or film; without their edges, pieces of tissue stand
/// out by up to 4.2 times what theirs varies. Of small pieces edges are all there is, and of large
/// ones little: those are found in a smaller picture.
template <typename Beyond>
bool stands_out(const Gray& gray, const Line& line, Beyond beyond) {
    constexpr int kLeastSoft = 11, kMostSoft = 64;
    constexpr double kLeastOverUnrestOfSoft = 5;
    if (is_text(line, ground_of(gray, line, beyond, 1), kLeastOverUnrest)) return true;
    if (line.tallest < kLeastSoft || line.tallest > kMostSoft || gray.is_stretched) return false;
    return is_text(line, ground_of(gray, line, beyond, 2), kLeastOverUnrestOfSoft) ||
           is_text(line, ground_of(gray, line, beyond, 3), kLeastOverUnrestOfSoft);
}

/// Short words and punctuation beside a line that three letters made known.
void extend(Line& line, const std::vector<Stroke>& pieces) {
    const int tall = line.tallest;
    const auto belongs = [&](const Stroke& piece) {
        const int gap = std::max(piece.left - line.box.right, line.box.left - piece.right);
        const bool is_inside = piece.left >= line.box.left && piece.right <= line.box.right;
        return !is_inside && gap <= tall * 5 / 2 && piece.width() <= tall * 4 &&
               piece.top >= line.box.top - tall / 2 && piece.bottom <= line.box.bottom + tall / 2;
    };
    for (bool grew = true; grew;) {
        grew = false;
        for (const Stroke& piece : pieces) {
            if (!belongs(piece)) continue;
            line.box.left = std::min(line.box.left, piece.left);
            line.box.right = std::max(line.box.right, piece.right);
            grew = true;
        }
    }
}

/// In pixels; what is taller is looked for in a smaller picture.
constexpr int kTallest = 120;

/// By its size, or as it is shown: its letters have to be of one value.
bool may_be_anatomy(const Gray& gray, const Line& line) {
    return gray.is_stretched || is_large(gray, line);
}

template <typename Beyond>
void find_lines(const Gray& gray, Beyond beyond, std::vector<Line>& found) {
    // More pieces than a page has letters: noise, whose pieces are no strokes.
    constexpr std::size_t kMostPieces = 20'000;
    const int tallest = std::clamp(gray.height / 3, 24, kTallest);
    const std::vector<Stroke> pieces = pieces_of(gray, beyond);
    std::vector<Stroke> letters = pieces;
    std::erase_if(letters, [&](const Stroke& piece) { return !is_letter(piece, tallest); });
    if (letters.size() > kMostPieces) return;
    for (Line& line : lines_of(std::move(letters)))
        if (stands_out(gray, line, beyond) &&
            (!may_be_anatomy(gray, line) || is_drawn(gray, line, beyond))) {
            extend(line, pieces);
            found.push_back(line);
        }
}

/// In all levels: between what text stands on and itself there is one, wherever that lies. Soft
/// letters touch below it and fall apart above, and need more of them; a small picture has none
/// that could be read.
void find_in(const Gray& gray, std::vector<Line>& found) {
    constexpr std::array kLevels = {40, 96, 160, 225, 250, 68, 128};
    constexpr std::size_t kForSharp = 5;
    constexpr int kLeastHeight = 128;
    const bool has_soft = !gray.is_stretched && gray.height >= kLeastHeight;
    for (std::size_t i = 0; i < (has_soft ? kLevels.size() : kForSharp); ++i) {
        const int level = kLevels[i];
        find_lines(
            gray, [level](int value) { return value >= level; }, found);
        find_lines(
            gray, [level](int value) { return value <= 255 - level; }, found);
    }
}

/// Of each four pixels the mean.
Gray halved(const Gray& gray) {
    Gray half{gray.width / 2, gray.height / 2, {}, gray.of, gray.is_stretched, gray.scale * 2};
    half.values.reserve(static_cast<std::size_t>(half.width) *
                        static_cast<std::size_t>(half.height));
    for (int y = 0; y < half.height; ++y)
        for (int x = 0; x < half.width; ++x)
            half.values.push_back(static_cast<std::uint8_t>(
                (gray.at(2 * x, 2 * y) + gray.at(2 * x + 1, 2 * y) + gray.at(2 * x, 2 * y + 1) +
                 gray.at(2 * x + 1, 2 * y + 1) + 2) /
                4));
    return half;
}

Line enlarged(Line line, int scale) {
    line.box.left *= scale;
    line.box.top *= scale;
    line.box.right = (line.box.right + 1) * scale - 1;
    line.box.bottom = (line.box.bottom + 1) * scale - 1;
    line.tallest *= scale;
    return line;
}

bool touch(const Box& a, const Box& b) {
    return a.x <= b.x + b.width && b.x <= a.x + a.width && a.y <= b.y + b.height &&
           b.y <= a.y + a.height;
}

Box joined(const Box& a, const Box& b) {
    const int x = std::min(a.x, b.x);
    const int y = std::min(a.y, b.y);
    return {x, y, std::max(a.x + a.width, b.x + b.width) - x,
            std::max(a.y + a.height, b.y + b.height) - y};
}

std::vector<Box> boxes_of(const std::vector<Line>& lines, int width, int height) {
    std::vector<Box> boxes;
    for (const Line& line : lines) {
        const int margin = std::max(line.box.height() / 2, 3);
        const int left = std::max(line.box.left - margin * 2, 0);
        const int top = std::max(line.box.top - margin, 0);
        Box box{left, top, std::min(line.box.right + margin * 2, width - 1) - left + 1,
                std::min(line.box.bottom + margin, height - 1) - top + 1};
        for (std::size_t i = 0; i < boxes.size();) {
            if (!touch(boxes[i], box)) {
                ++i;
                continue;
            }
            box = joined(boxes[i], box);
            boxes.erase(boxes.begin() + static_cast<std::ptrdiff_t>(i));
            i = 0;
        }
        boxes.push_back(box);
    }
    return boxes;
}

}  // namespace

std::vector<Box> detect_text(const dicom::DataSet& object, int number,
                             const dicom::DecodedFrame& frame) {
    std::vector<Line> lines;
    for_each_view(object, number, frame, [&](const Gray& gray) {
        find_in(gray, lines);
        Gray smaller = gray;
        for (int scale = 2; smaller.height > 2 * kTallest; scale *= 2) {
            smaller = halved(smaller);
            std::vector<Line> large;
            find_in(smaller, large);
            for (const Line& line : large) lines.push_back(enlarged(line, scale));
        }
    });
    return boxes_of(lines, frame.columns, frame.rows);
}

}  // namespace lucerna::deidentify
