// Work items without a Patient ID: which of them are an erased patient's and nobody else's.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/error.h"
#include "store/matching.h"
#include "store/named_patient.h"
#include "store/postgres_dialect.h"
#include "store/same_patient.h"
#include "store/saying.h"

namespace lucerna::store {
namespace {

/// As every back end keeps it, in whichever column.
std::string kept_form(const std::string& text) {
    return indexed_text(postgres_storable(trimmed(text)));
}

enum class Numbers { kAccession, kAdmission };
using Number = std::pair<Numbers, std::string>;

struct Called {
    NameKeys name;
    /// date_key; empty where it is not known.
    std::string birth_date;
};

/// What tells whose a record is, in the forms that are compared.
struct Marks {
    std::set<Number> numbers = {};
    /// With a birth date each, without which a name is anybody's.
    std::vector<Called> names = {};
};

Called called_in(const std::string& name, const std::string& birth_date) {
    return {name_keys(kept_form(name)), date_key(birth_date)};
}

/// In any script that both are written in.
bool are_called_alike(const NameKeys& one, const NameKeys& other) {
    const auto is_alike = [&](std::string NameKeys::*group) {
        return !(one.*group).empty() && one.*group == other.*group;
    };
    return is_alike(&NameKeys::alphabetic) || is_alike(&NameKeys::ideographic) ||
           is_alike(&NameKeys::phonetic);
}

bool has(const std::vector<Called>& all, const Called& one) {
    return std::any_of(all.begin(), all.end(), [&](const Called& other) {
        return one.birth_date == other.birth_date && are_called_alike(one.name, other.name);
    });
}

void add_numbers(Numbers which, const auto& texts, std::set<Number>& numbers) {
    for (const std::string& text : texts)
        if (std::string number = kept_form(text); !number.empty())
            numbers.emplace(which, std::move(number));
}

void add_name(const std::string& name, const std::string& birth_date, std::vector<Called>& names) {
    if (Called one = called_in(name, birth_date); !one.birth_date.empty() && !has(names, one))
        names.push_back(std::move(one));
}

void add_marks(const Saying& saying, Marks& marks) {
    add_numbers(Numbers::kAccession, saying.accession_numbers, marks.numbers);
    add_numbers(Numbers::kAdmission, saying.admission_ids, marks.numbers);
    add_name(saying.name, saying.birth_date, marks.names);
}

Marks marks_of(const NamedPatient& named) {
    Marks marks;
    add_numbers(Numbers::kAccession, named.accession_numbers, marks.numbers);
    add_numbers(Numbers::kAdmission, named.admission_ids, marks.numbers);
    for (const auto& [name, birth_date] : named.names) add_name(name, birth_date, marks.names);
    return marks;
}

using SaidIn = Saying (*)(const Statement&);

/// What says whose something is, with the row's key first, by which a page of it is asked for: the
/// whole may be as much as modalities made.
struct Records {
    const char* sql;
    SaidIn said_in;
    bool has_uids = false;
};
constexpr Records kRecords[] = {
    {"SELECT id, patient_name, patient_birth_date, accession_number FROM study_accounts WHERE id > "
     "? ORDER BY id LIMIT 256",
     [](const Statement& row) {
         return Saying{row.text(1), row.text(2), {row.text(3)}};
     }},
    {"SELECT id, order_json FROM orders WHERE id > ? ORDER BY id LIMIT 256",
     [](const Statement& row) { return said_in_order(row.text(1)); }},
    {"SELECT sop_instance_uid, data_set FROM performed_steps WHERE sop_instance_uid > ? ORDER BY "
     "sop_instance_uid LIMIT 256",
     [](const Statement& row) { return said_in_performed(row.text(1)); }, true},
    {"SELECT id, dataset_json FROM workitems WHERE id > ? AND patient_id <> '' ORDER BY id LIMIT "
     "256",
     [](const Statement& row) { return said_in_workitem(row.text(1)); }},
};

void for_each_saying(Connection& index, const Records& records, const auto& take) {
    std::int64_t id = 0;
    std::string uid;
    for (bool any = true; any;) {
        any = false;
        Statement find = index.prepare(records.sql);
        records.has_uids ? find.bind(uid) : find.bind(id);
        while (find.step()) {
            any = true;
            records.has_uids ? void(uid = find.text(0)) : void(id = find.integer(0));
            try {
                take(records.said_in(find));
            } catch (const Error&) {
                // What nobody can read names nobody.
            }
        }
    }
}

/// Which of `asked` anything in the archive has. Somebody of the name whose birth date is not known
/// may be the one who is born then.
Marks marks_kept(Connection& index, const Marks& asked) {
    Marks kept;
    const auto look_at = [&](const Saying& saying) {
        Marks marks;
        add_numbers(Numbers::kAccession, saying.accession_numbers, marks.numbers);
        add_numbers(Numbers::kAdmission, saying.admission_ids, marks.numbers);
        for (const Number& number : marks.numbers)
            if (asked.numbers.contains(number)) kept.numbers.insert(number);
        const std::string date = date_key(saying.birth_date);
        const auto may_be_born_then = [&](const Called& one) {
            return date.empty() || date == one.birth_date;
        };
        // Most are not, and a name takes longer to look at.
        if (std::none_of(asked.names.begin(), asked.names.end(), may_be_born_then)) return;
        const NameKeys keys = name_keys(kept_form(saying.name));
        for (const Called& one : asked.names)
            if (may_be_born_then(one) && are_called_alike(one.name, keys) && !has(kept.names, one))
                kept.names.push_back(one);
    };
    for (const Records& records : kRecords) for_each_saying(index, records, look_at);
    return kept;
}

bool is_there(Connection& index, const char* sql, const std::string& asked) {
    return index.prepare(sql).bind(indexed_text(asked)).step();
}

bool is_somebodys_id(Connection& index, const std::string& id) {
    return is_there(index,
                    "SELECT 1 FROM studies WHERE patient_id = ?1 UNION SELECT 1 FROM orders WHERE "
                    "patient_id = ?1 UNION SELECT 1 FROM performed_steps WHERE patient_id = ?1 "
                    "UNION SELECT 1 FROM workitems WHERE patient_id = ?1",
                    id);
}

bool is_somebodys_study(Connection& index, const std::string& study) {
    return is_there(index,
                    "SELECT 1 FROM studies WHERE study_instance_uid = ?1 UNION SELECT 1 FROM "
                    "orders WHERE study_instance_uid = ?1 UNION SELECT 1 FROM performed_of WHERE "
                    "study_instance_uid = ?1",
                    study);
}

bool is_in_somebodys_study(Connection& index, const std::string& part) {
    return is_there(index,
                    "SELECT 1 FROM series WHERE series_instance_uid = ?1 UNION SELECT 1 FROM "
                    "instances WHERE sop_instance_uid = ?1",
                    part);
}

/// Of what has it: she, others, or both, who tell nothing.
struct Whose {
    bool hers = false;
    bool anothers = false;

