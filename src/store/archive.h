#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/encoding.h"
#include "store/query.h"

namespace lucerna::store {

class Arrival;
struct Job;
struct Parts;

/// Received from outside, or a result that Lucerna made.
enum class Role { kReceived, kResult };
enum class Kept { kNew, kAlreadyKept };

struct InstanceRow {
    std::string study_instance_uid;
    std::string series_instance_uid;
    std::string sop_instance_uid;
    std::string sop_class_uid;
    std::string transfer_syntax_uid;
    std::string modality;
    /// Bytes of the file as it was kept.
    std::uint64_t size = 0;
    /// Bytes before Pixel Data, 0 where unknown.
    std::uint64_t head_bytes = 0;
    Role role = Role::kReceived;
    Instant received_at{};
    int number_of_frames = 0;
    int rows = 0;
    int columns = 0;
    /// "R-CC", or empty.
    std::string view;
    /// Its name among the sealed objects.
    std::string object;
};

/// A series of a study, or one instance of it.
struct StudyPart {
    std::string study_instance_uid;
    std::string series_instance_uid;
    /// Empty for the whole series.
    std::string sop_instance_uid = {};
};

/// For an erasure of what somebody has looked at, and of nothing that came since.
using AsSeen = std::optional<std::vector<InstanceRow>>;

/// What an erasure takes beside instances.
struct Beside {
    /// With performed steps.
    std::size_t orders = 0;
    std::size_t workitems = 0;
    /// To work items to come, by a filter that names the patient.
    std::size_t subscriptions = 0;
};

/// What a store that holds no patient's data key shows of being the one that is kept.
enum class OwnKeys {
    kUnknown,
    /// Its folder holds the key-encryption keys themselves, and other secrets under them.
    kInItsFolder,
};

/// An object held open. One thread at a time.
class OpenedObject {
  public:
    virtual ~OpenedObject() = default;
    /// Of the file as it was kept.
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    /// Bytes [offset, offset + length) of it, cut at its end; only the chunks touched are read,
    /// each checked. Throws Error: kCorrupt (naming object and chunk), kIo, and kNotFound where it
    /// was erased since; of the chunk that was read last the rest is still given.
    [[nodiscard]] virtual Bytes read(std::uint64_t offset, std::uint64_t length) = 0;
    /// The same into memory of the caller's. Requires offset + into.size() <= size().
    virtual void read(std::uint64_t offset, std::span<std::uint8_t> into) = 0;
};

/// Something `verify` found.
struct Damage {
    /// The object's name; the SOP Instance UID where the index knows it.
    std::string object;
    std::string sop_instance_uid;
    std::string what;
};

/// Whose a study or an order is, each as indexed_text gives it; empty: not known.
struct PatientKey {
    std::string id;
    std::string issuer = {};
};

/// Who objects say that they are of.
struct Person {
    PatientKey patient;
    std::string name = {};
    std::string birth_date = {};
};

/// Which records of a Patient ID are meant, which is one person's within its issuer alone.
enum class Issuers {
    /// Those of the issuer that is named. What has none is the same patient's, and what has one is
    /// where none is named, as long as there is no second issuer of that ID, as when objects come.
    kAlike,
    /// Whatever their issuer: of two hospitals, two persons' perhaps.
    kAll,
};
/// What erase_patient takes out, and what stays that has to do with it.
struct PatientErasure {
    /// Issuers of the Patient ID under which it takes, and under which something stays that may be
    /// another person's; empty: none is said.
    std::vector<std::string> issuers;
    std::vector<std::string> issuers_left;
    std::vector<std::string> studies;
    /// Of these: kept as another patient's, but with an object of this one (an earlier version took
    /// such, and the index is rebuilt from them). They go as a whole.
    std::vector<std::string> studies_of_others;
    std::size_t instances = 0;
    /// Data keys, of which some may be of no instance any more, but of an object that the index
    /// does not have.
    std::size_t keys = 0;
    Beside beside;
    /// Objects that stay and are sealed by a data key of what goes: it stays with them.
    std::size_t sealed_alike = 0;
};

/// The objects, sealed, and their index. Safe from several threads.
class Archive {
  public:
    explicit Archive(Parts& parts);

