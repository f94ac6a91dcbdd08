#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/guarded.h"
#include "store/database.h"
#include "store/key_record.h"
#include "vault/key_provider.h"

namespace lucerna::store {

/// Within the transaction that enters something: throws where it must not be.
using Required = std::function<void(Connection& index)>;

struct DataKey {
    std::string name;
    vault::SecretKey key;
};

/// Within the transaction that enters a key: what KeyRing::was_known goes by.
void note_key(Connection& index);
/// Enters the key of an object that came back to an index that had lost it. Where the owner has
/// been given another since, this is a further one: nothing more is sealed by it, and it ends with
/// him.
void enter_found_key(Connection& index, const std::string& name, const std::string& owner);
/// From here on it is a further one, if it is there and not one yet.
void make_further(Connection& index, const std::string& name);
[[nodiscard]] bool is_of_further_key(std::string_view owner);
/// SQL: whose the row of data_keys named `row` is, be it a further key or not.
[[nodiscard]] std::string owner_in(const std::string& row);

/// The data keys, one for each patient. Records hold them wrapped; the index knows whose they are.
/// Safe from several threads.
class KeyRing {
  public:
    KeyRing(Database& database, Records& records, vault::KeyProvider& provider, const Clock& clock);

    /// The key of this owner, made if there is none; a new one is durable on return, and of one
    /// that is not, what require_kept says of a minute ago holds. Throws Error(kUnavailable), also
    /// where that would take longer than there is (AnswerDue). None is made where `require` throws.
    [[nodiscard]] DataKey of_owner(const std::string& owner, const Required& require = {});
    /// Throws Error: kNotFound (destroyed), kCorrupt, kUnavailable.
    [[nodiscard]] vault::SecretKey by_name(const std::string& name);
    /// What is sealed under the key could be opened by another program, too, as of `since` or
    /// later: its record has the key, and so has that of the index's key its own, and the provider
    /// holds what it held. Throws Error: kNotFound (destroyed, and the index has forgotten it),
    /// kCorrupt (it is not so), kUnavailable (it could not be seen, or what all keys depend on is
    /// not so).
    void require_kept(const std::string& name, Instant since);
    /// The same as of a minute ago, before more is sealed: kUnavailable whatever is not so.
    void require_kept_lately(const std::string& name);
    /// Ends the key's record and every copy in memory.
    void destroy(const std::string& name);
    /// Its record is there, be it whole or not.
    [[nodiscard]] bool is_there(const std::string& name);
    /// Ends every copy in memory: another process may have destroyed it.
    void forget(const std::string& name);
    /// Some record is a patient's, not the index's own, and was entered: in this index, which then
    /// knows of it already, or in one that is lost.
    [[nodiscard]] bool has_records();
    /// The index knows of a key.
    [[nodiscard]] bool is_known();
    /// The index knew of one some time since it was made.
    [[nodiscard]] bool was_known();
    /// Of a record that does not open.
    struct Damage {
        std::string name;
        ErrorCode code = ErrorCode::kCorrupt;
        std::string what;
    };
    using Damages = std::vector<Damage>;
    struct Rewrapped {
        /// That were not under the provider's current key already.
        std::size_t keys = 0;
        /// Left as they were.
        Damages damaged;
    };
    /// Wraps every key that opens under the provider's current one, that of the index last, and
    /// shows of each record that it is so: of those that the index knows, too, whatever is listed.
    /// Throws Error(kUnavailable): the rest is as it was. `before_the_first` runs before a record
    /// is written, if any is.
    Rewrapped rewrap_all(const std::function<void()>& before_the_first = {});
    /// Makes a new key-encryption key, wraps every key under it and ends the older ones, unless
    /// some record is damaged: a copy of it may be under one of them. A rotation that was broken
    /// off is finished first: then no further key is made. What a record that cannot be read is
    /// under is not known: beside one each rotation makes a key. An index that is sealed gets
    /// another key with its next opening, so that copies of it end too.
    Rewrapped rotate();
    /// Records of patients' keys that no row of the index has, and that nobody is about to enter.
    [[nodiscard]] std::vector<std::string> unknown();
    /// Whose records are looked at: of an index that is damaged nothing can be asked.
    enum class Known { kListed, kToIndexToo };
    /// Reads and unwraps every record that is listed or that the index knows. Those that do not
    /// open for whatever reason.
    [[nodiscard]] Damages damages(Known known);

  private:
    /// When a record was last looked for, and its SHA-256 then.
    struct Seen {
        Instant looked;
        std::string digest;
    };
    struct Cache {
        std::map<std::string, vault::SecretKey> keys;
        std::map<std::string, std::string> names;
        /// Of the records of the keys; under no name of what all of them depend on.
        std::map<std::string, Seen> seen;
        /// How often any was forgotten.
        std::uint64_t forgotten = 0;
    };
    /// Not Guarded: who waits has no patience for ever.
    struct Making {
        std::mutex mutex;
        std::condition_variable ended;
        std::set<std::string> owners;
    };
    class Turn;
    struct Opened {
        vault::SecretKey key;
        std::string digest;
    };
    [[nodiscard]] Opened opened(const std::string& name);
    [[nodiscard]] std::string name_of_owner(const std::string& owner);
    [[nodiscard]] std::set<std::string> names(Known known = Known::kToIndexToo);
    bool rewrap(const std::string& name, const std::string& current,
                const std::function<void()>& before_write);
    [[nodiscard]] bool some_are_not_under(const std::string& provider_key);
    [[nodiscard]] bool is_entered(const std::string& name);
    [[nodiscard]] std::optional<DataKey> made_for(const std::string& owner,
                                                  const Required& require);
    [[nodiscard]] std::uint64_t forgotten();
    void remember(const std::string& owner, const DataKey& key, std::uint64_t forgotten_before);
    void drop_unentered(const std::string& name, ErrorCode reason, bool is_written);
    void publish(const std::string& name);
    /// The look that begins now, with what was there before. Nothing where it was seen lately.
    [[nodiscard]] std::optional<Seen> to_be_seen(const std::string& name, Instant since);
    void note_seen(const std::string& name, const Seen& seen);
    void require_foundations(Instant since);
    [[nodiscard]] std::string seen_index_key(const std::string& digest);
    /// The key, as require_kept says, `if_not` where it is not so.
    [[nodiscard]] vault::SecretKey kept(const std::string& name, Instant since,
                                        ErrorCode if_not = ErrorCode::kUnavailable);
    [[nodiscard]] std::string seen_again(const std::string& name, const vault::SecretKey& key,
                                         const std::string& digest);
    [[nodiscard]] static Error not_as_kept(const std::string& name, const Error& error,
                                           ErrorCode code = ErrorCode::kUnavailable);

    Database& database_;
    Records& records_;
    vault::KeyProvider& provider_;
    const Clock& clock_;
    Guarded<Cache> cache_;
    Making making_;
};

}  // namespace lucerna::store
