#include "store/key_ring.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>
#include <vector>

#include "base/answer_due.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/outside_wait.h"
#include "store/presence.h"

namespace lucerna::store {
namespace {

constexpr std::size_t kCached = 4096;
/// Somebody may remove a record behind the program's back, which has the key in memory still.
constexpr auto kSeenFor = std::chrono::minutes(1);
/// An owner has one row of its own name: the column is unique.
constexpr std::string_view kFurther = "further\n";

}  // namespace

KeyRing::KeyRing(Database& database, Records& records, vault::KeyProvider& provider,
                 const Clock& clock)
    : database_(database), records_(records), provider_(provider), clock_(clock) {}

std::string KeyRing::name_of_owner(const std::string& owner) {
    std::string name = cache_.with([&](Cache& cache) {
        const auto known = cache.names.find(owner);
        return known == cache.names.end() ? std::string() : known->second;
    });
    if (!name.empty()) return name;
    return database_.read([&](Connection& index) {
        Statement find = index.prepare("SELECT name FROM data_keys WHERE owner = ?");
        return find.bind(owner).step() ? find.text(0) : std::string();
    });
}

bool KeyRing::is_entered(const std::string& name) {
    return database_.read([&](Connection& index) {
        Statement find = index.prepare("SELECT 1 FROM data_keys WHERE name = ?");
        return find.bind(name).step();
    });
}

std::uint64_t KeyRing::forgotten() {
    return cache_.with([](const Cache& cache) { return cache.forgotten; });
}

/// Not where any was destroyed since: this one may have been read just before its end.
void KeyRing::remember(const std::string& owner, const DataKey& key,
                       std::uint64_t forgotten_before) {
    cache_.with([&](Cache& cache) {
        if (cache.forgotten != forgotten_before) return;
        if (cache.keys.size() >= kCached) {
            cache.keys.clear();
            cache.names.clear();
            cache.seen.clear();
        }
        cache.keys.insert_or_assign(key.name, key.key);
        if (!owner.empty()) cache.names.insert_or_assign(owner, key.name);
    });
}

namespace {

/// Unless the owner has one. Returns the name of the owner's.
std::string enter_key(Connection& index, const std::string& name, const std::string& owner) {
    note_key(index);
    index.prepare("INSERT INTO data_keys (name, owner) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(name)
        .bind(owner)
        .run();
    Statement find = index.prepare("SELECT name FROM data_keys WHERE owner = ?");
    return find.bind(owner).step() ? find.text(0) : std::string();
}

}  // namespace

/// Who sends again gets another key: each try would leave a record. Nothing is sealed under it. But
/// after a failed flush it is not known whether the index has the key. What is left the next start
/// removes.
void KeyRing::drop_unentered(const std::string& name, ErrorCode reason, bool is_written) {
    if (reason == ErrorCode::kIo) return;
    const auto due = AnswerDue::of_this_thread();
    try {
        // What was silent until an answer was due would be so for as long again.
        if (!is_written && due && std::chrono::steady_clock::now() >= *due)
            throw Error(ErrorCode::kUnavailable, "there is no time left to remove it");
        records_.remove(name);
    } catch (const Error& error) {
        log_event(LogLevel::kWarning, "store.leftover-key",
                  {{"data_key", name}, {"why", error.what()}});
    }
}

void KeyRing::publish(const std::string& name) {
    try {
        records_.publish(name);
    } catch (const Error& error) {
        // It is the owner's and can be read; the next start publishes it.
        log_event(LogLevel::kWarning, "store.unpublished-key",
                  {{"data_key", name}, {"why", error.what()}});
    }
}

/// To make the key of an owner, which one thread does at a time.
class KeyRing::Turn {
  public:
    Turn(Making& making, const std::string& owner) : making_(making), owner_(owner) {
        std::unique_lock lock(making_.mutex);
        const auto is_free = [&] { return !making_.owners.contains(owner_); };
        const auto due = AnswerDue::of_this_thread();
        if (!due)
            making_.ended.wait(lock, is_free);
        else if (!making_.ended.wait_until(lock, *due, is_free))
            throw Error(ErrorCode::kUnavailable,
                        "the key service keeps others waiting for too long");
        making_.owners.insert(owner_);
    }
    ~Turn() {
        {
            const std::lock_guard lock(making_.mutex);
            making_.owners.erase(owner_);
        }
        making_.ended.notify_all();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

  private:
    Making& making_;
    const std::string& owner_;
};

DataKey KeyRing::of_owner(const std::string& owner, const Required& require) {
    for (;;) {
        const std::uint64_t before = forgotten();
        const std::string name = name_of_owner(owner);
        if (name.empty()) {
            // Whose key is at hand does not wait for the key service here. Who waits for one that
            // asks it does.
            const OutsideWait waits("the key service", OutsideWait::Crowded::kIsRefused);
            const Turn turn(making_, owner);
            if (!name_of_owner(owner).empty()) continue;
            if (const auto made = made_for(owner, require)) return *made;
            continue;
        }
        try {
            const DataKey key{name, kept(name, clock_.now() - kSeenFor)};
            remember(owner, key, before);
            return key;
        } catch (const Error& error) {
            // It was destroyed just now.
            if (error.code() != ErrorCode::kNotFound) throw;
            forget(name);
        }
    }
}

/// Nothing where another process made one in the same moment.
std::optional<DataKey> KeyRing::made_for(const std::string& owner, const Required& require) {
    const std::uint64_t before = forgotten();
    require_foundations(clock_.now() - kSeenFor);
    DataKey key{vault::to_text(vault::random_id()), vault::SecretKey::random()};
    const Instant looked = clock_.now();
    // The record comes first: a row without a record would be a key that nobody has.
    const std::string record =
        to_text(KeyRecord{key.name, provider_.wrap(key.key, purpose_of_key(key.name))});
    std::string first;
    const std::string process = database_.process();
    bool is_written = false;
    try {
        records_.write_new(key.name, as_byte_view(record));
        is_written = true;
        database_.write([&](Connection& index) {
            require_alive(index, process);
            if (require) require(index);
            first = enter_key(index, key.name, owner);
        });
    } catch (const Error& error) {
        drop_unentered(key.name, error.code(), is_written);
        throw;
    }
    if (first != key.name) {
        records_.remove(key.name);
        return {};
    }
    publish(key.name);
    remember(owner, key, before);
    note_seen(key.name, {looked, sha256(as_byte_view(record))});
    return key;
}

vault::SecretKey KeyRing::by_name(const std::string& name) {
    std::uint64_t before = 0;
    const auto cached = cache_.with([&](Cache& cache) -> std::optional<vault::SecretKey> {
        before = cache.forgotten;
        const auto known = cache.keys.find(name);
        if (known == cache.keys.end()) return {};
        return known->second;
    });
    if (cached) return *cached;
    const Instant looked = clock_.now();
    const Opened found = opened(name);
    remember({}, {name, found.key}, before);
    note_seen(name, {looked, found.digest});
    return found.key;
}

std::optional<KeyRing::Seen> KeyRing::to_be_seen(const std::string& name, Instant since) {
    const Instant now = clock_.now();
    return cache_.with([&](const Cache& cache) -> std::optional<Seen> {
        const auto seen = cache.seen.find(name);
        if (seen == cache.seen.end()) return Seen{now, {}};
        // The clock may have been put back.
        const bool is_due = now < seen->second.looked || seen->second.looked < since;
        return is_due ? std::optional(Seen{now, seen->second.digest}) : std::nullopt;
    });
}

void KeyRing::note_seen(const std::string& name, const Seen& seen) {
    cache_.with([&](Cache& cache) { cache.seen.insert_or_assign(name, seen); });
}

/// What every key depends on: the key-encryption keys, and the index, which knows whose each is.
void KeyRing::require_foundations(Instant since) {
    auto seen = to_be_seen({}, since);
    if (!seen) return;
    provider_.require_kept();
    seen->digest = seen_index_key(seen->digest);
    note_seen({}, *seen);
}

/// Nobody ever erases it: where the index cannot be opened without it, it is written again.
std::string KeyRing::seen_index_key(const std::string& digest) {
    const std::string name(kIndexKeyName);
    const vault::SecretKey* const sealing = database_.source().sealing_key();
    try {
        return seen_again(name, sealing != nullptr ? *sealing : by_name(name), digest);
    } catch (const Error& error) {
        const bool is_lost = error.code() == ErrorCode::kCorrupt ||
                             (error.code() == ErrorCode::kNotFound && !is_there(name));
        if (sealing == nullptr || !is_lost) throw not_as_kept(name, error);
        const std::string text =
            to_text(KeyRecord{name, provider_.wrap(*sealing, purpose_of_key(name))});
        records_.write(name, as_byte_view(text));
        log_event(LogLevel::kError, "store.key-written-again",
                  {{"data_key", name},
                   {"why", std::string(error.what()) +
                               "; the index would not have opened after the next start"}});
        return sha256(as_byte_view(text));
    }
}

void KeyRing::require_kept(const std::string& name, Instant since) {
    // Told apart from what could not be seen: that passes.
    (void)kept(name, since, ErrorCode::kCorrupt);
}

void KeyRing::require_kept_lately(const std::string& name) {
    (void)kept(name, clock_.now() - kSeenFor);
}

vault::SecretKey KeyRing::kept(const std::string& name, Instant since, ErrorCode if_not) {
    require_foundations(since);
    try {
        const vault::SecretKey key = by_name(name);
        if (auto seen = to_be_seen(name, since)) {
            seen->digest = seen_again(name, key, seen->digest);
            note_seen(name, *seen);
        }
        return key;
    } catch (const Error& error) {
        // Of one that was destroyed the index has forgotten, too: that comes first.
        if (error.code() == ErrorCode::kNotFound && !is_entered(name)) throw;
        throw not_as_kept(name, error, if_not);
    }
}

/// That of the record of the key by now, where it has that key. As long as it is what it was, an
/// outside key service need not be there.
std::string KeyRing::seen_again(const std::string& name, const vault::SecretKey& key,
                                const std::string& digest) {
    if (std::string now = sha256(bytes_of_record(records_, name)); now == digest) return now;
    const Opened found = opened(name);
    if (found.key == key) return found.digest;
    throw Error(ErrorCode::kConflict, "its record has another key");
}

/// Nothing is wrong with what came. A record that is gone is not written again from memory: it may
/// have been taken away so that nobody can open what is sealed under it.
Error KeyRing::not_as_kept(const std::string& name, const Error& error, ErrorCode code) {
    if (error.code() != ErrorCode::kNotFound && error.code() != ErrorCode::kCorrupt &&
        error.code() != ErrorCode::kConflict)
        return error;
    log_event(LogLevel::kError, "store.key-not-as-kept",
              {{"data_key", name}, {"why", error.what()}});
    return {code,
            "nothing more is sealed under the data key " + name + " before its record is back",
            error};
}

KeyRing::Opened KeyRing::opened(const std::string& name) {
    try {
        return with_record(records_, name, [&](const KeyRecord& record) {
            return Opened{provider_.unwrap(record.wrapped, purpose_of_key(name)),
                          sha256(as_byte_view(to_text(record)))};
        });
    } catch (const Error& error) {
        throw Error(error.code(), "data key " + name, error);
    }
}

void KeyRing::destroy(const std::string& name) {
    records_.remove(name);
    forget(name);
}

void KeyRing::forget(const std::string& name) {
    cache_.with([&](Cache& cache) {
        ++cache.forgotten;
        cache.keys.erase(name);
        cache.seen.erase(name);
        std::erase_if(cache.names, [&](const auto& entry) { return entry.second == name; });
    });
}

bool KeyRing::has_records() {
    std::vector<std::string> found;
    records_.for_each([&](const std::string& name) {
        if (!is_of_the_index(name)) found.push_back(name);
    });
    if (found.empty()) return false;
    // After they were listed: what is no more among these has been entered, or was dropped.
    const std::set<std::string> unpublished = records_.unpublished();
    return std::any_of(found.begin(), found.end(), [&](const std::string& name) {
        return !unpublished.contains(name) && is_there(name);
    });
}

bool KeyRing::is_there(const std::string& name) {
    return is_readable(records_, name);
}

bool KeyRing::is_known() {
    return database_.read(
        [](Connection& index) { return index.number("SELECT count(*) FROM data_keys") > 0; });
}

bool KeyRing::was_known() {
    return database_.read([](Connection& index) {
        return index.number("SELECT count(*) FROM counters WHERE name = 'had-keys'") > 0;
    });
}

void enter_found_key(Connection& index, const std::string& name, const std::string& owner) {
    note_key(index);
    const auto enter = [&](const std::string& as) {
        index.prepare("INSERT INTO data_keys (name, owner) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(name)
            .bind(as)
            .run();
    };
    enter(owner);
    enter(std::string(kFurther) + name + "\n" + owner);
}

bool is_of_further_key(std::string_view owner) {
    return owner.starts_with(kFurther);
}

void make_further(Connection& index, const std::string& name) {
    index
        .prepare(
            "UPDATE data_keys SET owner = ?1 || name || ?2 || owner WHERE name = ?3 AND "
            "substr(owner, 1, " +
            std::to_string(kFurther.size()) + ") <> ?1")
        .bind(std::string(kFurther))
        .bind(std::string("\n"))
        .bind(name)
        .run();
}

std::string owner_in(const std::string& row) {
    const std::string column = row + ".owner";
    const auto count = [](std::size_t number) { return std::to_string(number); };
    // A name is 32 letters, and a line end follows it.
    return "CASE WHEN substr(" + column + ", 1, " + count(kFurther.size()) + ") = '" +
           std::string(kFurther) + "' THEN substr(" + column + ", " +
           count(kFurther.size() + 32 + 2) + ") ELSE " + column + " END";
}

void note_key(Connection& index) {
    index.execute("INSERT INTO counters VALUES ('had-keys', 1) ON CONFLICT DO NOTHING");
}

std::set<std::string> KeyRing::names(Known known) {
    // The archive's own key is made as soon as it is opened.
    std::set<std::string> all{std::string(kIndexKeyName)};
    records_.for_each([&](const std::string& name) { all.insert(name); });
    if (known == Known::kToIndexToo)
        database_.read([&](Connection& index) {
            Statement entered = index.prepare("SELECT name FROM data_keys");
            while (entered.step()) all.insert(entered.text(0));
        });
    if (is_readable(records_, std::string(kNextIndexKeyName)))
        all.insert(std::string(kNextIndexKeyName));
    return all;
}

/// True where it was not under `current`, the provider's key, already. It opens (KeyProvider::wrap)
/// before it takes the other's place, and is shown to lie there then.
bool KeyRing::rewrap(const std::string& name, const std::string& current,
                     const std::function<void()>& before_write) {
    const auto rewrapped = [&](KeyRecord record) -> std::optional<KeyRecord> {
        if (record.wrapped.provider_key == current) {
            (void)provider_.unwrap(record.wrapped, purpose_of_key(name));
            return {};
        }
        record.wrapped = provider_.rewrap(record.wrapped, purpose_of_key(name));
        return record;
    };
    const auto record = with_record(records_, name, rewrapped);
    if (!record) return false;
    const std::string text = to_text(*record);
    before_write();
    records_.write(name, as_byte_view(text));
    for (const bool is_last : {false, true}) {
        const Bytes kept = bytes_of_record(records_, name);
        if (as_text(kept) == text) break;
        if (is_last)
            throw Error(ErrorCode::kUnavailable, "its record was written, and is not what it was");
    }
    return true;
}

KeyRing::Rewrapped KeyRing::rewrap_all(const std::function<void()>& before_the_first) {
    const std::string current = provider_.current_key();
    Rewrapped done;
    std::set<std::string> seen;
    bool is_begun = false;
    const auto before_first = [&] {
        if (!is_begun && before_the_first) before_the_first();
        is_begun = true;
    };
    const auto rewrap_one = [&](const std::string& name) {
        try {
            // The index has one, be there a next.
            if (rewrap(name, current, before_first) && name != kNextIndexKeyName) ++done.keys;
        } catch (const Error& error) {
            if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kNotFound)
                throw Error(error.code(), "data key " + name, error);
            done.damaged.push_back({name, error.code(), error.what()});
        }
    };
    // A listing may lack what the next one has, and that is named in none of these before.
    for (bool is_further = true; is_further;) {
        is_further = false;
        for (const std::string& name : names())
            if (!is_of_the_index(name) && seen.insert(name).second) {
                is_further = true;
                rewrap_one(name);
            }
    }
    // Until all others are done, the keys that opened the index go on to do so.
    for (const std::string& name : names())
        if (is_of_the_index(name)) rewrap_one(name);
    return done;
}

bool KeyRing::some_are_not_under(const std::string& provider_key) {
    const std::set<std::string> all = names();
    return std::any_of(all.begin(), all.end(), [&](const std::string& name) {
        try {
            return with_record(records_, name, [&](const KeyRecord& record) {
                return record.wrapped.provider_key != provider_key;
            });
        } catch (const Error& error) {
            // What it is under can't be known.
            if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kNotFound) throw;
            return false;
        }
    });
}

KeyRing::Rewrapped KeyRing::rotate() {
    if (!some_are_not_under(provider_.current_key())) provider_.rotate();
    // The oldest that a record may be under once all are rewrapped.
    const std::string kept = provider_.current_key();
    if (database_.source().sealing_key() != nullptr &&
        !is_readable(records_, std::string(kNextIndexKeyName)))
        write_key(records_, provider_, kNextIndexKeyName, vault::SecretKey::random());
    Rewrapped done = rewrap_all();
    if (done.damaged.empty()) provider_.forget_older(kept);
    return done;
}

std::vector<std::string> KeyRing::unknown() {
    // Of an index that is lost nobody can say what it knew.
    if (!was_known()) return {};
    std::set<std::string> found;
    records_.for_each([&](const std::string& name) {
        if (!is_of_the_index(name)) found.insert(name);
    });
    // After they were listed, as in has_records.
    for (const std::string& name : records_.unpublished()) found.erase(name);
    database_.read([&](Connection& index) {
        Statement known = index.prepare("SELECT name FROM data_keys UNION SELECT name FROM doomed");
        while (known.step()) found.erase(known.text(0));
    });
    std::vector<std::string> unknown(found.begin(), found.end());
    std::erase_if(unknown, [&](const std::string& name) { return !is_there(name); });
    return unknown;
}

KeyRing::Damages KeyRing::damages(Known known) {
    Damages damages;
    for (const std::string& name : names(known)) {
        try {
            (void)opened(name);
        } catch (const Error& error) {
            // Destroyed since it was listed.
            if (error.code() == ErrorCode::kNotFound &&
                !(known == Known::kToIndexToo && is_entered(name)) && !has_record(records_, name) &&
                !is_of_the_index(name))
                continue;
            damages.push_back({name, error.code(), error.what()});
        }
    }
    return damages;
}

}  // namespace lucerna::store
