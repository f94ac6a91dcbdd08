// Works on a store until it is killed: "rotate" makes one key-encryption key after the other,
// "erase" erases one patient after the other and keeps a new one in exchange. Each line on standard
// output is a promise: it is written after the store said that it is done.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "store/store.h"
#include "support/stored_instance.h"
#include "vault/file_key_provider.h"

namespace {

using namespace lucerna;

void promise(const std::string& line) {
    // One write of less than PIPE_BUF is never torn.
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(3);
}

void rotate(store::Archive& archive) {
    promise("begin\n");
    for (;;) {
        archive.rotate_keys("test");
        promise("rotated\n");
    }
}

void erase(store::Archive& archive, unsigned first) {
    promise("begin\n");
    for (unsigned patient = first;; ++patient) {
        archive.erase_patient("P" + std::to_string(patient), "", "test");
        promise("erased " + std::to_string(patient) + "\n");
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 5) return 2;
    const SystemClock clock;
    vault::FileKeyProvider keys(arguments[2]);
    store::Store store({arguments[1], {}}, keys, clock);
    try {
        if (arguments[3] == std::string_view("rotate"))
            rotate(store.archive());
        else
            erase(store.archive(), static_cast<unsigned>(std::strtoul(arguments[4], nullptr, 10)));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 4;
    }
}
