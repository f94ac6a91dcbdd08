#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dicom/metadata.h"
#include "dicom/sparse_buffer.h"
#include "http/media_type.h"
#include "receive/outcome.h"

namespace lucerna::receive {

/// Joins the metadata and bulk data of one request (PS3.18 8.6.1.2.2, 10.5.1.4): metadata in
/// application/dicom+json or application/dicom+xml, bulk data under the Content-Location that the
/// metadata name as BulkDataURI. An instance is joined as soon as all of it has come, so that no
/// more is held than of those that are not whole.
class MetadataParts {
  public:
    struct Limits {
        /// Of the metadata of a request.
        std::size_t most_metadata_bytes = std::size_t{16} << 20;
        /// Of its bulk data that are held at once; the budget may have less.
        std::size_t most_bulk_bytes = std::size_t{256} << 20;
        std::size_t most_instances = 10'000;
        /// Of all URIs that its metadata name, as dicom::Limits::max_uri_bytes.
        std::size_t most_uri_bytes = std::size_t{4} << 20;
    };

    /// Longer than that of C-STORE: no client of HTTP counts an answer in seconds.
    static constexpr std::chrono::seconds kPatience{10};
    /// The budget must outlive this. Where others hold too much of it, so long is waited in all.
    MetadataParts(dicom::ByteBudget& budget, const Limits& limits,
                  std::chrono::milliseconds patience = kPatience)
        : holding_(budget, patience, kJoined), limits_(limits) {}

    [[nodiscard]] static bool are_metadata(const http::MediaType& media);

    /// The next part. Metadata need no location.
    void begin(http::MediaType media, const std::string& location);
    /// Throws Error: kInvalidInput where a limit is passed, kUnavailable where others hold too much
    /// of the budget. The part is over then.
    void more(ByteView bytes);
    /// Throws Error(kInvalidInput) for metadata that are none, and for bulk data that came already.
    void end();
    /// No more parts come: what is not whole fails, and so do bulk data that nobody names.
    void finish();

    /// What is held is wanted by others (ByteBudget). From any thread.
    [[nodiscard]] bool is_wanted() const { return holding_.is_wanted(); }

    /// Something was joined or failed that `next` has not given.
    [[nodiscard]] bool has_next() const { return !whole_.empty() || next_failure_.has_value(); }
    /// What became of the next. If it was joined, `take` gets a DICOM file, piece by piece.
    [[nodiscard]] Outcome next(const std::function<void(ByteView)>& take);

  private:
    /// What is joined is held, too, until it is sealed, as it is while it comes.
    static constexpr std::size_t kJoined = 2 * dicom::ByteBudget::kFreely;

    struct Part {
        http::MediaType media;
        std::string location;
        std::unique_ptr<dicom::SparseBuffer> bytes;
    };
    /// Under one location.
    struct Bulk {
        http::MediaType media;
        /// Its location named a frame.
        bool is_by_frames = false;
        /// Of the budget, beside the bytes of its pieces.
        std::size_t place_bytes = 0;
        /// By number; of most there is one.
        std::map<std::size_t, std::unique_ptr<dicom::SparseBuffer>> pieces;
    };
    struct Instance {
        std::optional<dicom::Metadata> metadata;
        std::size_t frames = 1;
        /// How many of its URIs.
        std::size_t missing = 0;
    };

    void take_metadata(const Part& part);
    [[noreturn]] void refuse_for_room() const;
    void take_bulk_data(Part part);
    void add(dicom::Metadata metadata);
    [[nodiscard]] static std::size_t pieces_of(const Instance& instance, const std::string& uri,
                                               const Bulk& bulk);
    [[nodiscard]] Outcome joined(std::size_t number, const std::function<void(ByteView)>& take);
    [[nodiscard]] dicom::BulkData bulk_data(const std::string& uri) const;
    [[nodiscard]] std::string what_is_missing(const Instance& instance) const;
    void find_next_failure();

    dicom::ByteBudget::Holding holding_;
    const Limits limits_;
    std::size_t metadata_bytes_ = 0;
    std::size_t uri_bytes_ = 0;
    std::size_t bulk_bytes_ = 0;
    Part part_;
    std::map<std::string, Bulk> bulk_;
    std::vector<Instance> instances_;
    /// Instances that are not whole, by the URIs that they name.
    std::map<std::string, std::set<std::size_t>> named_by_;
    std::deque<std::size_t> whole_;
    /// Once no more parts come. Of tens of thousands that fail one is put into words at a time.
    std::size_t failures_from_ = 0;
    std::optional<std::string> last_unnamed_;
    std::optional<Outcome> next_failure_;
};

}  // namespace lucerna::receive
