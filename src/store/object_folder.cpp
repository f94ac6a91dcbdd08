#include "store/object_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "base/errno_code.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

namespace lucerna::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesAhead = 32;

/// Not even, say, its folder.
bool is_not_there(int number) {
    return number == ENOENT || number == ENOTDIR;
}

[[noreturn]] void fail(const std::string& what, const fs::path& path, int number) {
    throw Error(code_of_errno(number), what + " " + path.string() + ": " + std::strerror(number));
}

/// Names are drawn by the archive; this holds whatever a defect elsewhere may pass.
const std::string& checked(const std::string& name) {
    if (!is_object_name(name)) throw Error(ErrorCode::kInternal, "not the name of an object");
    return name;
}

bool is_digits(const std::string& name, std::size_t count) {
    return name.size() == count && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool is_name(const std::string& name) {
    return is_digits(name, 32);
}

/// True when it was not there; its name is not flushed yet.
bool make_folder(const fs::path& path) {
    if (::mkdir(path.c_str(), 0700) == 0) return true;
    if (errno != EEXIST) fail("cannot create the folder", path, errno);
    return false;
}

class FileWriter final : public ObjectWriter {
  public:
    /// `unsettled` is told of a file that was not made ahead.
    FileWriter(fs::path path, std::atomic<bool>& unsettled)
        : path_(std::move(path)), file_(::open(path_.c_str(), O_WRONLY | O_CLOEXEC)) {
        if (file_ >= 0) return;
        file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file_ < 0) fail("cannot create", path_, errno);
        unsettled = true;
    }
    ~FileWriter() override {
        if (file_ < 0) return;
        ::close(file_);
        ::unlink(path_.c_str());
    }
    FileWriter(const FileWriter&) = delete;
    FileWriter& operator=(const FileWriter&) = delete;

    void append(ByteView bytes) override {
        while (!bytes.empty()) {
            const ssize_t written = ::write(file_, bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) fail("cannot write", path_, errno);
            written_ += written;
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
        // The device starts on what is there while the rest is still being sealed.
        if (written_ - started_ >= kWriteBehind) {
            ::sync_file_range(file_, started_, written_ - started_, SYNC_FILE_RANGE_WRITE);
            started_ = written_;
        }
    }

    void finish() override {
        if (::fdatasync(file_) != 0) fail("cannot flush", path_, errno);
        const int file = std::exchange(file_, -1);
        if (::close(file) != 0) {
            const int number = errno;
            ::unlink(path_.c_str());
            fail("cannot close", path_, number);
        }
    }

  private:
    static constexpr off_t kWriteBehind = 2 << 20;
    fs::path path_;
    int file_;
    off_t written_ = 0;
    off_t started_ = 0;
};

class FileReader final : public ObjectReader {
  public:
    FileReader(int file, fs::path path) : path_(std::move(path)), file_(file) {
        struct stat about {};
        if (::fstat(file_, &about) != 0) {
            const int number = errno;
            ::close(file_);
            fail("cannot read", path_, number);
        }
        size_ = static_cast<std::uint64_t>(about.st_size);
    }
    ~FileReader() override { ::close(file_); }
    FileReader(const FileReader&) = delete;
    FileReader& operator=(const FileReader&) = delete;

    [[nodiscard]] std::uint64_t size() const override { return size_; }

    std::size_t read(std::uint64_t offset, std::span<std::uint8_t> into) override {
        std::size_t done = 0;
        while (done < into.size()) {
            const ssize_t got = ::pread(file_, into.data() + done, into.size() - done,
                                        static_cast<off_t>(offset + done));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) fail("cannot read", path_, errno);
            if (got == 0) break;
            done += static_cast<std::size_t>(got);
        }
        require_not_removed();
        return done;
    }

  private:
    /// What is open can be read after it was removed, for as long as whoever gets it takes.
    void require_not_removed() const {
        struct stat about {};
        if (::fstat(file_, &about) != 0) fail("cannot read", path_, errno);
        if (about.st_nlink == 0)
            throw Error(ErrorCode::kNotFound,
                        "the object " + path_.filename().string() + " was erased meanwhile");
    }

    fs::path path_;
    int file_;
    std::uint64_t size_ = 0;
};

bool has_nothing(const fs::path& file) {
    struct stat about {};
    return ::stat(file.c_str(), &about) == 0 && S_ISREG(about.st_mode) && about.st_size == 0;
}

/// Names first, then work: what is done to a folder while it is being listed may be seen twice.
std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error))
        names.push_back(entry->path().filename().string());
    if (error)
        throw Error(code_of_errno(error.value()),
                    "cannot list " + folder.string() + ": " + error.message());
    return names;
}

}  // namespace

