#pragma once

#include <memory>
#include <string>

#include "vault/secret_key.h"

namespace lucerna::store {

/// Lets SQLite write its file and its log sealed: what lies on the disk is PageCipher's pages, what
/// SQLite sees is its own. A shim over the operating system's VFS (https://sqlite.org/vfs.html);
/// it stands while this lives, and every connection opened by its name must be closed before.
///
/// Works for write-ahead logging with pages of kPageBytes of which kReservedBytes are reserved. The
/// headers of the log's frames stay readable: page numbers and SQLite's own checksums, no content.
/// Temporary files are not sealed: keep them in memory (PRAGMA temp_store).
class SealedVfs {
  public:
    explicit SealedVfs(const vault::SecretKey& key);
    ~SealedVfs();
    SealedVfs(const SealedVfs&) = delete;
    SealedVfs& operator=(const SealedVfs&) = delete;

    [[nodiscard]] const std::string& name() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The page that this thread found damaged last, in words, and forgets it. Empty if there was none.
[[nodiscard]] std::string take_damaged_page();

}  // namespace lucerna::store
