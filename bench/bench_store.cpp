// How fast the archive keeps and gives back, against the floor that the device sets.
//
//   bench_store [FOLDER [keep|search]]      FOLDER must be on the device that is to be measured

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "store/store.h"
#include "support/stored_instance.h"
#include "vault/file_key_provider.h"

namespace {

using namespace lucerna;

struct Load {
    const char* name;
    int count;
    std::size_t pixels;
};

constexpr int kSenders = 4;
constexpr Load kLoads[] = {{"CT size, 0.53 MB", 2000, 524288}, {"mammogram, 17 MB", 60, 17039360}};

struct Spent {
    double seconds = 0;
    double cpu_seconds = 0;
};

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// So many senders share the numbers from 0 to `count`.
Spent measure(int count, const std::function<void(int number)>& work,
              int senders_to_use = kSenders) {
    const double cpu = cpu_seconds();
    const auto begin = std::chrono::steady_clock::now();
    std::atomic<int> next = 0;
    {
        std::vector<std::jthread> senders;
        for (int sender = 0; sender < senders_to_use; ++sender)
            senders.emplace_back([&] {
                for (int number = next++; number < count; number = next++) work(number);
            });
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    return {took.count(), cpu_seconds() - cpu};
}

/// An object whose SOP Instance UID can be replaced in place: the bytes are made once.
class Template {
  public:
    explicit Template(std::size_t pixels) {
        test::StoredInstance instance;
        instance.pixels = pixels;
        instance.sop_instance = kPlace;
        file_ = instance.file();
        const std::string_view text = as_text(file_);
        for (std::size_t at = text.find(kPlace); at != std::string_view::npos;
             at = text.find(kPlace, at + 1))
            places_.push_back(at);
    }
    [[nodiscard]] Bytes numbered(int number) const {
        Bytes copy = file_;
        const std::string uid = uid_of(number);
        for (const std::size_t at : places_)
            std::copy(uid.begin(), uid.end(), copy.begin() + static_cast<std::ptrdiff_t>(at));
        return copy;
    }
    static std::string uid_of(int number) {
        return "1.2.3.4.1." + std::to_string(1000000 + number);
    }
    [[nodiscard]] std::size_t size() const { return file_.size(); }

  private:
    static constexpr const char* kPlace = "1.2.3.4.1.9999999";
    Bytes file_;
    std::vector<std::size_t> places_;
};

void write_and_flush(const std::filesystem::path& path, ByteView bytes) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
    while (!bytes.empty()) {
        const ssize_t written = ::write(file, bytes.data(), bytes.size());
        if (written < 0) std::abort();
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    if (::fsync(file) != 0) std::abort();
    ::close(file);
}

void print(const char* what, const Load& load, const Spent& spent, std::size_t bytes,
           double floor_seconds) {
    std::printf("  %-28s %8.0f objects/s %8.0f MB/s %8.2f ms CPU an object %6.2f x the floor\n",
                what, load.count / spent.seconds,
                1e-6 * static_cast<double>(bytes) * load.count / spent.seconds,
                1e3 * spent.cpu_seconds / load.count, spent.seconds / floor_seconds);
}

void run(const std::filesystem::path& folder, const Load& load) {
    const Template object(load.pixels);
    std::printf("%s: %d objects, %d senders\n", load.name, load.count, kSenders);
    std::filesystem::create_directories(folder / "floor");
    // Copying the template is the sender's cost, in both.
    const Spent floor = measure(load.count, [&](int number) {
        write_and_flush(folder / "floor" / std::to_string(number), object.numbered(number));
    });
    print("write and fsync, plain", load, floor, object.size(), floor.seconds);
    std::filesystem::remove_all(folder / "floor");
    ::sync();

    vault::FileKeyProvider keys(folder / "secret");
    const SystemClock clock;
    store::Store store({folder / "data", {}}, keys, clock);
    const Spent keep =
        measure(load.count, [&](int number) { store.archive().keep(object.numbered(number)); });
    print("keep, sealed and durable", load, keep, object.size(), floor.seconds);
    const Spent read = measure(load.count, [&](int number) {
        if (store.archive().object(Template::uid_of(number)).size() != object.size()) std::abort();
    });
    print("object, opened and checked", load, read, object.size(), floor.seconds);
}

void search(const std::filesystem::path& folder) {
    vault::FileKeyProvider keys(folder / "secret");
    const SystemClock clock;
    store::Store store({folder / "data", {}}, keys, clock);
    constexpr int kStudies = 25000;
    const Spent fill = measure(
        4 * kStudies,
        [&](int number) {
            test::StoredInstance instance;
            Random random(static_cast<std::uint64_t>(number / 4));
            instance.study = "1.2.3." + std::to_string(number / 4);
            instance.series = instance.study + ".1";
            instance.sop_instance = instance.series + "." + std::to_string(number % 4);
            instance.patient_id = "P" + std::to_string(number / 8);
            instance.patient_name = "Name" + std::to_string(random.below(10000)) + "^First";
            instance.study_date = std::to_string(20100101 + 10000 * random.below(15));
            instance.pixels = 2;
            store.archive().keep(instance.file());
        },
        64);
    std::printf("search among %d instances (kept in %.0f s)\n", 4 * kStudies, fill.seconds);
    const std::pair<const char*, store::Query> queries[] = {
        {"studies, no key, limit 10", {store::Level::kStudy, {}, 10}},
        {"studies by Patient ID", {store::Level::kStudy, {{{0x10, 0x20}, "P777"}}, 10}},
        {"studies by name prefix", {store::Level::kStudy, {{{0x10, 0x10}, "name77*"}}, 10}},
        {"studies by name part", {store::Level::kStudy, {{{0x10, 0x10}, "*e777*"}}, 10}},
        {"studies by date range",
         {store::Level::kStudy, {{{0x08, 0x20}, "20120101-20131231"}}, 10}},
        {"studies by modality", {store::Level::kStudy, {{{0x08, 0x61}, "MG"}}, 10}},
        {"instances of a study", {store::Level::kInstance, {{{0x20, 0x0D}, "1.2.3.777"}}, 10}},
        {"instances, no key, limit 10", {store::Level::kInstance, {}, 10}},
    };
    for (auto [name, query] : queries) {
        std::vector<double> times;
        for (int i = 0; i < 300; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            std::size_t length = 0;
            for (const auto& match : store.archive().find(query))
                length += store::json_members(match).size();
            if (length == 0) std::abort();
            const std::chrono::duration<double, std::milli> took =
                std::chrono::steady_clock::now() - begin;
            times.push_back(took.count());
        }
        std::sort(times.begin(), times.end());
        std::printf("  %-28s median %7.3f ms   p99 %7.3f ms\n", name, times[150], times[297]);
    }
}

}  // namespace

int main(int count, char** arguments) {
    const std::vector<std::string> given(arguments + 1, arguments + count);
    const std::string only = given.size() > 1 ? given[1] : "";
    const bool is_known = only.empty() || only == "keep" || only == "search";
    if (given.size() > 2 || !is_known || (!given.empty() && given[0].starts_with('-'))) {
        const bool asked = !given.empty() && (given[0] == "--help" || given[0] == "-h");
        std::fputs(
            "bench_store [FOLDER [keep|search]]\n"
            "How fast the archive keeps and gives back, and searches, against the floor that the\n"
            "device sets. FOLDER must be on the device that is to be measured; without it, the\n"
            "folder for temporary files.\n",
            asked ? stdout : stderr);
        return asked ? 0 : 2;
    }
    const std::filesystem::path base =
        given.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path(given[0]);
    const std::filesystem::path folder = base / ("lucerna-bench-" + random_hex(6));
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    for (const Load& load : kLoads) {
        if (only == "search") break;
        std::filesystem::create_directories(folder);
        run(folder, load);
        std::filesystem::remove_all(folder);
    }
    if (only != "keep") {
        std::filesystem::create_directories(folder);
        search(folder);
        std::filesystem::remove_all(folder);
    }
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    std::printf("peak memory %ld MB\n", usage.ru_maxrss / 1024);
    return 0;
}