    /// Keeps one DICOM file (PS3.10, with file meta). On return object and index row are durable.
    /// The same SOP Instance UID again: kAlreadyKept if the data set is identical (file meta and
    /// preamble may differ) or if both are results, of which the log says if they differ in more
    /// than time stamps; Error(kConflict) otherwise, and the first stays. Throws
    /// Error(kInvalidInput), naming the attribute, where a UID is missing or not a UID;
    /// Error(kUnsupported) where its study is kept under another patient; Error(kOutOfSpace),
    /// Error(kIo). After a throw nothing is kept.
    Kept keep(ByteView part10);
    /// The same of a result, as long as the lease of the reading that it is of is held: an erasure
    /// of the study ends it, whatever comes under the study's UID again. Throws Error(kConflict)
    /// where it is lost, or the patient's data key was destroyed meanwhile.
    Kept keep_result(ByteView part10, const Job& reading);
    /// For a large file that is still coming: it is sealed while it comes.
    [[nodiscard]] std::unique_ptr<Arrival> arriving();

    /// The file as it was kept, every byte checked. Throws Error: kNotFound, kCorrupt (naming
    /// object and chunk), kIo.
    [[nodiscard]] Bytes object(const std::string& sop_instance_uid);
    /// The same into what another object was read into before, which spares new memory.
    void object(const std::string& sop_instance_uid, Bytes& into);
    /// The very object that `row` tells of, for reading it piece by piece: never one that came in
    /// its place since. Throws as `object` does.
    [[nodiscard]] std::unique_ptr<OpenedObject> open(const InstanceRow& row);

    [[nodiscard]] std::optional<InstanceRow> instance(const std::string& sop_instance_uid);
    /// One is kept under that name (InstanceRow::object): what is erased and comes again has
    /// another.
    [[nodiscard]] bool keeps_object(const std::string& name);
    /// By its clock.
    [[nodiscard]] Instant now() const;
    /// The key of the object kept under that name would open it for another program, too, as of
    /// `since` or later (KeyRing::require_kept). Throws Error: kNotFound where there is none,
    /// kUnavailable, kCorrupt.
    void require_lasting(const std::string& name, Instant since);
    /// Those of the names that the index has, all as of one moment after the call.
    [[nodiscard]] std::set<std::string> kept_among(std::span<const std::string> names);
    /// In order of series and instance number. Empty if there is no such study.
    [[nodiscard]] std::vector<InstanceRow> instances_of(const std::string& study_instance_uid);
    /// Those of them that were received and have pixels, the first `most`.
    [[nodiscard]] std::vector<InstanceRow> images_of(const std::string& study_instance_uid,
                                                     std::size_t most);

    /// Newest studies first, then by series and instance number. Throws Error(kInvalidInput) for a
    /// value that its key cannot have (a date range that is none), naming the tag.
    [[nodiscard]] std::vector<Match> find(const Query& query);
    /// How many match, whatever `query` has for limit and offset: at most `most`, which is no more
    /// work however many there are.
    [[nodiscard]] std::size_t count(const Query& query, std::size_t most);
    /// As find, for as many as there are: hands them to `take`, in order, until it returns false.
    /// No snapshot is held while `take` runs, however long that is; what is erased meanwhile does
    /// not come, what is kept meanwhile does neither. By then the keys, which may be long, have
    /// gone.
    void find_each(Query query, const std::function<bool(const Match&)>& take);

    /// Takes a study out of index and objects, its exam, readings and queued jobs with it. The data
    /// key goes when it was the last study of its patient, and no object that the index does not
    /// know is sealed by it, which may have all of them looked through (keys_of_unknown). The audit
    /// trail notes that `by` did it. Returns how many instances went. Throws Error(kConflict) while
    /// the study is being read, and where `as_seen` is there and the study does not consist of
    /// those instances.
    std::size_t erase_study(const std::string& study_instance_uid, const std::string& by = "server",
                            const AsSeen& as_seen = {});
    /// Takes out a part of a study. With an image of it goes what was made from the images: the
    /// result objects, readings, decisions and jobs; the exam begins anew with the images that are
    /// left. So do the result objects where the study is of somebody else without it. Else jobs
    /// are to be done without what was taken out. What is left and cannot be read says of the study
    /// what the index has of it. Otherwise as erase_study.
    std::size_t erase_part(const StudyPart& part, const std::string& by = "server",
                           const AsSeen& as_seen = {});
    /// Destroys the patient's data keys first, then takes out the studies, and what was ordered
    /// and performed of her: what remains on any copy of the objects cannot be read. A study is of
    /// one patient: what says no issuer in a study that has one is that issuer's. Returns how many
    /// instances went.
    std::size_t erase_patient(const std::string& patient_id,
                              const std::string& issuer_of_patient_id,
                              const std::string& by = "server", Issuers which = Issuers::kAlike);
    /// What erase_patient would do, by doing it and undoing it.
    [[nodiscard]] PatientErasure erasure_of_patient(const std::string& patient_id,
                                                    const std::string& issuer_of_patient_id,
                                                    Issuers which = Issuers::kAlike);
    /// What goes with a study and is none of its instances.
    [[nodiscard]] Beside beside_study(const std::string& study_instance_uid);

