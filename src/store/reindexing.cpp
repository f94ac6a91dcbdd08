// Entering into the index what lies among the objects.
#include <algorithm>
#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/data_set.h"
#include "store/archive.h"
#include "store/erasure.h"
#include "store/instance_rows.h"
#include "store/keeping.h"
#include "store/kept_facts.h"
#include "store/pace.h"
#include "store/partial_erasure.h"
#include "store/parts.h"
#include "store/rows.h"
#include "store/sealed_io.h"
#include "store/unknown_objects.h"

namespace lucerna::store {
namespace {

bool holds(Parts& parts, const std::string& object, ByteView bytes) {
    try {
        SealedReader reader(*parts.objects, parts.keys, object);
        reader.show_size();
        Bytes other(static_cast<std::size_t>(reader.size()));
        reader.read(0, other);
        return std::equal(other.begin(), other.end(), bytes.begin(), bytes.end());
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kUnavailable) throw;
        return false;
    }
}

void enter_facts(Connection& index, const Facts& facts, const Placing& placing) {
    const Entered entered = insert_instance(index, facts, placing, OtherPatient::kTaken);
    if (placing.role != Role::kReceived) return;
    if (facts.is_exam_image())
        enter_image(index, facts, placing.received_at);
    else if (entered.renames)
        read_exam_again(index, facts.study_instance_uid);
}

/// What the objects of one study say, read once though many of them are entered one after another.
class StudyInHand {
  public:
    /// With `one` in place of the part.
    const std::vector<Described>& with(Parts& parts, Archive& archive, const StudyPart& part,
                                       const Described& one) {
        if (study_ != part.study_instance_uid) all_ = described_beside(parts, archive, part);
        study_ = part.study_instance_uid;
        std::erase_if(all_, [&](const Described& other) {
            return other.facts.sop_instance_uid == part.sop_instance_uid;
        });
        all_.push_back(one);
        return all_;
    }
    [[nodiscard]] const std::string& study() const { return study_; }
    /// More was entered.
    void let_go() { study_.clear(); }

