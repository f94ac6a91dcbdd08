#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "collection/training_set.h"

namespace lucerna::collection {

/// Makes a cache file (docs/formats/training-cache.md) picture by picture; holds them packed.
class CacheWriter {
  public:
    /// `loss`: how far a pixel may be off, in grey levels of 255; 0 keeps every pixel.
    explicit CacheWriter(exam::InputContract contract, int loss = 0);

    /// Packs the picture; `image` may be dropped afterwards.
    void add(const TrainingImage& image);
    [[nodiscard]] std::size_t count() const { return packed_.size(); }
    /// The file. Call once.
    [[nodiscard]] Bytes finish(const std::string& manifest_sha256,
                               const std::vector<std::string>& refused);

  private:
    exam::InputContract contract_;
    int loss_;
    /// Index entries as JSON text, and what they describe.
    std::vector<std::string> entries_;
    std::vector<Bytes> packed_;
};

/// A cache file, checked and open: the index is at hand, pictures are unpacked when asked for.
/// Const, and so safe from several threads.
class CacheReader {
  public:
    /// Takes the file's bytes. Throws Error(kCorrupt) when the trailing hash does not match or the
    /// index contradicts itself, Error(kUnsupported) for another version.
    explicit CacheReader(Bytes file);
    /// Also throws as read_file does.
    [[nodiscard]] static CacheReader open(const std::filesystem::path& path);

    /// Everything but the pixels: each image's raster has its size and no pixels.
    [[nodiscard]] const TrainingSet& index() const { return index_; }
    [[nodiscard]] int loss() const { return loss_; }
    /// SHA-256 of the file before its trailing hash: names this cache.
    [[nodiscard]] const std::string& sha256() const { return sha256_; }
    /// The prepared picture of index().images[image].
    [[nodiscard]] exam::Raster<std::uint8_t> pixels(std::size_t image) const;

  private:
    struct Extent {
        std::size_t offset;
        std::size_t size;
    };

    Bytes file_;
    TrainingSet index_;
    std::vector<Extent> extents_;
    std::string sha256_;
    int loss_ = 0;
};

}  // namespace lucerna::collection
