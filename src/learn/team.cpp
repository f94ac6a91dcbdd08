#include "learn/team.h"

#include <torch/torch.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "base/error.h"

namespace lucerna::learn {
namespace {

/// Long enough for the leader to measure a fold while the others wait.
constexpr std::chrono::minutes kPatience{30};

std::optional<std::string> variable(const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? std::nullopt : std::optional<std::string>(text);
}

int number_in(const char* name, int least, int most) {
    const auto text = variable(name);
    if (!text) throw Error(ErrorCode::kInvalidInput, std::string(name) + " is not set");
    int value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size() || value < least || value > most)
        throw Error(ErrorCode::kInvalidInput, std::string(name) + " is no number of " +
                                                  std::to_string(least) + " to " +
                                                  std::to_string(most) + ": '" + *text + "'");
    return value;
}

/// What a process leaves in the round that it does not take part in any more. No value that is
/// exchanged is of one byte.
const std::vector<std::uint8_t> kGone{0};

std::string key_of(std::int64_t round, int rank) {
    return "lucerna/" + std::to_string(round) + "/" + std::to_string(rank);
}

/// torch 2.x may be built without libuv, which it would have the store served by.
template <typename Options>
void serve_without_libuv(Options& options) {
    if constexpr (requires { options.useLibUV; }) options.useLibUV = false;
}

}  // namespace

int local_rank() {
    return variable("LOCAL_RANK") ? number_in("LOCAL_RANK", 0, 1023) : 0;
}

Team Team::from_environment() {
    Team team;
    if (!variable("WORLD_SIZE")) return team;
    team.size_ = number_in("WORLD_SIZE", 1, 1024);
    if (team.size_ == 1) return team;
    team.rank_ = number_in("RANK", 0, team.size_ - 1);
    const auto address = variable("MASTER_ADDR");
    if (!address) throw Error(ErrorCode::kInvalidInput, "MASTER_ADDR is not set");
    c10d::TCPStoreOptions options;
    options.port = static_cast<std::uint16_t>(number_in("MASTER_PORT", 1, 65535));
    serve_without_libuv(options);
    options.isServer = team.leads();
    options.numWorkers = static_cast<std::size_t>(team.size_);
    options.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience);
    // Under torchrun the port is its own store's, which serves us as well.
    const char* agent = std::getenv("TORCHELASTIC_USE_AGENT_STORE");
    if (agent != nullptr && std::string_view(agent) == "True") options.isServer = false;
    try {
        team.store_ = c10::make_intrusive<c10d::TCPStore>(*address, options);
    } catch (const std::exception& cause) {
        throw Error(ErrorCode::kIo, "cannot meet the other training processes at " + *address +
                                        ":" + std::to_string(options.port) + ": " + cause.what());
    }
    return team;
}

Team::Team() = default;
Team::Team(Team&&) noexcept = default;
Team& Team::operator=(Team&&) noexcept = default;

Team::~Team() {
    if (!store_) return;
    try {
        // Nobody looks at it where all came to the end together.
        store_->set(key_of(round_, rank_), kGone);
        store_->set("lucerna/done/" + std::to_string(rank_), std::vector<std::uint8_t>{1});
        for (int rank = 1; leads() && rank < size_; ++rank)
            (void)store_->get("lucerna/done/" + std::to_string(rank));
    } catch (const std::exception&) {
        // Who is gone needs the store no more.
    }
}

std::vector<std::vector<std::uint8_t>> Team::exchanged(std::vector<std::uint8_t> mine) {
    store_->set(key_of(round_, rank_), mine);
    std::vector<std::vector<std::uint8_t>> all(static_cast<std::size_t>(size_));
    for (int rank = 0; rank < size_; ++rank) {
        auto& one = all[static_cast<std::size_t>(rank)];
        one = rank == rank_ ? std::move(mine) : store_->get(key_of(round_, rank));
        if (one == kGone)
            throw Error(ErrorCode::kUnavailable, "training process " + std::to_string(rank) +
                                                     " has ended before the others; it says why");
    }
    // Who is in this round has read everything of the last but one.
    if (round_ >= 2) store_->deleteKey(key_of(round_ - 2, rank_));
    ++round_;
    return all;
}

void Team::sum(const std::vector<torch::Tensor>& tensors) {
    if (size_ == 1 || tensors.empty()) return;
    const torch::NoGradGuard no_gradient;
    std::vector<torch::Tensor> flat;
    for (const auto& tensor : tensors)
        flat.push_back(tensor.detach().to(torch::kCPU, torch::kFloat).flatten());
    auto whole = torch::cat(flat);
    std::vector<std::uint8_t> mine(static_cast<std::size_t>(whole.numel()) * sizeof(float));
    std::memcpy(mine.data(), whole.data_ptr<float>(), mine.size());
    whole.zero_();
    auto theirs = torch::empty_like(whole);
    for (const std::vector<std::uint8_t>& part : exchanged(std::move(mine))) {
        if (part.size() != static_cast<std::size_t>(whole.numel()) * sizeof(float))
            throw Error(ErrorCode::kInternal, "the training processes are not at the same step");
        std::memcpy(theirs.data_ptr<float>(), part.data(), part.size());
        whole += theirs;
    }
    std::int64_t at = 0;
    for (const auto& tensor : tensors) {
        tensor.copy_(whole.narrow(0, at, tensor.numel()).view(tensor.sizes()));
        at += tensor.numel();
    }
}

std::int64_t Team::agreed(std::int64_t value) {
    if (size_ == 1) return value;
    std::vector<std::uint8_t> mine(sizeof value);
    std::memcpy(mine.data(), &value, sizeof value);
    const auto all = exchanged(std::move(mine));
    std::memcpy(&value, all.at(0).data(), sizeof value);
    return value;
}

}  // namespace lucerna::learn
