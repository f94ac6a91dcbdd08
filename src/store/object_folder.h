#pragma once

#include <atomic>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "store/objects.h"

namespace lucerna::store {

/// Objects as files: `incoming/<name>` while they are being written, `<na>/<name>` once the index
/// knows them, <na> being the first two digits. Only `incoming` is ever flushed for the names in
/// it: a power cut may bring a published file back there, where it is found and published again.
///
/// Files are made ahead, many with one flush of their names, so that an object needs none for its
/// own. An empty file in `incoming` is no object.
class ObjectFolder final : public Objects {
  public:
    /// Creates the folders. Throws Error(kIo).
    explicit ObjectFolder(std::filesystem::path folder);
    ~ObjectFolder() override;

    [[nodiscard]] std::string new_name() override;
    [[nodiscard]] std::unique_ptr<ObjectWriter> create(const std::string& name) override;
    void settle() override;
    void publish(const std::string& name) override;
    [[nodiscard]] std::unique_ptr<ObjectReader> open(const std::string& name) override;
    void remove(const std::string& name) override;
    void for_each(const std::function<void(const std::string& name)>& visit) override;
    [[nodiscard]] std::set<std::string> unpublished() override;
    Recovered recover(const std::function<bool(const std::string& name)>& known,
                      const std::function<bool(const std::string& writer)>& alive) override;
    void for_each_stray(const std::function<void(const std::string& place)>& visit) override;

  private:
    [[nodiscard]] std::filesystem::path incoming(const std::string& name) const;
    [[nodiscard]] std::filesystem::path place(const std::string& name) const;
    [[nodiscard]] std::vector<std::string> make_files() const;
    /// Throws Error(kUnavailable) where another folder is in its place, or none: one that was not
    /// mounted again, say, in which nothing is.
    void require_in_place() const;

    std::filesystem::path folder_;
    int incoming_folder_ = -1;
    std::atomic<bool> unsettled_ = false;
    /// Names of files that were made ahead.
    Guarded<std::vector<std::string>> made_;
};

/// Records as files, each written beside and renamed; `<name>.new` until it is published.
class RecordFolder final : public Records {
  public:
    explicit RecordFolder(std::filesystem::path folder);

    void write_new(const std::string& name, ByteView bytes) override;
    void publish(const std::string& name) override;
    void recover(const std::function<bool(const std::string& name)>& known,
                 const std::function<bool(const std::string& writer)>& alive) override;
    void write(const std::string& name, ByteView bytes) override;
    [[nodiscard]] Bytes read(const std::string& name) override;
    void remove(const std::string& name) override;
    void for_each(const std::function<void(const std::string& name)>& visit) override;
    void for_each_stray(const std::function<void(const std::string& place)>& visit) override;

  private:
    [[nodiscard]] std::filesystem::path new_place(const std::string& name) const;

    std::filesystem::path folder_;
};

}  // namespace lucerna::store
