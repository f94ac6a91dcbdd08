#include "exam/jurisdiction.h"

#include <string>

#include "base/encoding.h"
#include "base/error.h"

namespace lucerna::exam {
namespace {

/// Those that are officially assigned, a blank behind each.
constexpr std::string_view kCountries =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN "
    "BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ "
    "DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL "
    "GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM "
    "JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME "
    "MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP "
    "NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD "
    "SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO "
    "TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW ";

}  // namespace

bool is_country_code(std::string_view code) {
    return code.size() == 2 && code.find(' ') == std::string_view::npos &&
           kCountries.find(std::string(code) + " ") != std::string_view::npos;
}

void require_jurisdiction(std::string_view jurisdiction, std::string_view where) {
    if (jurisdiction.empty() || is_country_code(jurisdiction)) return;
    throw Error(ErrorCode::kInvalidInput,
                std::string(where) + ": " + json_quoted(jurisdiction) +
                    " is no country: two capital letters that ISO 3166-1 assigns (alpha-2), as CH, "
                    "or nothing");
}

}  // namespace lucerna::exam
