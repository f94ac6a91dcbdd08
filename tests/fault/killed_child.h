#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace lucerna::test {

/// Rounds of a test that kills: `otherwise`, or what LUCERNA_FAULT_ROUNDS says.
inline unsigned fault_rounds(unsigned otherwise) {
    const char* asked = std::getenv("LUCERNA_FAULT_ROUNDS");
    return asked == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(asked, nullptr, 10));
}

/// Starts the program, kills it `delay` after its first word, and returns all that it said.
inline std::string said_until_killed(std::vector<std::string> command,
                                     std::chrono::microseconds delay) {
    int pipe_ends[2];
    if (::pipe(pipe_ends) != 0) throw std::runtime_error("no pipe");
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(pipe_ends[1], STDOUT_FILENO);
        ::close(pipe_ends[0]);
        ::execv(arguments[0], arguments.data());
        std::_Exit(127);
    }
    ::close(pipe_ends[1]);
    std::string said;
    char block[4096];
    ssize_t got = ::read(pipe_ends[0], block, sizeof block);
    if (got > 0) said.append(block, static_cast<std::size_t>(got));
    ::usleep(static_cast<useconds_t>(delay.count()));
    ::kill(child, SIGKILL);
    while ((got = ::read(pipe_ends[0], block, sizeof block)) > 0)
        said.append(block, static_cast<std::size_t>(got));
    ::close(pipe_ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << WEXITSTATUS(status);
    return said;
}

}  // namespace lucerna::test