    void has(bool she, bool others) {
        hers = hers || (she && !others);
        anothers = anothers || (others && !she);
    }
};

void look_at_ids(Connection& index, const Saying& saying, const NamedPatient& named, Whose& whose) {
    for (const auto& [id, issuer] : saying.other_ids) {
        if (id.empty()) continue;
        const bool is_hers = id == trimmed(named.patient_id) && may_be_issued_by(named, issuer);
        // With an issuer of hers it is hers, whoever else has it of another.
        whose.has(is_hers, (!is_hers || issuer.empty()) && is_somebodys_id(index, id));
    }
}

struct Item {
    std::int64_t id;
    Saying saying;
    Marks marks;
};

bool is_of_two_names(const Item& item, const NamedPatient& named, const Marks& hers) {
    if (!item.marks.names.empty() && has(hers.names, item.marks.names.front())) return false;
    const Person one{{}, kept_form(item.saying.name), item.saying.birth_date};
    return std::any_of(named.names.begin(), named.names.end(), [&](const auto& name) {
        return are_named_as_two(one, {{}, kept_form(name.first), name.second});
    });
}

/// Something that it says is hers alone, and nothing another's alone.
bool is_hers(Connection& index, const Item& item, const NamedPatient& named, const Marks& hers,
             const Marks& others, Hers which) {
    const auto is_in_hers = [&](const std::string& part) { return named.uids.contains(part); };
    if (which == Hers::kByUid && std::ranges::none_of(item.saying.parts, is_in_hers)) return false;
    Whose whose;
    for (const Number& number : item.marks.numbers)
        whose.has(hers.numbers.contains(number), others.numbers.contains(number));
    for (const Called& name : item.marks.names)
        whose.has(has(hers.names, name), has(others.names, name));
    look_at_ids(index, item.saying, named, whose);
    for (const std::string& part : item.saying.parts)
        whose.has(is_in_hers(part), is_in_somebodys_study(index, part));
    return whose.hers && !whose.anothers && !is_of_two_names(item, named, hers) &&
           std::none_of(item.saying.studies.begin(), item.saying.studies.end(),
                        [&](const std::string& study) { return is_somebodys_study(index, study); });
}

}  // namespace

std::size_t erase_workitems_naming(Connection& index, const NamedPatient& named, Hers which) {
    const Marks hers = marks_of(named), nobodys;
    std::vector<Item> items;
    {
        Statement find =
            index.prepare("SELECT id, dataset_json FROM workitems WHERE patient_id = ''");
        while (find.step()) {
            Item item{find.integer(0), said_in_workitem(find.text(1)), {}};
            add_marks(item.saying, item.marks);
            items.push_back(std::move(item));
        }
    }
    std::erase_if(items, [&](const Item& item) {
        return !is_hers(index, item, named, hers, nobodys, which);
    });
    if (items.empty()) return 0;
    Marks asked;
    for (const Item& item : items) add_marks(item.saying, asked);
    const Marks others = marks_kept(index, asked);
    std::size_t erased = 0;
    for (const Item& item : items) {
        if (!is_hers(index, item, named, hers, others, which)) continue;
        index.prepare("DELETE FROM workitems WHERE id = ?").bind(item.id).run();
        ++erased;
    }
    return erased;
}

}  // namespace lucerna::store
