#include "retrieve/named_objects.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/memory_budget.h"
#include "dicom/tags.h"
#include "store/matching.h"

namespace lucerna::retrieve {
namespace {

namespace tags = dicom::tags;

/// A search of an index holds what it sorts and a page of what it finds, as large as an index may
/// be: two at once.
MemoryBudget::Share room_to_search() {
    static MemoryBudget budget("what is searched for to be sent", std::size_t{8} << 20);
    return budget.take(std::size_t{4} << 20, "a search for what to send");
}

/// Something is kept of that Patient ID under an issuer that is another one.
bool has_other_issuer(store::Archive& archive, const std::string& patient_id,
                      const std::string& issuer) {
    if (patient_id.empty()) return false;
    store::Query query;
    query.level = store::Level::kStudy;
    query.limit = std::size_t{1} << 30;
    query.keys = {{tags::kPatientId, patient_id}, {tags::kIssuerOfPatientId, ""}};
    bool found = false;
    archive.find_each(query, [&](const store::Match& match) {
        const std::string one = store::indexed_text(match.value(tags::kIssuerOfPatientId));
        found = !one.empty() && one != issuer;
        return !found;
    });
    return found;
}

}  // namespace

std::size_t NamedObjects::Packed::bytes() const {
    constexpr std::size_t kOfKind = sizeof(Kind) + 160;
    return sop_instance_uids.bytes() + kind_of.capacity() * sizeof(std::uint32_t) +
           kinds.capacity() * kOfKind;
}

std::string NamedObjects::Packed::digest() const {
    std::string all;
    all.reserve(sop_instance_uids.bytes());
    for (std::size_t i = 0; i < sop_instance_uids.size(); ++i)
        (all += sop_instance_uids[i]) += '\n';
    return sha256(as_byte_view(all));
}

NamedObjects::Packed NamedObjects::search(store::Archive& archive, const store::Query& query,
                                          const Owner& owner) {
    const MemoryBudget::Share room = room_to_search();
    Packed found;
    std::map<Kind, std::uint32_t> known;
    bool has_those_of_nobody = false;
    const auto gather = [&](const auto& is_wanted) {
        found = {};
        known.clear();
        archive.find_each(query, [&](const store::Match& match) {
            Kind kind{std::string(match.value(tags::kSopClassUid)),
                      std::string(match.value(tags::kAvailableTransferSyntaxUid)),
                      store::indexed_text(match.value(tags::kIssuerOfPatientId))};
            has_those_of_nobody = has_those_of_nobody || kind.issuer_of_patient_id.empty();
            if (!is_wanted(kind)) return true;
            const auto number = static_cast<std::uint32_t>(known.size());
            found.kind_of.push_back(known.emplace(std::move(kind), number).first->second);
            found.sop_instance_uids.add(match.sop_instance_uid);
            return true;
        });
    };
    gather([&](const Kind& kind) {
        return owner.issuer.empty() || kind.issuer_of_patient_id.empty() ||
               kind.issuer_of_patient_id == owner.issuer;
    });
    if (!owner.issuer.empty() && has_those_of_nobody &&
        has_other_issuer(archive, owner.patient_id, owner.issuer))
        gather([&](const Kind& kind) { return kind.issuer_of_patient_id == owner.issuer; });
    found.kinds.resize(known.size());
    for (const auto& [kind, number] : known) found.kinds[number] = kind;
    found.sop_instance_uids.end();
    found.kind_of.shrink_to_fit();
    return found;
}

HeldList<NamedObjects::Packed> NamedObjects::list_of(store::Archive& archive, store::Query query,
                                                     Owner owner, std::size_t& size) {
    Packed first = search(archive, query, owner);
    size = first.kind_of.size();
    auto again = [&archive, query = std::move(query), owner = std::move(owner),
                  digest = first.digest()] {
        Packed now = search(archive, query, owner);
        if (now.digest() != digest)
            throw Error(ErrorCode::kNotFound, "what is sent has changed since it was asked for");
        return now;
    };
    return HeldList<Packed>(std::move(first), std::move(again));
}

NamedObjects::NamedObjects(store::Archive& archive, store::Query query, Owner owner)
    : objects_(list_of(archive, std::move(query), std::move(owner), size_)) {}

std::size_t NamedObjects::issuers() const {
    std::set<std::string> issuers;
    for (const Kind& kind : objects_.get()->kinds) issuers.insert(kind.issuer_of_patient_id);
    issuers.erase("");
    return issuers.size();
}

dicom::ObjectHead NamedObjects::operator[](std::size_t index) const {
    constexpr std::size_t kAhead = 64;
    return some_.with([&](Some& some) {
        if (index < some.from || index - some.from >= some.heads.size()) {
            const auto objects = objects_.get();
            some = {index, {}};
            for (std::size_t i = index; i < std::min(size_, index + kAhead); ++i) {
                const Kind& kind = objects->kinds[objects->kind_of[i]];
                some.heads.push_back({kind.sop_class_uid,
                                      std::string(objects->sop_instance_uids[i]),
                                      kind.transfer_syntax_uid});
            }
        }
        return some.heads[index - some.from];
    });
}

}  // namespace lucerna::retrieve
