#include "store/key_ring.h"

#include <functional>
#include <optional>
#include <utility>

#include "base/error.h"

namespace lucerna::store {
namespace {

constexpr std::string_view kFirstLine = "lucerna-data-key/1";
constexpr std::size_t kCached = 4096;

std::string purpose(const std::string& name) {
    return "lucerna data key " + name;
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

void KeyRing::remember(const std::string& owner, const DataKey& key) {
    cache_.with([&](Cache& cache) {
        if (cache.keys.size() >= kCached) cache = {};
        cache.keys.insert_or_assign(key.name, key.key);
        if (!owner.empty()) cache.names.insert_or_assign(owner, key.name);
    });
}

DataKey KeyRing::of_owner(const std::string& owner) {
    const std::lock_guard one_maker(making_[std::hash<std::string>{}(owner) % making_.size()]);
    if (const std::string name = name_of_owner(owner); !name.empty()) {
        DataKey key{name, by_name(name)};
        remember(owner, key);
        return key;
    }
    DataKey key{vault::to_text(vault::random_id()), vault::SecretKey::random()};
    // The record comes first: a row without a record would be a key that nobody has.
    const KeyRecord record{key.name, provider_.wrap(key.key, purpose(key.name))};
    records_.write(key.name, as_byte_view(to_text(record)));
    database_.write([&](Connection& index) {
        index.prepare("INSERT INTO data_keys (name, owner) VALUES (?, ?)")
            .bind(key.name)
            .bind(owner)
            .run();
    });
    remember(owner, key);
    return key;
}

vault::SecretKey KeyRing::by_name(const std::string& name) {
    const auto cached = cache_.with([&](Cache& cache) -> std::optional<vault::SecretKey> {
        const auto known = cache.keys.find(name);
        if (known == cache.keys.end()) return {};
        return known->second;
    });
    if (cached) return *cached;
    Bytes bytes;
    try {
        bytes = records_.read(name);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kNotFound) throw;
        throw Error(ErrorCode::kNotFound, "the data key " + name + " is not there: destroyed");
    }
    const KeyRecord record = key_record_from(as_text(bytes));
    if (record.name != name)
        throw Error(ErrorCode::kCorrupt, "the record of the data key " + name + " is another's");
    DataKey key{name, provider_.unwrap(record.wrapped, purpose(name))};
    remember({}, key);
    return key.key;
}

void KeyRing::destroy(const std::string& name) {
    records_.remove(name);
    cache_.with([&](Cache& cache) {
        cache.keys.erase(name);
        std::erase_if(cache.names, [&](const auto& entry) { return entry.second == name; });
    });
}

std::size_t KeyRing::rewrap_all() {
    std::vector<std::string> names;
    records_.for_each([&](const std::string& name) { names.push_back(name); });
    const std::string current = provider_.current_key();
    std::size_t rewrapped = 0;
    for (const std::string& name : names) {
        KeyRecord record = key_record_from(as_text(records_.read(name)));
        if (record.wrapped.provider_key == current) continue;
        record.wrapped =
            provider_.wrap(provider_.unwrap(record.wrapped, purpose(name)), purpose(name));
        records_.write(name, as_byte_view(to_text(record)));
        ++rewrapped;
    }
    return rewrapped;
}

}  // namespace lucerna::store
