#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "store/key_ring.h"
#include "store/object_folder.h"
#include "store/sealed_vfs.h"
#include "store/store.h"
#include "support/stored_instance.h"
#include "support/temporary_folder.h"
#include "vault/file_key_provider.h"

namespace lucerna::store {

/// A store in a folder of its own, at a time of our own.
struct TestStore {
    TestStore() { open(); }

    void open() {
        store.reset();
        store = std::make_unique<Store>(StoreOptions{folder.path() / "data", {}}, keys, clock);
    }
    void close() { store.reset(); }

    Archive& archive() { return store->archive(); }
    ExamBook& exams() { return store->exams(); }
    WorkQueue& queue() { return store->queue(); }
    OrderBook& orders() { return store->orders(); }
    PerformedBook& performed() { return store->performed(); }
    [[nodiscard]] std::filesystem::path data() const { return folder.path() / "data"; }

    test::TemporaryFolder folder;
    ManualClock clock{from_rfc3339("2026-03-01T08:00:00.000Z")};
    vault::FileKeyProvider keys{folder.path() / "secret" / "keys"};
    std::unique_ptr<Store> store;
};

/// The index of a closed store, opened behind its back.
struct OpenedIndex {
    explicit OpenedIndex(TestStore& store)
        : records(store.data() / "keys"),
          path(store.data() / "index.sqlite"),
          vfs(index_key(records, store.keys, path)),
          connection(path, Connection::Mode::kReadWrite, vfs.name()) {}

    RecordFolder records;
    std::filesystem::path path;
    SealedVfs vfs;
    Connection connection;
};

/// The files of the objects, those still coming in as well.
inline std::vector<std::filesystem::path> object_files(const std::filesystem::path& data) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data / "objects"))
        if (entry.is_regular_file()) files.push_back(entry.path());
    return files;
}

}  // namespace lucerna::store
