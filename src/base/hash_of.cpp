#include <array>
#include <fstream>

#include "base/error.h"
#include "base/hash.h"

namespace lucerna {

std::string sha256(ByteView bytes) {
    Sha256 hash;
    hash.add(bytes);
    return hash.finish();
}

std::string sha256_of_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw Error(ErrorCode::kIo, "cannot read " + path.string());
    Sha256 hash;
    std::array<char, 1 << 16> block;
    while (file.read(block.data(), block.size()) || file.gcount() > 0)
        hash.add(as_byte_view({block.data(), static_cast<std::size_t>(file.gcount())}));
    if (file.bad()) throw Error(ErrorCode::kIo, "cannot read " + path.string());
    return hash.finish();
}

}  // namespace lucerna
