#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/objects.h"
#include "store/pending_markers.h"
#include "store/s3.h"

namespace lucerna::store {

/// Objects in a bucket: `objects/<na>/<name>`, <na> being the first two digits. Before one is
/// written an empty `pending/<writer>/<name>` is, and goes once the index knows the object: so that
/// what a dead process left is found without listing all objects; `swept/<seconds>/<name>` notes
/// for an hour what was removed so, and `erased/<seconds>/<random>` names, a line each, what was
/// erased together. A bucket needs no settling: what it answered it keeps.
class ObjectBucket final : public Objects {
  public:
    explicit ObjectBucket(std::shared_ptr<S3> bucket);

    void write_as(const std::string& writer) override;
    [[nodiscard]] bool is_shared() const override { return true; }
    [[nodiscard]] std::unique_ptr<ObjectWriter> create(const std::string& name) override;
    void settle() override {}
    void publish(const std::string& name) override;
    [[nodiscard]] std::unique_ptr<ObjectReader> open(const std::string& name) override;
    void remove(const std::string& name) override;
    void note_erased(std::span<const std::string> names) override;
    std::size_t remove_late(const std::function<bool(const std::string& name)>& known,
                            const std::function<bool()>& goes_on) override;
    void for_each(const std::function<void(const std::string& name)>& visit) override;
    [[nodiscard]] std::set<std::string> unpublished() override;
    Recovered recover(const std::function<bool(const std::string& name)>& known,
                      const std::function<bool(const std::string& writer)>& alive) override;
    void for_each_stray(const std::function<void(const std::string& place)>& visit) override;

  private:
    void sweep_again(const std::function<bool(const std::string& name)>& known);
    /// Name and identifier of each that was begun.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> uploads();
    void end_upload(const std::string& name, const std::string& id);

    /// Shared with the records.
    std::shared_ptr<S3> bucket_;
    PendingMarkers pending_;
};

/// Records in a bucket: `keys/<name>`, and an empty `pending-keys/<writer>/<name>` from before one
/// is written until the index knows it.
class RecordBucket final : public Records {
  public:
    explicit RecordBucket(std::shared_ptr<S3> bucket);

    void write_as(const std::string& writer) override;
    void write_new(const std::string& name, ByteView bytes) override;
    void publish(const std::string& name) override;
    void recover(const std::function<bool(const std::string& name)>& known,
                 const std::function<bool(const std::string& writer)>& alive) override;
    void write(const std::string& name, ByteView bytes) override;
    [[nodiscard]] Bytes read(const std::string& name) override;
    void remove(const std::string& name) override;
    void for_each(const std::function<void(const std::string& name)>& visit) override;
    [[nodiscard]] std::set<std::string> unpublished() override;
    void for_each_stray(const std::function<void(const std::string& place)>& visit) override;

  private:
    std::shared_ptr<S3> bucket_;
    PendingMarkers pending_;
};

}  // namespace lucerna::store
