#include "dicom/bare_jpeg2000.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <set>

#include "dicom/bare_pen.h"
#include "dicom/codestream.h"

namespace lucerna::dicom {
namespace {

constexpr std::size_t kCap = 0xFF50;
constexpr std::size_t kSiz = 0xFF51;
constexpr std::size_t kCod = 0xFF52;
constexpr std::size_t kCoc = 0xFF53;
constexpr std::size_t kTlm = 0xFF55;
constexpr std::size_t kPrf = 0xFF56;
constexpr std::size_t kPlm = 0xFF57;
constexpr std::size_t kPlt = 0xFF58;
constexpr std::size_t kCpf = 0xFF59;
constexpr std::size_t kQcd = 0xFF5C;
constexpr std::size_t kQcc = 0xFF5D;
constexpr std::size_t kRgn = 0xFF5E;
constexpr std::size_t kPoc = 0xFF5F;
constexpr std::size_t kCrg = 0xFF63;
constexpr std::size_t kCom = 0xFF64;
constexpr std::size_t kSot = 0xFF90;
constexpr std::size_t kSod = 0xFF93;
constexpr std::size_t kEoc = 0xFFD9;

constexpr std::size_t kSotBytes = 12;
constexpr std::size_t kMostLevels = 32;

struct TilePart {
    std::size_t tile = 0;
    std::size_t bytes = 0;
    friend bool operator==(const TilePart&, const TilePart&) = default;
};

/// What segments are checked against.
struct Survey {
    std::size_t components = 0;
    /// The most decomposition levels that any component has in any tile.
    std::size_t levels = 0;
    std::vector<TilePart> tile_parts;
    /// What all TLM together say that they are; none where that makes no sense.
    std::optional<std::vector<TilePart>> said;
    /// Bytes of a component's number.
    [[nodiscard]] std::size_t number_bytes() const { return components < 257 ? 1 : 2; }
};

bool is_at_most(std::size_t most, std::initializer_list<std::size_t> values) {
    return std::all_of(values.begin(), values.end(), [&](std::size_t one) { return one <= most; });
}

/// SPcod and SPcoc (T.800 Table A.15) fill `content` from its second byte on, to its end.
bool is_coding_style(ByteView content, bool has_precincts) {
    constexpr std::size_t kBytes = 5;
    if (content.size() < kBytes || content[0] > kMostLevels) return false;
    return content.size() == kBytes + (has_precincts ? std::size_t{content[0]} + 1 : 0) &&
           is_at_most(8, {content[1], content[2]}) && content[3] < 0x80 && content[4] <= 1;
}

bool is_cod(ByteView content, const Survey&) {
    return content.size() > 5 && is_at_most(7, {content[0]}) && is_at_most(4, {content[1]}) &&
           is_at_most(1, {content[4]}) &&
           is_coding_style(content.subspan(5), (content[0] & 1) != 0);
}

/// Its number is of a component that there is.
bool is_of_component(ByteView content, const Survey& survey) {
    const std::size_t bytes = survey.number_bytes();
    if (content.size() <= bytes) return false;
    return (bytes == 1 ? content[0] : big16(content, 0)) < survey.components;
}

bool is_coc(ByteView content, const Survey& survey) {
    if (!is_of_component(content, survey)) return false;
    const ByteView style = content.subspan(survey.number_bytes());
    return style[0] <= 1 && is_coding_style(style.subspan(1), style[0] == 1);
}

/// Bytes of a step of Sqcd or Sqcc; of derived ones there is one (T.800 Table A.28).
std::size_t step_bytes(std::uint8_t style) {
    return (style & 0x1F) == 0 ? 1 : 2;
}

bool is_qcd(ByteView content, const Survey&) {
    if (content.empty() || (content[0] & 0x1F) > 2) return false;
    const std::size_t bytes = step_bytes(content[0]);
    const std::size_t steps = (content.size() - 1) / bytes;
    if (content.size() != 1 + steps * bytes) return false;
    return (content[0] & 0x1F) == 1 ? steps == 1 : steps >= 1 && steps <= 3 * kMostLevels + 1;
}

bool is_qcc(ByteView content, const Survey& survey) {
    return is_of_component(content, survey) &&
           is_qcd(content.subspan(survey.number_bytes()), survey);
}

bool is_rgn(ByteView content, const Survey& survey) {
    const std::size_t bytes = survey.number_bytes();
    return is_of_component(content, survey) && content.size() == bytes + 2 && content[bytes] == 0;
}

bool is_poc(ByteView content, const Survey& survey) {
    const std::size_t bytes = survey.number_bytes();
    const std::size_t change = 5 + 2 * bytes;
    if (content.empty() || content.size() % change != 0) return false;
    for (; !content.empty(); content = content.subspan(change)) {
        const std::size_t first = content[0];
        const std::size_t end = content[3 + bytes];
        if (first >= end || end > kMostLevels + 1 || content[change - 1] > 4) return false;
    }
    return true;
}

/// T.814 A.3: that it may be of high throughput, and no other part.
bool is_cap(ByteView content, const Survey&) {
    constexpr std::size_t kPart15 = 0x00020000;
    return content.size() == 6 && big32(content, 0) == kPart15;
}

bool is_right_tlm(ByteView, const Survey& survey) {
    return survey.said == survey.tile_parts;
}

bool is_never(ByteView, const Survey&) {
    return false;
}

/// T.800 Table A.2 and T.814 A. PLT and COM are treated by themselves.
struct Kind {
    std::size_t marker;
    bool is_of_tiles;
    /// Decoders go by it; what is not as it should be is not walked through. Others are left out.
    bool is_needed;
    bool (*is_as_it_should_be)(ByteView content, const Survey& survey);
};
constexpr Kind kKinds[] = {
    {kCap, false, false, is_cap},   {kCod, true, true, is_cod},
    {kCoc, true, true, is_coc},     {kQcd, true, true, is_qcd},
    {kQcc, true, true, is_qcc},     {kRgn, true, true, is_rgn},
    {kPoc, true, true, is_poc},     {kTlm, false, false, is_right_tlm},
    {kPrf, false, false, is_never}, {kPlm, false, false, is_never},
    {kCpf, false, false, is_never}, {kCrg, false, false, is_never},
};

const Kind* kind_of(std::size_t marker, bool in_tile) {
    const auto* const found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                           [&](const Kind& one) { return one.marker == marker; });
    return found == std::end(kKinds) || (in_tile && !found->is_of_tiles) ? nullptr : found;
}

/// Each but TLM once in a header, and once for a component.
class Once {
  public:
    explicit Once(const Survey& survey) : survey_(survey) {}
    bool is_first(std::size_t marker, ByteView content) {
        if (marker == kTlm) return true;
        const bool is_of_one = marker == kCoc || marker == kQcc || marker == kRgn;
        const std::size_t bytes = is_of_one ? survey_.number_bytes() : 0;
        if (content.size() < bytes) return false;
        const std::size_t number = bytes == 0 ? 0 : bytes == 1 ? content[0] : big16(content, 0);
        return seen_.insert({marker, number}).second;
    }

