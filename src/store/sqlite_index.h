#pragma once

#include <filesystem>

#include "store/index_source.h"
#include "store/sealed_vfs.h"
#include "store/sqlite.h"
#include "vault/secret_key.h"

namespace lucerna::store {

/// The index in a sealed SQLite file of one process.
class SqliteIndex final : public IndexSource {
  public:
    SqliteIndex(std::filesystem::path path, const vault::SecretKey& key);

    /// Creates the file with the present schema, or opens it, sealed under the key, and brings it
    /// up to that; one that an earlier program left unsealed is sealed first. Throws
    /// Error(kUnsupported) when it is of a newer version, Error(kCorrupt) when it is not a Lucerna
    /// index, or altered.
    [[nodiscard]] std::unique_ptr<Connection> open_writer() override;
    [[nodiscard]] std::unique_ptr<Connection> open_reader() override;
    [[nodiscard]] const char* begin_writing() const override { return "BEGIN IMMEDIATE"; }
    [[nodiscard]] const char* begin_reading() const override { return "BEGIN"; }
    void empty_log(Connection& writer) override;
    void close(Connection& writer) override;
    /// Each page of the file that is not what was written; where all are, what SQLite finds wrong
    /// in their content.
    [[nodiscard]] std::vector<std::string> damages(Connection& reader) override;

  private:
    std::filesystem::path path_;
    vault::SecretKey key_;
    SealedVfs vfs_;
};

/// The file begins as SQLite itself begins one: an earlier program left it unsealed.
[[nodiscard]] bool is_unsealed(const std::filesystem::path& path);

}  // namespace lucerna::store
