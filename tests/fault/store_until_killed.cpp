// Keeps objects from four threads until it is killed. Each line on standard output is a promise: it
// is written after the store said that the object, or the job, is durable.

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "store/store.h"
#include "support/stored_instance.h"
#include "vault/file_key_provider.h"

namespace {

using namespace lucerna;

void promise(const std::string& line) {
    // One write of less than PIPE_BUF is never torn.
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(3);
}

void send(store::Store& archive, unsigned round, unsigned sender) {
    Random random(round * 100 + sender);
    for (unsigned number = 1;; ++number) {
        test::StoredInstance instance;
        instance.patient_id = "P" + std::to_string(sender % 5);
        instance.study = "1.2." + std::to_string(round) + "." + std::to_string(sender);
        instance.series = instance.study + ".1";
        instance.sop_instance = instance.series + "." + std::to_string(number);
        instance.seed = static_cast<unsigned>(random.below(1000));
        instance.pixels = 2 * (1 + random.below(150000));
        archive.archive().keep(instance.file());
        promise("object " + instance.patient_id + " " + instance.study + " " +
                instance.sop_instance + " " + std::to_string(instance.seed) + " " +
                std::to_string(instance.pixels) + "\n");
        if (number % 5 != 0) continue;
        archive.queue().enqueue({"deliver", instance.sop_instance, instance.study});
        promise("job " + instance.sop_instance + "\n");
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) return 2;
    const SystemClock clock;
    vault::FileKeyProvider keys(arguments[2]);
    store::Store archive({arguments[1], {}}, keys, clock);
    const auto round = static_cast<unsigned>(std::strtoul(arguments[3], nullptr, 10));
    std::vector<std::jthread> senders;
    for (unsigned sender = 1; sender <= 4; ++sender)
        senders.emplace_back([&archive, round, sender] {
            try {
                send(archive, round, sender);
            } catch (const std::exception& error) {
                std::fprintf(stderr, "%s\n", error.what());
                std::_Exit(4);
            }
        });
}