ObjectFolder::ObjectFolder(fs::path folder) : folder_(std::move(folder)) {
    if (make_folder(folder_)) sync_folder(folder_.parent_path());
    if (make_folder(folder_ / "incoming")) sync_folder(folder_);
    incoming_folder_ = ::open((folder_ / "incoming").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (incoming_folder_ < 0) fail("cannot open", folder_ / "incoming", errno);
}

ObjectFolder::~ObjectFolder() {
    made_.with([&](const std::vector<std::string>& names) {
        for (const std::string& name : names) ::unlink(incoming(name).c_str());
    });
    ::close(incoming_folder_);
}

fs::path ObjectFolder::incoming(const std::string& name) const {
    return folder_ / "incoming" / checked(name);
}

fs::path ObjectFolder::place(const std::string& name) const {
    return folder_ / checked(name).substr(0, 2) / name;
}

std::string ObjectFolder::new_name() {
    // Who finds none makes them under the lock: the others need them as well.
    return made_.with([&](std::vector<std::string>& names) {
        if (names.empty()) names = make_files();
        if (names.empty()) return Objects::new_name();
        std::string name = std::move(names.back());
        names.pop_back();
        return name;
    });
}

/// None where that fails: `create` says why.
std::vector<std::string> ObjectFolder::make_files() const {
    std::vector<std::string> names;
    while (names.size() < kFilesAhead) {
        std::string name = vault::to_text(vault::random_id());
        const int file =
            ::open(incoming(name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file < 0) break;
        ::close(file);
        names.push_back(std::move(name));
    }
    if (::fsync(incoming_folder_) == 0) return names;
    for (const std::string& name : names) ::unlink(incoming(name).c_str());
    return {};
}

std::unique_ptr<ObjectWriter> ObjectFolder::create(const std::string& name) {
    return std::make_unique<FileWriter>(incoming(name), unsettled_);
}

void ObjectFolder::settle() {
    if (!unsettled_.exchange(false)) return;
    if (::fsync(incoming_folder_) == 0) return;
    unsettled_ = true;
    fail("cannot flush the folder", folder_ / "incoming", errno);
}

void ObjectFolder::publish(const std::string& name) {
    const fs::path from = incoming(name);
    const fs::path to = place(name);
    if (::rename(from.c_str(), to.c_str()) == 0) return;
    // Most often the first object of its folder.
    if (errno == ENOENT) make_folder(to.parent_path());
    if (::rename(from.c_str(), to.c_str()) != 0) fail("cannot rename", from, errno);
}

std::unique_ptr<ObjectReader> ObjectFolder::open(const std::string& name) {
    // A file may be published between the looks: hence the third.
    for (const fs::path& path : {place(name), incoming(name), place(name)}) {
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (file >= 0) return std::make_unique<FileReader>(file, path);
        if (!is_not_there(errno)) fail("cannot read", path, errno);
    }
    require_in_place();
    throw Error(ErrorCode::kNotFound, "the object " + name + " is not in " + folder_.string());
}

void ObjectFolder::require_in_place() const {
    struct stat own {};
    struct stat there {};
    const fs::path path = folder_ / "incoming";
    if (::fstat(incoming_folder_, &own) == 0 && ::stat(path.c_str(), &there) == 0 &&
        own.st_dev == there.st_dev && own.st_ino == there.st_ino)
        return;
    throw Error(ErrorCode::kUnavailable, path.string() + " is not the folder that it was");
}

void ObjectFolder::remove(const std::string& name) {
    bool was_there = false;
    for (const fs::path& path : {incoming(name), place(name)}) {
        if (::unlink(path.c_str()) == 0) {
            was_there = true;
            sync_folder(path.parent_path());
        } else if (!is_not_there(errno)) {
            fail("cannot remove", path, errno);
        }
    }
    if (!was_there) require_in_place();
}

void ObjectFolder::for_each(const std::function<void(const std::string& name)>& visit) {
    require_in_place();
    for (const std::string& folder : names_in(folder_)) {
        // Not the "lost+found" of a device, say.
        if (folder != "incoming" && folder.size() != 2) continue;
        if (!fs::is_directory(folder_ / folder)) continue;
        for (const std::string& name : names_in(folder_ / folder))
            if (is_name(name) && !(folder == "incoming" && has_nothing(incoming(name))))
                visit(name);
    }
}

std::set<std::string> ObjectFolder::unpublished() {
    require_in_place();
    std::set<std::string> names;
    for (const std::string& name : names_in(folder_ / "incoming"))
        if (is_name(name)) names.insert(name);
    return names;
}

/// One process alone opens a folder.
Objects::Recovered ObjectFolder::recover(const std::function<bool(const std::string& name)>& known,
                                         const std::function<bool(const std::string& writer)>&) {
    Recovered done;
    std::string why;
    std::set<fs::path> published_to;
    for (const std::string& name : names_in(folder_ / "incoming")) {
        if (is_name(name) && known(name)) {
            try {
                publish(name);
                published_to.insert(place(name).parent_path());
            } catch (const Error& error) {
                ++done.unpublished;
                why = error.what();
            }
            continue;
        }
        const fs::path path = folder_ / "incoming" / name;
        const bool was_made_ahead = is_name(name) && has_nothing(path);
        std::error_code error;
        fs::remove_all(path, error);
        if (error)
            throw Error(ErrorCode::kIo, "cannot remove " + path.string() + ": " + error.message());
        if (!was_made_ahead) ++done.removed;
    }
    for (const fs::path& folder : published_to) sync_folder(folder);
    if (!published_to.empty()) sync_folder(folder_);
    if (done.unpublished > 0)
        log_event(LogLevel::kWarning, "store.unpublished-objects",
                  {{"objects", done.unpublished}, {"why", why}});
    return done;
}

void ObjectFolder::for_each_stray(const std::function<void(const std::string& place)>& visit) {
    const auto name_all = [&](const fs::path& below) {
        std::error_code error;
        for (fs::recursive_directory_iterator
                 entry(folder_ / below, fs::directory_options::skip_permission_denied, error),
             end;
             !error && entry != end; entry.increment(error))
            if (!entry->is_directory())
                visit(("objects" / entry->path().lexically_relative(folder_)).string());
    };
    for (const std::string& folder : names_in(folder_)) {
        const bool is_incoming = folder == "incoming";
        if (!fs::is_directory(folder_ / folder)) {
            visit("objects/" + folder);
        } else if (!is_incoming && !is_digits(folder, 2)) {
            // One without a file is lost+found, say.
            name_all(folder);
        } else {
            for (const std::string& name : names_in(folder_ / folder))
                if (!is_name(name) || !(is_incoming || name.starts_with(folder)))
                    visit("objects/" + folder + "/" + name);
        }
    }
}

RecordFolder::RecordFolder(fs::path folder) : folder_(std::move(folder)) {
    if (make_folder(folder_)) sync_folder(folder_.parent_path());
    for (const std::string& name : names_in(folder_))
        if (name.ends_with(".tmp")) fs::remove(folder_ / name);
}

namespace {

constexpr std::string_view kNew = ".new";

/// False where it is not there.
bool unlinked(const fs::path& path) {
    if (::unlink(path.c_str()) == 0) return true;
    if (errno != ENOENT) fail("cannot remove", path, errno);
    return false;
}

}  // namespace

fs::path RecordFolder::new_place(const std::string& name) const {
    return folder_ / (checked(name) + std::string(kNew));
}

void RecordFolder::write_new(const std::string& name, ByteView bytes) {
    write_file_durably(new_place(name), bytes);
}

void RecordFolder::publish(const std::string& name) {
    const fs::path from = new_place(name);
    if (::rename(from.c_str(), (folder_ / name).c_str()) != 0 && errno != ENOENT)
        fail("cannot rename", from, errno);
}

void RecordFolder::recover(const std::function<bool(const std::string& name)>& known,
                           const std::function<bool(const std::string& writer)>&) {
    bool changed = false;
    for (std::string name : names_in(folder_)) {
        if (!name.ends_with(kNew)) continue;
        name.resize(name.size() - kNew.size());
        if (!is_name(name)) continue;
        if (known(name))
            publish(name);
        else
            (void)unlinked(new_place(name));
        changed = true;
    }
    if (changed) sync_folder(folder_);
}

void RecordFolder::write(const std::string& name, ByteView bytes) {
    write_file_durably(folder_ / checked(name), bytes);
}

Bytes RecordFolder::read(const std::string& name) {
    constexpr std::size_t kMostBytes = 1 << 16;
    if (fs::exists(new_place(name))) {
        try {
            return read_file(new_place(name), kMostBytes);
        } catch (const Error& error) {
            // It was published meanwhile.
            if (error.code() != ErrorCode::kNotFound) throw;
        }
    }
    return read_file(folder_ / name, kMostBytes);
}

void RecordFolder::remove(const std::string& name) {
    // In this order: it may be published in between.
    const bool was_new = unlinked(new_place(name));
    if (unlinked(folder_ / name) || was_new) sync_folder(folder_);
}

void RecordFolder::for_each(const std::function<void(const std::string& name)>& visit) {
    for (const std::string& name : names_in(folder_))
        if (is_name(name)) visit(name);
}

void RecordFolder::for_each_stray(const std::function<void(const std::string& place)>& visit) {
    for (const std::string& name : names_in(folder_))
        if (!is_name(name) && name != "lost+found") visit("keys/" + name);
}

}  // namespace lucerna::store