  private:
    std::string study_;
    std::vector<Described> all_;
};

/// The index was copied before that instance was erased, and sent again: it knows an object that is
/// gone. What was made from that goes as it went then; study and patient are as what is there says.
void enter_in_its_place(Parts& parts, Archive& archive, StudyInHand& in_hand, const Place& gone,
                        const Facts& facts, const Placing& placing) {
    const InstanceRow row = archive.instance(facts.sop_instance_uid).value();
    const StudyPart part{row.study_instance_uid, row.series_instance_uid, row.sop_instance_uid};
    const std::vector<Described>& all = in_hand.with(parts, archive, part, {facts, placing});
    const bool has_key = parts.keys.is_there(gone.data_key);
    const auto take_its_place = [&](Connection& index) {
        const bool is_described_by_it = describes_study(index, part);
        if (part.study_instance_uid == facts.study_instance_uid)
            make_way(index, part);
        else
            (void)erase_part_rows(index, part);
        // It went with what she had, and she was given another: nothing more is sealed by it.
        if (!has_key) make_further(index, gone.data_key);
        enter_found_key(index, placing.data_key, facts.key_owner());
        enter_facts(index, facts, placing);
        if (is_described_by_it &&
            describe_anew(index, part.study_instance_uid, all) == DescribedAnew::kAsAnothers)
            (void)erase_results(index, part.study_instance_uid);
        // What is still to be entered may be sealed by them.
        index.execute("DELETE FROM doomed WHERE what = 'maybe-key'");
    };
    try {
        parts.index.write(take_its_place);
    } catch (...) {
        in_hand.let_go();
        throw;
    }
}

/// Enters one object that the index does not know. A second one of the same instance came again
/// before it was known, or is from a copied folder: it goes where it holds the same bytes, and is
/// named otherwise; where the first is gone, it takes its place. Its data key is the patient's all
/// the same, and ends with her.
void enter_object(Parts& parts, Archive& archive, StudyInHand& in_hand, const std::string& name) {
    SealedReader reader(*parts.objects, parts.keys, name);
    reader.show_size();
    Bytes bytes(static_cast<std::size_t>(reader.size()));
    reader.read(0, bytes);
    const auto header = dicom::DataSet::outline_in(bytes);
    const Facts facts = facts_of(header, parts.view_of);
    Placing placing = reader.placing();
    placing.head_bytes = header.pixel_data_offset();
    const auto first = parts.index.read(
        [&](Connection& index) { return place_of(index, facts.sop_instance_uid); });
    if (first && first->object != name && is_gone(parts, first->object)) {
        enter_in_its_place(parts, archive, in_hand, *first, facts, placing);
        // Of the study that it is in now there is more than was read, too.
        if (facts.study_instance_uid != in_hand.study()) in_hand.let_go();
        return;
    }
    in_hand.let_go();
    if (first && first->object == name)
        throw Error(ErrorCode::kCorrupt, "object " + name +
                                             ": the index knows it by its instance, and not by its "
                                             "name: it is damaged");
    const bool is_surplus = first && holds(parts, first->object, bytes);
    parts.index.write([&](Connection& index) {
        enter_found_key(index, placing.data_key, facts.key_owner());
        if (is_surplus)
            index.prepare("INSERT INTO doomed (name, what) VALUES (?, 'object')").bind(name).run();
        if (!first) enter_facts(index, facts, placing);
    });
    if (first && !is_surplus)
        throw Error(
            ErrorCode::kConflict,
            "object " + name + ": its instance is indexed already, with other bytes or damaged");
}

/// Studies whose patient has an ID, and no issuer of it.
std::vector<std::string> studies_without_issuer(Parts& parts) {
    return parts.index.read([&](Connection& index) {
        std::vector<std::string> studies;
        Statement find = index.prepare(
            "SELECT study_instance_uid FROM studies WHERE patient_id <> '' AND "
            "issuer_of_patient_id = ''");
        while (find.step()) studies.push_back(find.text(0));
        return studies;
    });
}

/// Issuers that an earlier version did not read where qualifiers alone name them
/// (dicom/patient_issuer.h). Of what cannot be read the index goes on to say what it says.
void learn_issuers(Parts& parts, Archive& archive) {
    for (const std::string& study : studies_without_issuer(parts)) {
        std::vector<Described> all;
        bool has_any = false;
        try {
            for (const InstanceRow& row : archive.instances_of(study)) {
                Described& one = all.emplace_back();
                one.facts = facts_of_kept(parts, archive, row);
                one.placing.received_at = row.received_at;
                one.placing.role = row.role;
                has_any = has_any ||
                          (row.role == Role::kReceived && !one.facts.issuer_of_patient_id.empty());
            }
        } catch (const Error& error) {
            if (error.code() == ErrorCode::kUnavailable) throw;
            continue;
        }
        if (!has_any) continue;
        parts.index.write([&](Connection& index) {
            if (describe_anew(index, study, all) == DescribedAnew::kAsAnothers)
                read_exam_again(index, study);
        });
    }
}

}  // namespace

std::vector<Damage> Archive::reindex() {
    const LongWork is_long;
    // What another process has in hand is not in the index yet.
    const auto alone = parts_.index.require_alone();
    // What it says of objects decides which of two of an instance goes.
    parts_.index.require_whole();
    std::vector<Damage> damages;
    struct Unknown {
        /// These last: an image that is entered in place of another takes the results out that the
        /// index had.
        bool is_result;
        std::uint64_t received_ms;
        std::string name;
        auto operator<=>(const Unknown&) const = default;
    };
    std::vector<Unknown> unknown;
    const auto attempt = [&](const std::string& name, const auto& work) {
        try {
            work();
        } catch (const Error& error) {
            damages.push_back({name, {}, error.what()});
        }
    };
    for_each_unknown(parts_, [&](const std::string& name) {
        attempt(name, [&] {
            const vault::SealedHeader header = sealed_header_of(parts_, name);
            if (!is_nobodys(header))
                unknown.push_back({header.kind == static_cast<std::uint8_t>(Role::kResult),
                                   header.received_ms, name});
            else if (is_left_by_nobody(parts_, name))
                parts_.objects->remove(name);
            else
                throw Error(ErrorCode::kCorrupt,
                            "object " + name +
                                ": its header says that it was never kept, and it lies among what "
                                "was");
        });
    });
    // So that of two objects of one instance the first stays.
    std::sort(unknown.begin(), unknown.end());
    StudyInHand in_hand;
    for (const Unknown& one : unknown)
        attempt(one.name, [&] { enter_object(parts_, *this, in_hand, one.name); });
    parts_.unknown.with([](auto& known) { known.reset(); });
    work_off_doomed(parts_);
    learn_issuers(parts_, *this);
    // Where there is a key and nothing that can be entered, nothing more is to be had.
    if (parts_.keys.has_records()) parts_.index.write(note_key);
    return damages;
}

}  // namespace lucerna::store
