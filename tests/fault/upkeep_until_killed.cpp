// Works on a store until it is killed: "rotate" makes one key-encryption key after the other,
// "erase" erases one patient after the other and keeps a new one in exchange, "start" opens it and
// kills itself when it asks for a key the NUMBER-th time. Each line on standard output is a
// promise: it is written after the store said that it is done.
//
//     upkeep_until_killed FOLDER KEYS rotate|erase|start NUMBER

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "store/store.h"
#include "support/forwarding_keys.h"
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

/// Opens keys, and at the last of them the process is gone.
class LastKey final : public test::ForwardingKeys {
  public:
    LastKey(vault::KeyProvider& keys, unsigned opens) : ForwardingKeys(keys), opens_(opens) {}
    [[nodiscard]] vault::SecretKey unwrap(const vault::WrappedKey& wrapped,
                                          std::string_view purpose) override {
        if (opens_-- <= 1) ::raise(SIGKILL);
        return ForwardingKeys::unwrap(wrapped, purpose);
    }

  private:
    unsigned opens_;
};

void start(const std::string& folder, vault::KeyProvider& keys, unsigned opens) {
    const SystemClock clock;
    LastKey last(keys, opens);
    promise("begin\n");
    const store::Store store({folder, {}}, last, clock);
    for (;;) ::pause();
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 5) return 2;
    const SystemClock clock;
    vault::FileKeyProvider keys(arguments[2]);
    const auto number = static_cast<unsigned>(std::strtoul(arguments[4], nullptr, 10));
    try {
        if (arguments[3] == std::string_view("start")) start(arguments[1], keys, number);
        store::Store store({arguments[1], {}}, keys, clock);
        if (arguments[3] == std::string_view("rotate"))
            rotate(store.archive());
        else
            erase(store.archive(), number);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 4;
    }
}