  private:
    const Survey& survey_;
    std::set<std::pair<std::size_t, std::size_t>> seen_;
};

/// Steps of more levels than there are say nothing, and become zeros.
Bytes with_used_steps(ByteView segment, std::size_t steps_at, const Survey& survey) {
    Bytes made(segment.begin(), segment.end());
    const std::size_t used = steps_at + step_bytes(segment[steps_at - 1]) * (3 * survey.levels + 1);
    if (used < made.size())
        std::fill(made.begin() + static_cast<std::ptrdiff_t>(used), made.end(), std::uint8_t{0});
    return made;
}

constexpr std::string_view kSegments = "marker-segments";

void keep_segment(Pen& pen, std::size_t marker, bool in_tile, const Survey& survey, Once& once) {
    const ByteView segment = pen.segment();
    const ByteView content = segment.subspan(4);
    if (marker == kCom && !in_tile) return pen.leave(segment.size(), "comment");
    if (marker == kCom) {
        Bytes blank(segment.begin(), segment.end());
        // Registration (1: text) stays.
        if (blank.size() > 6) std::fill(blank.begin() + 6, blank.end(), std::uint8_t{' '});
        return pen.replace(segment, blank, "comment");
    }
    const Kind* const kind = kind_of(marker, in_tile);
    if (kind == nullptr) lost("a marker segment of no known form");
    const bool stays = kind->is_as_it_should_be(content, survey) && once.is_first(marker, content);
    if (!stays && kind->is_needed) lost("a marker segment of no known form");
    if (!stays) return pen.leave(segment.size(), kSegments);
    if (marker != kQcd && marker != kQcc) return pen.keep(segment.size());
    const std::size_t before = marker == kQcd ? 0 : survey.number_bytes();
    pen.replace(segment, with_used_steps(segment, 5 + before, survey), kSegments);
}

/// The bytes of a last tile-part that does not say how many: packets hold no marker above FF8F
/// (T.800 B.10.1).
std::size_t up_to_end(ByteView data) {
    for (std::size_t at = 0; at + 1 < data.size(); ++at)
        if (big16(data, at) == kEoc) return at;
    lost("its last tile-part has no end");
}

/// Whether all PLT of a tile-part together (T.800 A.7.3) are lengths of packets that fill its data.
bool are_right_lengths(const std::vector<ByteView>& contents, std::size_t data) {
    std::size_t sum = 0;
    std::size_t length = 0;
    bool is_whole = true;
    for (std::size_t i = 0; i < contents.size(); ++i) {
        if (contents[i].empty() || contents[i][0] != i % 256) return false;
        for (const std::uint8_t byte : contents[i].subspan(1)) {
            length = length << 7 | (byte & 0x7FU);
            is_whole = byte < 0x80;
            if (length > data) return false;
            if (!is_whole) continue;
            sum += length;
            length = 0;
        }
    }
    return is_whole && sum == data;
}

/// Of a whole tile-part: it has PLT, and they are not of its packets.
bool has_wrong_lengths(ByteView tile_part) {
    std::vector<LeftOut> ignored;
    std::vector<ByteView> contents;
    Pen pen(tile_part, ignored);
    pen.leave(kSotBytes, "");
    for (std::size_t marker = pen.marker(); marker != kSod; marker = pen.marker()) {
        const ByteView segment = pen.segment();
        if (marker == kPlt) contents.push_back(segment.subspan(4));
        pen.leave(segment.size(), "");
    }
    const std::size_t data = tile_part.size() - pen.at() - 2;
    return !contents.empty() && !are_right_lengths(contents, data);
}

/// A walk that writes nothing, over what is noted as left out by none.
class Surveyor {
  public:
    explicit Surveyor(ByteView bytes) : bytes_(bytes), pen_(bytes, ignored_) {}

