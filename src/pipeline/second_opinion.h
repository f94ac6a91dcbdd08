#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "infer/model_package.h"
#include "pipeline/reading.h"
#include "store/store.h"

namespace lucerna::pipeline {

/// When an exam is complete: all of `views` are there, or nothing came for `quiet`.
struct CompletionRules {
    std::vector<std::string> views;
    std::chrono::milliseconds quiet{60'000};
};

/// After an image was kept: moves a complete exam to kWaiting and queues its reading.
void note_image(store::Store& store, const std::string& study_instance_uid,
                const CompletionRules& rules);

/// From time to time: the same for exams that have been quiet long enough. Returns how many.
std::size_t note_quiet(store::Store& store, const CompletionRules& rules, Instant now);

inline constexpr const char* kReadJob = store::kReadJob;
inline constexpr std::chrono::minutes kLongestRetry{5};

struct OpinionRules {
    ReadingRules reading;
    /// Names of the destinations that get the results.
    std::vector<std::string> destinations;
    /// Those of them that get the images too.
    std::vector<std::string> with_images;
    /// Attempts before an exam is shown as failed.
    int max_attempts = 3;
    /// After the first; twice as long after each that follows, up to kLongestRetry: what fails at
    /// its end costs the whole reading each time.
    std::chrono::milliseconds retry_after{10'000};
    /// For which a reading is its reader's without a sign of going on.
    std::chrono::milliseconds lease{10 * 60'000};
    /// Destinations that get no captures: the words on them would be blanked as any that are burned
    /// in.
    std::vector<std::string> without_captures = {};
    /// Those that get none of what was refused: whatever gets nothing but what is de-identified.
    std::vector<std::string> without_refused_captures = {};
};

/// The kind of delivery jobs for one destination: each has a queue of its own, so that a dead peer
/// holds up nobody else.
[[nodiscard]] std::string delivery_kind(const std::string& destination);

/// Carries out one leased kReadJob: reads the exam, keeps the results, queues their delivery; holds
/// the lease for as long as pictures come on. What was kept by a try that a crash ended is kept
/// again under the same UIDs, so nothing is doubled. Throws Error(kConflict) where another reader
/// has it.
void give_second_opinion(const store::Job& job, store::Store& store,
                         const infer::ModelPackage& model, const OpinionRules& rules,
                         const Clock& clock);

}  // namespace lucerna::pipeline
