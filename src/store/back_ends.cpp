#include "store/back_ends.h"

#include "base/error.h"
#include "base/file.h"

namespace lucerna::store {
namespace {

constexpr std::size_t kMostBytes = 4096;

std::filesystem::path note_in(const std::filesystem::path& folder) {
    return folder / "back-ends";
}

/// "index sqlite, objects folder".
std::string in_a_sentence(std::string text) {
    while (text.ends_with('\n')) text.pop_back();
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos;)
        text.replace(at, 1, ", ");
    return text;
}

}  // namespace

std::string back_ends_of(const StoreOptions& options) {
    return std::string("index ") + (options.postgres.empty() ? "sqlite" : "postgres") +
           "\nobjects " + (options.bucket ? "s3" : "folder") + "\n";
}

bool has_back_ends(const std::filesystem::path& folder) {
    return std::filesystem::exists(note_in(folder));
}

void require_back_ends(const StoreOptions& options) {
    if (!has_back_ends(options.folder)) return;
    const Bytes bytes = read_file(note_in(options.folder), kMostBytes);
    const std::string noted(as_text(bytes));
    const std::string asked = back_ends_of(options);
    if (noted == asked) return;
    throw Error(ErrorCode::kConflict,
                note_in(options.folder).string() + " says \"" + in_a_sentence(noted) +
                    "\", and it would be opened with \"" + in_a_sentence(asked) +
                    "\": give the server's own --config; where the store was moved on purpose, "
                    "remove that file");
}

void note_back_ends(const StoreOptions& options) {
    require_back_ends(options);
    if (has_back_ends(options.folder)) return;
    write_file_durably(note_in(options.folder), as_byte_view(back_ends_of(options)));
}

}  // namespace lucerna::store
