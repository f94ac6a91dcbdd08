#include "deidentify/report_log.h"

#include <cerrno>
#include <cstring>
#include <set>
#include <system_error>

#include "base/errno_code.h"
#include "base/error.h"
#include "base/file.h"

namespace lucerna::deidentify {
namespace {

namespace fs = std::filesystem;

constexpr int kOlder = 3;
constexpr std::string_view kEnding = ".jsonl";

[[noreturn]] void fail(const fs::path& path, int reason) {
    throw Error(code_of_errno(reason),
                "cannot write " + path.string() + ": " + std::strerror(reason));
}

void take_away(const fs::path& path) {
    std::error_code failure;
    if (!fs::remove(path, failure) && failure) fail(path, failure.value());
}

/// Calls `each` with every line, with its end; one that broke off has none.
void for_each_line(const fs::path& path, const std::function<void(std::string_view)>& each) {
    std::error_code unknown;
    if (!fs::exists(path, unknown) && !unknown) return;
    const Bytes bytes = read_file(path);
    for (std::string_view rest = as_text(bytes); !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n') + 1);
        const std::string_view whole = line.empty() ? rest : line;
        each(whole);
        rest.remove_prefix(whole.size());
    }
}

/// Returns how many lines went.
std::size_t keep_lines(const fs::path& path, const std::function<bool(std::string_view)>& stays) {
    const fs::path anew = path.string() + ".new";
    // What a crash left of this.
    take_away(anew);
    std::string kept;
    std::size_t gone = 0;
    for_each_line(path, [&](std::string_view line) {
        if (line.ends_with('\n') && stays(line))
            kept += line;
        else
            ++gone;
    });
    if (gone == 0) return 0;
    if (kept.empty()) {
        take_away(path);
    } else {
        append_durably(anew, as_byte_view(kept));
        std::error_code failure;
        fs::rename(anew, path, failure);
        if (failure) fail(path, failure.value());
    }
    sync_folder(path.parent_path());
    return gone;
}

}  // namespace

fs::path ReportLog::file(int older) const {
    return folder_ /
           (name_ + (older == 0 ? "" : "." + std::to_string(older)) + std::string(kEnding));
}

void ReportLog::make_room(std::size_t bytes) const {
    std::error_code none;
    const std::uint64_t size = fs::file_size(file(0), none);
    if (none || size == 0 || size + bytes <= most_bytes_) return;
    for (int older = kOlder; older > 0; --older) {
        std::error_code failure;
        fs::rename(file(older - 1), file(older), failure);
        if (failure && failure != std::errc::no_such_file_or_directory)
            fail(file(older), failure.value());
    }
}

std::vector<std::string> ReportLog::names_in(const fs::path& folder) {
    std::set<std::string> names;
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, none)) {
        const std::string file = entry.path().filename().string();
        if (file.ends_with(kEnding)) names.insert(file.substr(0, file.find('.')));
    }
    return {names.begin(), names.end()};
}

std::size_t ReportLog::keep_only(const std::function<bool(const std::string&)>& is_kept) {
    std::set<std::string> gone;
    {
        const std::lock_guard lock(mutex_);
        for (int older = 0; older <= kOlder; ++older)
            for_each_line(file(older),
                          [&](std::string_view line) { gone.insert(kept_as_of(line)); });
    }
    // Others go on to add lines meanwhile, and see themselves whether what they are of is kept.
    std::erase_if(gone, [&](const std::string& one) { return !one.empty() && is_kept(one); });
    if (gone.empty()) return 0;
    const std::lock_guard lock(mutex_);
    std::size_t lines = 0;
    for (int older = 0; older <= kOlder; ++older)
        lines += keep_lines(
            file(older), [&](std::string_view line) { return !gone.contains(kept_as_of(line)); });
    return lines;
}

void ReportLog::add(const ExportReport& report, const Forwarded& as) {
    const std::string line = to_json_line(report, as);
    const std::lock_guard lock(mutex_);
    std::error_code failure;
    fs::create_directories(folder_, failure);
    if (failure) fail(folder_, failure.value());
    make_room(line.size());
    append_durably(file(0), as_byte_view(line));
}

}  // namespace lucerna::deidentify
