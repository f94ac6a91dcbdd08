#include "store/key_ring.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/answer_due.h"
#include "base/error.h"
#include "base/log.h"
#include "base/outside_wait.h"
#include "store/presence.h"
#include "store/sqlite_index.h"

namespace lucerna::store {
namespace {

constexpr std::string_view kFirstLine = "lucerna-data-key/1";
constexpr std::string_view kIndexKeyName = "00000000000000000000000000000000";
constexpr std::string_view kNextIndexKeyName = "00000000000000000000000000000001";
constexpr std::size_t kCached = 4096;
/// An owner has one row of its own name: the column is unique.
constexpr std::string_view kFurther = "further\n";

std::string purpose(const std::string& name) {
    return "lucerna data key " + name;
}

/// No patient's.
bool is_of_the_index(std::string_view name) {
    return name == kIndexKeyName || name == kNextIndexKeyName;
}

}  // namespace

std::string to_text(const KeyRecord& record) {
    return std::string(kFirstLine) + "\nname " + record.name + "\nprovider-key " +
           record.wrapped.provider_key + "\nwrapped " + to_base64(record.wrapped.bytes) + "\n";
}

KeyRecord key_record_from(std::string_view text) {
    const auto corrupt = [] {
        return Error(ErrorCode::kCorrupt, "the record of a data key is not one");
    };
    const auto take = [&](std::string_view label) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos || !text.starts_with(label)) throw corrupt();
        const std::string_view value = text.substr(label.size(), end - label.size());
        text.remove_prefix(end + 1);
        return std::string(value);
    };
    if (!take(kFirstLine).empty()) throw corrupt();
    KeyRecord record;
    record.name = take("name ");
    record.wrapped.provider_key = take("provider-key ");
    try {
        record.wrapped.bytes = from_base64(take("wrapped "));
    } catch (const Error&) {
        throw corrupt();
    }
    return record;
}

namespace {

/// Throws Error: kNotFound (destroyed).
Bytes bytes_of(Records& records, const std::string& name) {
    try {
        return records.read(name);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kNotFound) throw;
        throw Error(ErrorCode::kNotFound, "its record is not there: destroyed");
    }
}

/// Throws Error: kNotFound (destroyed), kCorrupt.
KeyRecord record_in(ByteView bytes, const std::string& name) {
    KeyRecord record = key_record_from(as_text(bytes));
    if (record.name != name) throw Error(ErrorCode::kCorrupt, "its record is another's");
    return record;
}

/// What `use` makes of a record. One that is damaged, or under a key that is not held, is read once
/// more: an object store, or the way to it, may give what it does not hold. Throws Error: kNotFound
/// (destroyed), kCorrupt, and as `use` does.
template <typename Use>
auto with_record(Records& records, const std::string& name, const Use& use) {
    const Bytes bytes = bytes_of(records, name);
    try {
        return use(record_in(bytes, name));
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kNotFound) throw;
        const Bytes again = bytes_of(records, name);
        if (again == bytes) throw;
        log_event(LogLevel::kWarning, "store.read-again",
                  {{"object", "keys/" + name}, {"why", error.what()}});
        return use(record_in(again, name));
    }
}

vault::SecretKey key_in(Records& records, vault::KeyProvider& provider, const std::string& name) {
    return with_record(records, name, [&](const KeyRecord& record) {
        return provider.unwrap(record.wrapped, purpose(name));
    });
}

void write_key(Records& records, vault::KeyProvider& provider, std::string_view as,
               const vault::SecretKey& key) {
    const std::string name(as);
    const KeyRecord record{name, provider.wrap(key, purpose(name))};
    records.write(name, as_byte_view(to_text(record)));
}

/// There is one, be it whole or not, whatever a listing says.
bool is_readable(Records& records, const std::string& name) {
    try {
        (void)records.read(name);
        return true;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kNotFound) throw;
        return false;
    }
}

bool has_record(Records& records, const std::string& name) {
    bool found = false;
    records.for_each([&](const std::string& one) { found = found || one == name; });
    return found;
}

}  // namespace

vault::SecretKey index_key(Records& records, vault::KeyProvider& provider,
                           const std::filesystem::path& index) {
    const std::string name(kIndexKeyName);
    try {
        return key_in(records, provider, name);
    } catch (const Error& error) {
        std::error_code ignored;
        const bool sealed =
            std::filesystem::file_size(index, ignored) > 0 && !ignored && !is_unsealed(index);
        const bool none = error.code() == ErrorCode::kNotFound && !has_record(records, name);
        if (sealed || !none) throw Error(error.code(), "the key of the index, keys/" + name, error);
    }
    const vault::SecretKey key = vault::SecretKey::random();
    write_key(records, provider, name, key);
    return key;
}

