#include "store/study_accounts.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "store/postgres_dialect.h"

namespace lucerna::store {
namespace {

/// The first of kStudyTexts are of the patient; of these, the first say who she is.
constexpr std::size_t kPatientTexts = 5;
constexpr std::size_t kWho = 4;
/// More are no one's spellings of one patient, and each is compared with each.
constexpr std::size_t kMostAccounts = 32;

// One may be in the form that its back end can keep.
bool say_the_same(const Facts& one, const Facts& other, std::string Facts::*text) {
    return postgres_storable(one.*text) == postgres_storable(other.*text);
}

/// The end where there is none.
auto account_like(auto& accounts, const Facts& facts) {
    return std::find_if(accounts.begin(), accounts.end(), [&](const Account& account) {
        return say_the_same_person(account.says, facts);
    });
}

/// The first that says anything in it; "" where that was there before objects were noted.
std::string first_object_of(const Account& account) {
    std::optional<std::string> first;
    for (std::size_t i = 0; i < std::size(kStudyTexts); ++i) {
        if ((account.says.*kStudyTexts[i]).empty()) continue;
        std::string object = account.description.object_of(i);
        if (!first || object < *first) first = std::move(object);
    }
    return first.value_or("");
}

/// Those with a Patient ID first, and of these and of others the one received first.
std::vector<const Account*> by_rank(const Accounts& accounts) {
    std::vector<std::pair<std::pair<bool, std::string>, const Account*>> ranked;
    for (const Account& account : accounts)
        ranked.push_back({{account.says.patient_id.empty(), first_object_of(account)}, &account});
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const auto& one, const auto& other) { return one.first < other.first; });
    std::vector<const Account*> sorted;
    for (const auto& [rank, account] : ranked) sorted.push_back(account);
    return sorted;
}

}  // namespace

bool say_the_same_person(const Facts& one, const Facts& other) {
    return std::all_of(std::begin(kStudyTexts), std::begin(kStudyTexts) + kWho,
                       [&](const auto text) { return say_the_same(one, other, text); });
}

bool names_another(const Facts& before, const Facts& now) {
    const bool is_of_an_id =
        !now.patient_id.empty() && say_the_same(before, now, &Facts::patient_id);
    return std::any_of(std::begin(kStudyTexts), std::begin(kStudyTexts) + kWho,
                       [&](const auto text) {
                           const bool is_learned = is_of_an_id && (before.*text).empty();
                           return !is_learned && !say_the_same(before, now, text);
                       });
}

Account* take_account(Accounts& accounts, const std::string& object, const Facts& facts) {
    auto found = account_like(accounts, facts);
    if (found == accounts.end()) {
        if (accounts.size() >= kMostAccounts) return nullptr;
        found = accounts.insert(found, Account{});
    }
    return take_texts(found->description, object, facts, kStudyTexts, found->says) ? &*found
                                                                                   : nullptr;
}

WholeStudy whole_of(const Accounts& accounts) {
    WholeStudy whole;
    std::vector<const Account*> counted;
    for (const Account* account : by_rank(accounts)) {
        const Person person = person_of(account->says);
        if (std::any_of(counted.begin(), counted.end(), [&](const Account* other) {
                return disagree(person, person_of(other->says));
            }))
            ++whole.left_out;
        else
            counted.push_back(account);
    }
    for (std::size_t i = 0; i < std::size(kStudyTexts); ++i) {
        const auto text = kStudyTexts[i];
        const Account* from = nullptr;
        for (const Account* account : counted) {
            if ((account->says.*text).empty()) continue;
            if (from == nullptr || (i >= kPatientTexts && account->description.object_of(i) <
                                                              from->description.object_of(i)))
                from = account;
        }
        if (from != nullptr) whole.says.*text = from->says.*text;
    }
    return whole;
}

std::optional<Person> another_in(const Accounts& accounts, const Person& person) {
    for (const Account& account : accounts)
        if (Person kept = person_of(account.says); are_two_people(person, kept)) return kept;
    if (Person kept = person_of(whole_of(accounts).says); are_two_people(person, kept)) return kept;
    return {};
}

std::vector<Facts> may_have_said(const Accounts& kept, const Facts& known,
                                 const std::string& object, const std::string& key_owner) {
    std::vector<Facts> its, hers, all;
    for (const Account& account : kept) {
        Facts said = known;
        bool gave_any = false;
        for (std::size_t i = 0; i < std::size(kStudyTexts); ++i) {
            const std::string from = account.description.object_of(i);
            gave_any = gave_any || from == object;
            if (from <= object) said.*kStudyTexts[i] = account.says.*kStudyTexts[i];
        }
        // All of an account say the same of these: it began with a later one.
        if (!say_the_same_person(said, account.says)) continue;
        if (gave_any) its.push_back(said);
        if (postgres_storable(said.key_owner()) == key_owner) hers.push_back(said);
        all.push_back(std::move(said));
    }
    if (!its.empty()) return its;
    return hers.empty() ? all : hers;
}

Accounts accounts_of(Connection& index, std::int64_t study) {
    Statement find = index.prepare("SELECT id, described_by, " STUDY_TEXTS
                                   " FROM study_accounts WHERE study = ? ORDER BY id");
    find.bind(study);
    Accounts accounts;
    while (find.step()) {
        Account& account = accounts.emplace_back();
        account.id = find.integer(0);
        account.description = Description(find.text(1));
        int at = 2;
        for (const auto text : kStudyTexts) account.says.*text = find.text(at++);
    }
    return accounts;
}

void save_account(Connection& index, std::int64_t study, const Account& account) {
    Statement save =
        index.prepare(account.id == 0 ? "INSERT INTO study_accounts (" STUDY_TEXTS
                                        ", described_by, study) VALUES "
                                        "(?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
                                      : "UPDATE study_accounts SET (" STUDY_TEXTS
                                        ", described_by, study) = (?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
                                        "WHERE id = ?");
    for (const auto text : kStudyTexts) save.bind(account.says.*text);
    save.bind(account.description.column()).bind(study);
    if (account.id != 0) save.bind(account.id);
    save.run();
}

void replace_accounts(Connection& index, std::int64_t study, const Accounts& accounts) {
    index.prepare("DELETE FROM study_accounts WHERE study = ?").bind(study).run();
    for (const Account& account : accounts) save_account(index, study, account);
}

void require_same_patient(const Facts& facts, Role role, const Accounts& kept) {
    if (role == Role::kReceived && kept.size() >= kMostAccounts &&
        account_like(kept, facts) == kept.end())
        throw Error(ErrorCode::kUnsupported,
                    "kept under too many names: study " + facts.study_instance_uid);
    const Person whose = person_of(facts);
    std::optional<Person> other;
    if (role == Role::kReceived)
        other = another_in(kept, whose);
    else if (Person study = person_of(whole_of(kept).says); are_two_people(whose, study))
        other = std::move(study);
    if (!other) return;
    // What is cut off to fit an Error Comment (0000,0902) is the end.
    throw Error(ErrorCode::kUnsupported, std::string("kept under another ") +
                                             told_apart_by(whose, *other) + ": study " +
                                             facts.study_instance_uid);
}

void require_same_patient(Connection& index, const Facts& facts, Role role) {
    std::int64_t study = 0;
    {
        Statement find = index.prepare("SELECT id FROM studies WHERE study_instance_uid = ?");
        if (!find.bind(facts.study_instance_uid).step()) return;
        study = find.integer(0);
    }
    require_same_patient(facts, role, accounts_of(index, study));
}

}  // namespace lucerna::store