    /// A work item alone: one without a Patient ID that names no study goes with nobody. Nothing
    /// where there is none.
    Beside erase_workitem(const std::string& sop_instance_uid, const std::string& by);
    /// What that would do, by doing it and undoing it.
    [[nodiscard]] Beside erasure_of_workitem(const std::string& sop_instance_uid);

    /// How many erasures there were, whoever did them: where it has changed, what is known of
    /// objects elsewhere may be of none that is kept.
    [[nodiscard]] std::uint64_t erasures();
    /// The same of what this process did, counted before it says that it has, and perhaps more than
    /// once: to be asked at any time, without looking into the index.
    [[nodiscard]] std::uint64_t own_erasures() const noexcept;
    /// Other processes may be at work on it, too.
    [[nodiscard]] bool is_shared() const;
    /// From time to time: removes again what was erased and arrived after that, sent once more by
    /// whoever stands before a bucket. As Objects::remove_late.
    void remove_late_arrivals(const std::function<bool()>& goes_on);

    /// Finishes every erasure that was broken off, whichever process began it; nothing where there
    /// is none. Until then what is called gone may lie there still, with its key. Throws Error as
    /// erase_study.
    void finish_erasures();
    /// From time to time, for as long as it `goes_on`: the same of those that got no further since
    /// this was last called, so that who is at one is left to it.
    void finish_left_erasures(const std::function<bool()>& goes_on);
    /// From time to time: removes what processes that ended had in hand, where that failed when
    /// they were found to have. As recover_objects.
    void recover_left_objects();

    /// Whose the study is, as far as its objects say, in the form that the index has; empty where
    /// they do not, or there is none.
    [[nodiscard]] Person person_of_study(const std::string& study_instance_uid);

    /// Reads every page of the index, every key, every object and the audit trail, and checks
    /// objects and index against each other, both ways.
    [[nodiscard]] std::vector<Damage> verify();
    /// Adds to the index what lies among the objects and is not in it, in the order in which it
    /// was received. What nobody acknowledged goes, and so does a second copy of an instance. One
    /// whose object is gone gives way to another that is there.
    /// Issuers of Patient IDs that earlier versions did not read are learnt of what is in it.
    /// Returns what it could not read, or enter.
    std::vector<Damage> reindex();
    /// For who goes on to work with the index: throws Error(kConflict) where it has never known a
    /// data key, and yet there are some. It was lost then, and `reindex` comes first: new objects
    /// would get keys of their own, and what is erased would come back with the old ones.
    void require_index();
    /// How many objects the index does not know.
    [[nodiscard]] std::size_t unknown_objects();
    /// Wraps every data key under the provider's current key, which is another provider's. Returns
    /// how many were rewrapped. Throws Error(kCorrupt), naming those that do not open: none was, or
    /// it says some were. From the first one on keys_are_moving, until end_move.
    std::size_t rewrap_keys(const std::string& by = "server");
    /// All that was under the former provider is under the other one.
    void end_move();
    /// Some keys may be under another provider than the rest: a move was broken off.
    [[nodiscard]] bool keys_are_moving();
    /// Makes a new key-encryption key, wraps every data key under it and ends the older ones.
    /// Objects stay as they are. One that was broken off is finished first. Returns how many keys
    /// were rewrapped. Throws Error: kConflict where it holds no patient's key, unless a server
    /// noted that this is its store, or the keys are its own; kCorrupt, naming the data keys that
    /// do not open, after all others were rewrapped: the older key-encryption keys are not ended.
    std::size_t rotate_keys(const std::string& by = "server", OwnKeys own = OwnKeys::kUnknown);

    struct Totals {
        std::uint64_t studies = 0;
        std::uint64_t instances = 0;
        std::uint64_t bytes = 0;
    };
    [[nodiscard]] Totals totals();

  private:
    Parts& parts_;
};

}  // namespace lucerna::store