    Survey run() && {
        size();
        for (std::size_t marker = pen_.marker(); marker != kSot; marker = pen_.marker())
            pass(marker);
        while (pen_.rest().size() >= 2 && big16(pen_.rest(), 0) == kSot) tile_part();
        // Where a tile-part becomes shorter they are not what is said.
        if (!loses_lengths_) survey_.said = said();
        return std::move(survey_);
    }

  private:
    void size() {
        const ByteView segment = pen_.marker() == kSiz ? pen_.segment() : ByteView();
        if (segment.size() < 40 || segment.size() != 40 + 3 * big16(segment, 38))
            lost("it does not begin with the marker SIZ");
        survey_.components = big16(segment, 38);
        pen_.leave(segment.size(), "");
    }

    void pass(std::size_t marker) {
        const ByteView content = pen_.segment().subspan(4);
        const std::size_t at = marker == kCod ? 5 : survey_.number_bytes() + 1;
        if ((marker == kCod || marker == kCoc) && content.size() > at)
            survey_.levels =
                std::max(survey_.levels, std::min(kMostLevels, std::size_t{content[at]}));
        if (marker == kTlm) tlm_.push_back(content);
        pen_.leave(content.size() + 4, "");
    }

    void tile_part() {
        const std::size_t begin = pen_.at();
        const ByteView segment = pen_.segment();
        if (segment.size() != kSotBytes) lost("a tile-part that begins with something else");
        const std::size_t tile = big16(segment, 4);
        const std::size_t said = big32(segment, 6);
        pen_.leave(kSotBytes, "");
        for (std::size_t marker = pen_.marker(); marker != kSod; marker = pen_.marker())
            pass(marker);
        pen_.leave(2, "");
        const std::size_t header = pen_.at() - begin;
        if (said != 0 && said < header) lost("a tile-part that is shorter than its header");
        const std::size_t data = said == 0 ? up_to_end(pen_.rest()) : said - header;
        if (data > pen_.rest().size()) lost("it ends early");
        pen_.leave(data, "");
        loses_lengths_ = loses_lengths_ || has_wrong_lengths(bytes_.subspan(begin, header + data));
        survey_.tile_parts.push_back({tile, header + data});
    }

