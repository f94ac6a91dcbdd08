#pragma once

#include <filesystem>

#include "store/index_at_work.h"
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
    [[nodiscard]] std::unique_ptr<Connection> open_writer(const Patience& patience) override;
    [[nodiscard]] std::unique_ptr<Connection> open_reader(const Patience& patience) override;
    void begin_writing(Connection& writer, const Patience&) override {
        writer.execute("BEGIN IMMEDIATE");
    }
    void begin_reading(Connection& reader, const Patience&) override { reader.execute("BEGIN"); }
    void empty_log(Connection& writer) override;
    void close(Connection& writer) override;
    [[nodiscard]] const vault::SecretKey* sealing_key() const override { return &key_; }
    /// Each page of the file that is not what was written; where all are, what SQLite finds wrong
    /// in their content.
    [[nodiscard]] std::vector<std::string> damages(Connection& reader) override;
    void require_whole(Connection& reader) override;

  private:
    std::filesystem::path path_;
    vault::SecretKey key_;
    SealedVfs vfs_;
    IndexAtWork at_work_;
};

/// Writes the index anew beside itself, sealed under `to`, and puts it in its place; its log, which
/// a killed server may have left, is taken in before. Nothing where there is none, or it is sealed
/// so already; one that is not sealed at all open_writer seals. Throws as open_writer, and
/// Error(kOutOfSpace, kIo): then it is as it was.
void seal_anew(const std::filesystem::path& path, const vault::SecretKey& from,
               const vault::SecretKey& to);
/// The file begins as SQLite itself begins one: an earlier program left it unsealed.
[[nodiscard]] bool is_unsealed(const std::filesystem::path& path);

}  // namespace lucerna::store