std::optional<vault::SecretKey> next_index_key(Records& records, vault::KeyProvider& provider) {
    const std::string name(kNextIndexKeyName);
    if (!is_readable(records, name)) return {};
    try {
        return key_in(records, provider, name);
    } catch (const Error& error) {
        throw Error(error.code(), "the next key of the index, keys/" + name, error);
    }
}

void take_next_index_key(Records& records, vault::KeyProvider& provider,
                         const vault::SecretKey& next) {
    write_key(records, provider, kIndexKeyName, next);
    records.remove(std::string(kNextIndexKeyName));
}

bool has_index_key(Records& records) {
    return is_readable(records, std::string(kIndexKeyName));
}

bool opens_key(Records& records, vault::KeyProvider& provider, const std::string& name) {
    try {
        (void)key_in(records, provider, name);
        return true;
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kIo) throw;
        return false;
    }
}

KeyRing::KeyRing(Database& database, Records& records, vault::KeyProvider& provider)
    : database_(database), records_(records), provider_(provider) {}

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
void KeyRing::drop_unentered(const std::string& name, ErrorCode reason) {
    if (reason == ErrorCode::kIo) return;
    const auto due = AnswerDue::of_this_thread();
    try {
        // Back ends that were silent until now would be so for as long again.
        if (due && std::chrono::steady_clock::now() >= *due)
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

DataKey KeyRing::of_owner(const std::string& owner) {
    for (;;) {
        const std::uint64_t before = forgotten();
        const std::string name = name_of_owner(owner);
        if (name.empty()) {
            // Whose key is at hand does not wait for the key service here. Who waits for one that
            // asks it does.
            const OutsideWait waits("the key service", OutsideWait::Crowded::kIsRefused);
            const Turn turn(making_, owner);
            if (!name_of_owner(owner).empty()) continue;
            if (const auto made = made_for(owner)) return *made;
            continue;
        }
        try {
            DataKey key{name, by_name(name)};
            remember(owner, key, before);
            return key;
        } catch (const Error& error) {
            // Of one that was destroyed just now the index has forgotten, too: that comes first.
            if (error.code() != ErrorCode::kNotFound) throw;
            if (is_entered(name)) {
                if (!is_there(name)) throw;
                // Nothing is wrong with what came.
                throw Error(ErrorCode::kUnavailable, "it is another provider's", error);
            }
            forget(name);
        }
    }
}

/// Nothing where another process made one in the same moment.
std::optional<DataKey> KeyRing::made_for(const std::string& owner) {
    const std::uint64_t before = forgotten();
    DataKey key{vault::to_text(vault::random_id()), vault::SecretKey::random()};
    // The record comes first: a row without a record would be a key that nobody has.
    const KeyRecord record{key.name, provider_.wrap(key.key, purpose(key.name))};
    std::string first;
    const std::string process = database_.process();
    try {
        records_.write_new(key.name, as_byte_view(to_text(record)));
        database_.write([&](Connection& index) {
            require_alive(index, process);
            first = enter_key(index, key.name, owner);
        });
    } catch (const Error& error) {
        drop_unentered(key.name, error.code());
        throw;
    }
    if (first != key.name) {
        records_.remove(key.name);
        return {};
    }
    publish(key.name);
    remember(owner, key, before);
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
    DataKey key{name, unwrapped(name)};
    remember({}, key, before);
    return key.key;
}

vault::SecretKey KeyRing::unwrapped(const std::string& name) {
    try {
        return key_in(records_, provider_, name);
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

/// True where it was not under `current`, the provider's key, already. It is shown to open as it
/// lies there then, and to be no more under what it was.
bool KeyRing::rewrap(const std::string& name, const std::string& current) {
    const auto rewrapped = [&](KeyRecord record) -> std::optional<KeyRecord> {
        if (record.wrapped.provider_key == current) {
            (void)provider_.unwrap(record.wrapped, purpose(name));
            return {};
        }
        record.wrapped = provider_.rewrap(record.wrapped, purpose(name));
        return record;
    };
    const auto record = with_record(records_, name, rewrapped);
    if (!record) return false;
    const std::string text = to_text(*record);
    records_.write(name, as_byte_view(text));
    for (const bool is_last : {false, true}) {
        const Bytes kept = bytes_of(records_, name);
        if (as_text(kept) == text) break;
        if (is_last)
            throw Error(ErrorCode::kUnavailable, "its record was written, and is not what it was");
    }
    (void)provider_.unwrap(record->wrapped, purpose(name));
    return true;
}

KeyRing::Rewrapped KeyRing::rewrap_all() {
    const std::string current = provider_.current_key();
    Rewrapped done;
    std::set<std::string> seen;
    const auto rewrap_one = [&](const std::string& name) {
        try {
            // The index has one, be there a next.
            if (rewrap(name, current) && name != kNextIndexKeyName) ++done.keys;
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
    if (database_.source().is_sealed() && !is_readable(records_, std::string(kNextIndexKeyName)))
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
            (void)unwrapped(name);
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