    /// T.800 A.7.1: in order, each with as many bytes of numbers as Stlm says.
    [[nodiscard]] std::optional<std::vector<TilePart>> said() const {
        std::vector<TilePart> all;
        for (std::size_t i = 0; i < tlm_.size(); ++i) {
            const ByteView content = tlm_[i];
            if (content.size() < 2 || content[0] != i || (content[1] & 0x8F) != 0) return {};
            const std::size_t of_tile = content[1] >> 4 & 3;
            const std::size_t of_length = (content[1] & 0x40) != 0 ? 4 : 2;
            const ByteView entries = content.subspan(2);
            if (of_tile == 3 || entries.size() % (of_tile + of_length) != 0) return {};
            for (std::size_t at = 0; at < entries.size(); at += of_tile + of_length) {
                const std::size_t tile = of_tile == 0   ? all.size()
                                         : of_tile == 1 ? entries[at]
                                                        : big16(entries, at);
                const std::size_t length_at = at + of_tile;
                all.push_back(
                    {tile, of_length == 2 ? big16(entries, length_at) : big32(entries, length_at)});
            }
        }
        return all;
    }

    ByteView bytes_;
    std::vector<LeftOut> ignored_;
    Pen pen_;
    Survey survey_;
    std::vector<ByteView> tlm_;
    bool loses_lengths_ = false;
};

void keep_tile_part(Pen& pen, const Survey& survey, std::size_t bytes) {
    const ByteView whole = pen.rest().first(bytes);
    const bool has_length = big32(whole, 6) != 0;
    const bool keeps_lengths = !has_wrong_lengths(whole);
    const std::size_t begin = pen.at();
    const std::size_t written = pen.written();
    pen.keep(kSotBytes);
    Once once(survey);
    for (std::size_t marker = pen.marker(); marker != kSod; marker = pen.marker()) {
        if (marker != kPlt)
            keep_segment(pen, marker, true, survey, once);
        else if (keeps_lengths)
            pen.keep(pen.segment().size());
        else
            pen.leave(pen.segment().size(), kSegments);
    }
    pen.keep(bytes - (pen.at() - begin));
    const std::size_t left = pen.written() - written;
    Bytes length(4);
    for (std::size_t i = 0; i < 4; ++i) length[i] = static_cast<std::uint8_t>(left >> (24 - 8 * i));
    if (has_length) pen.rewrite(written + 6, length);
}

/// T.800 A.4.2: parts of a tile count from 0, all say how many there are or 0, and no more come.
/// Some writers give the number of the last in its place.
void require_counted(ByteView tile_part, std::vector<std::pair<std::size_t, std::size_t>>& counts) {
    const std::size_t tile = big16(tile_part, 4);
    const std::size_t number = tile_part[10];
    const std::size_t all = tile_part[11];
    if (tile >= counts.size()) counts.resize(tile + 1);
    auto& [next, said] = counts[tile];
    if (said == 0) said = all;
    if (number != next % 256 || (said != 0 && number > said) || (all != 0 && all != said))
        lost("a tile-part that its tile does not count");
    ++next;
}

}  // namespace

Bytes bare_jpeg2000(ByteView codestream, std::vector<LeftOut>& left_out) {
    const ByteView bytes = without_boxes(codestream);
    if (bytes.size() < codestream.size())
        left_out.push_back({"boxes", codestream.size() - bytes.size()});
    if (bytes.size() < 2 || big16(bytes, 0) != 0xFF4F)
        lost("it does not begin with the marker SOC");
    const Survey survey = Surveyor(bytes.subspan(2)).run();
    Pen pen(bytes, left_out);
    pen.keep(2);
    (void)pen.marker();
    pen.keep(pen.segment().size());
    Once once(survey);
    for (std::size_t marker = pen.marker(); marker != kSot; marker = pen.marker())
        keep_segment(pen, marker, false, survey, once);
    std::vector<std::pair<std::size_t, std::size_t>> counts;
    for (const TilePart& part : survey.tile_parts) {
        require_counted(pen.rest(), counts);
        keep_tile_part(pen, survey, part.bytes);
    }
    const ByteView rest = pen.rest();
    if (rest.size() < 2) {
        // Some writers leave EOC away; a padding byte may be left.
        pen.write(std::array<std::uint8_t, 2>{0xFF, 0xD9});
        return std::move(pen).end();
    }
    if (big16(rest, 0) != kEoc) lost("no marker where a tile-part ends");
    pen.keep(2);
    return std::move(pen).end();
}

}  // namespace lucerna::dicom
