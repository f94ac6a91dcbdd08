#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string_view>

#include "base/encoding.h"

namespace lucerna {

/// The whole file. Throws Error: kNotFound, kIo, or kInvalidInput if it is larger than `limit`.
[[nodiscard]] Bytes read_file(const std::filesystem::path& path,
                              std::size_t limit = std::size_t{1} << 32);

/// Writes a temporary file beside `path`, then renames: readers see the old or the new content,
/// never a part. Not flushed to the device. Throws Error: kOutOfSpace or kIo; nothing is left.
void write_file(const std::filesystem::path& path, ByteView bytes);

/// As write_file, and on return file and name survive a power cut (fsync of file and folder).
void write_file_durably(const std::filesystem::path& path, ByteView bytes);

/// Adds to a file's end, or behind its first `keep` bytes in place of what follows them; makes it,
/// readable by its owner alone, where there is none. On return all of it survives a power cut;
/// where this throws, kOutOfSpace or kIo, nothing of it is there. For one at a time.
void append_durably(const std::filesystem::path& path, ByteView bytes,
                    std::size_t keep = static_cast<std::size_t>(-1));

/// Removes temporary files that a process left in `folder` as it was killed while it wrote a file
/// of one of those names: of no process that lives here, and of this one, which is to call it
/// before it writes there.
void remove_leftovers(const std::filesystem::path& folder,
                      const std::function<bool(std::string_view name)>& is_written);

/// fsync of a folder: makes the names created in it durable.
void sync_folder(const std::filesystem::path& folder);

}  // namespace lucerna
