#include "store/key_record.h"

#include "base/error.h"
#include "store/sqlite_index.h"

namespace lucerna::store {
namespace {

constexpr std::string_view kFirstLine = "lucerna-data-key/1";

}  // namespace

std::string purpose_of_key(const std::string& name) {
    return "lucerna data key " + name;
}

bool is_of_the_index(std::string_view name) {
    return name == kIndexKeyName || name == kNextIndexKeyName;
}

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

Bytes bytes_of_record(Records& records, const std::string& name) {
    try {
        return records.read(name);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kNotFound) throw;
        throw Error(ErrorCode::kNotFound, "its record is not there: destroyed");
    }
}

KeyRecord record_in(ByteView bytes, const std::string& name) {
    KeyRecord record = key_record_from(as_text(bytes));
    if (record.name != name) throw Error(ErrorCode::kCorrupt, "its record is another's");
    return record;
}

vault::SecretKey key_in(Records& records, vault::KeyProvider& provider, const std::string& name) {
    return with_record(records, name, [&](const KeyRecord& record) {
        return provider.unwrap(record.wrapped, purpose_of_key(name));
    });
}

void write_key(Records& records, vault::KeyProvider& provider, std::string_view as,
               const vault::SecretKey& key) {
    const std::string name(as);
    const KeyRecord record{name, provider.wrap(key, purpose_of_key(name))};
    records.write(name, as_byte_view(to_text(record)));
}

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

}  // namespace lucerna::store
