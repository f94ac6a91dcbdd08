#pragma once

#include <string>
#include <string_view>

#include "learn/blend.h"
#include "learn/learn.h"
#include "learn/report.h"

namespace lucerna::learn {

/// What a package says of where its network comes from.
struct Provenance {
    std::string name;
    std::string version;
    /// The run's run.json.
    std::string configuration;
    /// "final" (trained on every image), or the fold whose network it is.
    std::string part;
    std::size_t images = 0;
    std::size_t patients = 0;
    /// What the trunks began as, and the size that tools/convert_trunk makes it of.
    std::string trunk;
    std::string trunk_size;
    /// What the run was made on, as the person who exports says; may be empty.
    std::string machine;
    /// Training steps and wall seconds of all parts, from their logs.
    std::size_t steps = 0;
    double seconds = 0;
    /// How the network's parts are weighed in what it puts out.
    Blend blend;
    /// Markdown that the card quotes.
    std::string notes;
};

/// manifest.json of the package: docs/formats/model-package.md.
[[nodiscard]] std::string manifest_json(const exam::InputContract& contract, const Report& report,
                                        const Provenance& provenance,
                                        const std::string& model_sha256,
                                        const std::string& card_sha256);

/// MODEL_CARD.md, every figure of which is from `report`.
[[nodiscard]] std::string model_card(const exam::InputContract& contract, const Report& report,
                                     const Provenance& provenance);

}  // namespace lucerna::learn
