#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

extern char** environ;

namespace lucerna::test {

/// Where a program of $PATH lies; empty if it is not installed.
inline std::string program_path(const std::string& name) {
    std::string folders = std::getenv("PATH") != nullptr ? std::getenv("PATH") : "";
    for (std::size_t start = 0; start <= folders.size();) {
        const std::size_t end = std::min(folders.find(':', start), folders.size());
        const auto path = std::filesystem::path(folders.substr(start, end - start)) / name;
        if (::access(path.c_str(), X_OK) == 0) return path.string();
        start = end + 1;
    }
    return {};
}

/// Another program, started at once, with its standard output and error in one file. Ended when
/// this goes away.
class ChildProcess {
  public:
    ChildProcess(const std::vector<std::string>& command, const std::filesystem::path& output)
        : output_(output) {
        std::vector<char*> arguments;
        for (const std::string& word : command)
            arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                         0600);
        posix_spawn_file_actions_adddup2(&actions, 1, 2);
        const int error =
            ::posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        if (error != 0) throw std::runtime_error("can't start " + command.front());
    }
    ~ChildProcess() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    void signal(int number) const { ::kill(pid_, number); }

    /// Its exit status, or 128 and the signal that ended it.
    int wait() {
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    [[nodiscard]] std::string output() const {
        std::string text;
        if (std::FILE* file = std::fopen(output_.c_str(), "rb")) {
            char block[4096];
            for (std::size_t count; (count = std::fread(block, 1, sizeof block, file)) > 0;)
                text.append(block, count);
            std::fclose(file);
        }
        return text;
    }

  private:
    pid_t pid_ = -1;
    std::filesystem::path output_;
};

}  // namespace lucerna::test
