#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/error.h"
#include "base/log.h"
#include "store/objects.h"
#include "vault/key_provider.h"

namespace lucerna::store {

/// A data key as it lies among the records (docs/formats/sealed-object.md).
struct KeyRecord {
    std::string name;
    vault::WrappedKey wrapped;
};
[[nodiscard]] std::string to_text(const KeyRecord& record);
/// Throws Error(kCorrupt).
[[nodiscard]] KeyRecord key_record_from(std::string_view text);

/// What its wrapping is bound to.
[[nodiscard]] std::string purpose_of_key(const std::string& name);

/// The names of the records of the index's key, and of the one that is to be.
constexpr std::string_view kIndexKeyName = "00000000000000000000000000000000";
constexpr std::string_view kNextIndexKeyName = "00000000000000000000000000000001";
/// No patient's.
[[nodiscard]] bool is_of_the_index(std::string_view name);

/// Throws Error: kNotFound (destroyed).
[[nodiscard]] Bytes bytes_of_record(Records& records, const std::string& name);
/// Throws Error(kCorrupt).
[[nodiscard]] KeyRecord record_in(ByteView bytes, const std::string& name);

/// What `use` makes of a record. One that is damaged, or under a key that is not held, is read once
/// more: an object store, or the way to it, may give what it does not hold. Throws Error: kNotFound
/// (destroyed), kCorrupt, and as `use` does.
template <typename Use>
auto with_record(Records& records, const std::string& name, const Use& use) {
    const Bytes bytes = bytes_of_record(records, name);
    try {
        return use(record_in(bytes, name));
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kNotFound) throw;
        const Bytes again = bytes_of_record(records, name);
        if (again == bytes) throw;
        log_event(LogLevel::kWarning, "store.read-again",
                  {{"object", "keys/" + name}, {"why", error.what()}});
        return use(record_in(again, name));
    }
}

/// The key that a record holds. Throws as with_record and KeyProvider::unwrap do.
[[nodiscard]] vault::SecretKey key_in(Records& records, vault::KeyProvider& provider,
                                      const std::string& name);
void write_key(Records& records, vault::KeyProvider& provider, std::string_view as,
               const vault::SecretKey& key);
/// There is one, be it whole or not, whatever a listing says.
[[nodiscard]] bool is_readable(Records& records, const std::string& name);
/// It is listed.
[[nodiscard]] bool has_record(Records& records, const std::string& name);

/// The key that seals the index: a record beside those of the data keys, of a name that none has.
/// Made where there is none yet and `index` is not sealed. Throws Error: kNotFound (its record is
/// gone, or is held by another key-encryption key), kCorrupt, kUnavailable.
[[nodiscard]] vault::SecretKey index_key(Records& records, vault::KeyProvider& provider,
                                         const std::filesystem::path& index);

/// The key that is to seal the index from its next opening on, if a rotation made one (KeyRing::
/// rotate). Throws as index_key.
[[nodiscard]] std::optional<vault::SecretKey> next_index_key(Records& records,
                                                             vault::KeyProvider& provider);
/// It seals the index now: the one before ends.
void take_next_index_key(Records& records, vault::KeyProvider& provider,
                         const vault::SecretKey& next);
/// There is one, be it whole or not. Throws Error(kUnavailable, kIo).
[[nodiscard]] bool has_index_key(Records& records);
/// The data key of that name is there and opens. Throws Error(kUnavailable, kIo).
[[nodiscard]] bool opens_key(Records& records, vault::KeyProvider& provider,
                             const std::string& name);

}  // namespace lucerna::store
