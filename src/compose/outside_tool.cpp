#include "compose/outside_tool.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/file.h"

namespace lucerna::compose {

std::optional<std::string> outside_tool(const std::string& command, ByteView part10) {
    const std::string program = command.substr(0, command.find(' '));
    if (std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) != 0)
        return std::nullopt;
    static int count = 0;
    const std::filesystem::path file =
        std::filesystem::temp_directory_path() /
        ("lucerna-compose-" + std::to_string(getpid()) + "-" + std::to_string(++count) + ".dcm");
    write_file(file, part10);
    FILE* pipe = popen((command + " '" + file.string() + "' 2>&1").c_str(), "r");
    std::string output;
    std::array<char, 4096> buffer{};
    while (pipe != nullptr) {
        const std::size_t got = fread(buffer.data(), 1, buffer.size(), pipe);
        if (got == 0) break;
        output.append(buffer.data(), got);
    }
    if (pipe != nullptr) pclose(pipe);
    std::filesystem::remove(file);
    return output;
}

}  // namespace lucerna::compose
