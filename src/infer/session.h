#pragma once

#include <memory>
#include <vector>

#include "base/encoding.h"
#include "exam/geometry.h"
#include "exam/raster.h"
#include "infer/manifest.h"

namespace lucerna::infer {

/// A box that the network proposes, in pixels of its input.
struct Candidate {
    exam::Box box;
    double presence = 0;
    double suspicion = 0;
};

struct RawReading {
    std::vector<Candidate> candidates;
    double image_score = 0;
};

/// How threads are shared out. A screening exam has four views, and two pictures on a thread each
/// are read sooner than one after the other on both: so many at once, and what is left for within
/// one.
struct ThreadUse {
    int pictures_at_once = 1;
    int within_a_picture = 1;
};
/// `threads` that compute in all; 0: one a core.
[[nodiscard]] ThreadUse thread_use(int threads);

/// Where a network's intermediate pictures lie: in the runtime's own arena, which keeps what it
/// once had, or in the heap, which then is the better place where it keeps it too
/// (keep_freed_memory).
enum class Scratch { kArena, kHeap };

/// A network loaded into ONNX Runtime, whose inputs and outputs are those of the manifest.
class Session {
  public:
    /// Throws Error(kInvalidInput) when the bytes are no network or its tensors (names, types,
    /// ranks) are not what the manifest says. `threads`: that `run` may use within a picture.
    Session(ByteView onnx, const Manifest& manifest, int threads,
            Scratch scratch = Scratch::kArena);
    ~Session();
    Session(Session&&) noexcept;
    Session& operator=(Session&&) noexcept;

    /// Runs the network on one picture; safe from several threads.
    /// Throws Error(kInternal) if the runtime fails or puts out numbers that are not finite.
    [[nodiscard]] RawReading run(const exam::Raster<float>& picture) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace lucerna::infer
