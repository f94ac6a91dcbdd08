// Runs a fuzz target without a fuzzer: its seeds, then a fixed number of mutations of them, the
// same in every run. What the test command does in passing; tests/fuzz/run does it at length.
//
//   fuzz_NAME [--rounds N] [--seed N]     seeds and mutations
//   fuzz_NAME FILE...                     these inputs alone
//   fuzz_NAME --write-seeds FOLDER        writes the seeds, to begin a fuzzer's corpus with
//
// An input that ends the program is left in crash-fuzz_NAME. Exits with 1 when the targets' work
// made the process grow by more than 100 MB.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/hash.h"
#include "mutation.h"
#include "seeds.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using lucerna::Bytes;

constexpr long kMostGrowthKib = 100 * 1024;

std::string crash_file;
Bytes current;

extern "C" void leave_input(int signal) {
    const int file = ::open(crash_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file >= 0 && ::write(file, current.data(), current.size()) >= 0) ::close(file);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

long peak_kib() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

void run_one(Bytes input) {
    current = std::move(input);
    LLVMFuzzerTestOneInput(current.data(), current.size());
}

int write_seeds(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    for (const Bytes& seed : lucerna::fuzz::seeds())
        lucerna::write_file(folder / lucerna::sha256(seed).substr(0, 16), seed);
    return 0;
}

std::uint64_t number_in(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace

int main(int count, char** words) {
    std::uint64_t rounds = 50'000;
    std::uint64_t seed = 1;
    std::vector<std::filesystem::path> files;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (word == "--write-seeds" && i + 1 < count) return write_seeds(words[i + 1]);
        if (word == "--rounds" && i + 1 < count)
            rounds = number_in(words[++i]);
        else if (word == "--seed" && i + 1 < count)
            seed = number_in(words[++i]);
        else
            files.emplace_back(word);
    }
    crash_file = "crash-" + std::filesystem::path(words[0]).filename().string();
    for (const int signal : {SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGILL})
        std::signal(signal, leave_input);
    for (const auto& file : files) run_one(lucerna::read_file(file));
    if (!files.empty()) return 0;

    const std::vector<Bytes> corpus = lucerna::fuzz::seeds();
    for (const Bytes& one : corpus) run_one(one);
    const long before = peak_kib();
    lucerna::fuzz::Mutator mutator(seed);
    for (std::uint64_t round = 0; round < rounds; ++round) run_one(mutator.next(corpus));
    const long growth = peak_kib() - before;
    std::printf("%zu seeds, %llu mutations, %ld MiB of growth\n", corpus.size(),
                static_cast<unsigned long long>(rounds), growth / 1024);
    return growth > kMostGrowthKib ? 1 : 0;
}
