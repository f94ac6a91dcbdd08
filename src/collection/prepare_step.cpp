#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "collection/cache.h"
#include "collection/collection.h"
#include "collection/judged_records.h"
#include "collection/manifest.h"
#include "collection/prepared_image.h"

namespace lucerna::collection {
namespace {

namespace fs = std::filesystem;

/// Images that come from one place.
struct Source {
    std::vector<ImageRecord> records;
    /// Where `file` is relative to; empty: the archive.
    fs::path folder;
};

/// Manifests that name images of an archive.
std::vector<ImageRecord> archived_records(const fs::path& manifest, ImageArchive& archive) {
    const Bytes bytes = read_file(manifest);
    std::vector<ImageRecord> records = parse_manifest(as_text(bytes), manifest.filename().string());
    for (const ImageRecord& record : records)
        if (!archive.has_image(record.file))
            refuse_row(record, "the archive holds no image '" + record.file + "'");
    return records;
}

/// The query as a manifest that could have been: what the cache is named after.
std::string judged_sha256(const std::vector<ImageRecord>& records) {
    Sha256 hash;
    for (const ImageRecord& record : records) {
        hash.add(as_byte_view(record.file + "\n"));
        for (const Lesion& lesion : record.lesions)
            for (const double number :
                 {lesion.box.left, lesion.box.top, lesion.box.width, lesion.box.height})
                hash.add(as_byte_view(std::to_string(number) + "\n"));
    }
    return hash.finish();
}

class Preparation {
  public:
    Preparation(const PrepareOptions& options, const Progress& progress, ImageArchive* archive)
        : options_(options),
          progress_(progress),
          archive_(archive),
          contract_(mammography_contract(options.spacing_mm)),
          writer_(contract_, options.loss) {
        if (!(options.spacing_mm >= 0.03 && options.spacing_mm <= 4))
            throw Error(ErrorCode::kInvalidInput, "the spacing must be 0.03 to 4 mm");
        if (options.loss < 0 || options.loss > 15)
            throw Error(ErrorCode::kInvalidInput, "the loss must be 0 to 15 grey levels");
        if (options.manifests.empty() && !options.query)
            throw Error(ErrorCode::kInvalidInput, "neither a manifest nor a query was given");
        if (options.query && archive == nullptr)
            throw Error(ErrorCode::kInvalidInput, "a query needs an archive");
    }

    void run() {
        const std::vector<Source> sources = all_sources();
        for (const Source& source : sources)
            for (const ImageRecord& record : source.records) take(source, record);
        if (writer_.count() == 0)
            throw Error(ErrorCode::kInvalidInput, "no image could be prepared");
        const std::string names = hashes_.size() == 64 ? hashes_ : sha256(as_byte_view(hashes_));
        const Bytes bytes = writer_.finish(names, refused_);
        write_file(options_.cache, bytes);
        progress_("wrote " + std::to_string(bytes.size() / 1'000'000) + " MB with " +
                  std::to_string(writer_.count()) + " images, " + std::to_string(refused_.size()) +
                  " refused");
    }

  private:
    std::vector<Source> all_sources() {
        std::vector<Source> sources;
        for (const fs::path& manifest : options_.manifests) {
            if (archive_ != nullptr)
                sources.push_back({archived_records(manifest, *archive_), {}});
            else
                sources.push_back({read_manifest(manifest), folder_of(manifest)});
            hashes_ += sha256_of_file(manifest);
        }
        if (options_.query) {
            JudgedRecords judged = records_of(archive_->judged_exams(*options_.query));
            for (const std::string& reason : judged.left_out) progress_("left out " + reason);
            hashes_ += judged_sha256(judged.records);
            sources.push_back({std::move(judged.records), {}});
        }
        std::vector<std::vector<ImageRecord>> parts;
        for (const Source& source : sources) parts.push_back(source.records);
        total_ = joined(std::move(parts)).size();
        return sources;
    }

    static fs::path folder_of(const fs::path& manifest) {
        return manifest.has_parent_path() ? manifest.parent_path() : fs::path(".");
    }

    void take(const Source& source, const ImageRecord& record) {
        const Bytes file = source.folder.empty() ? archive_->image(record.file)
                                                 : read_file(source.folder / record.file);
        const auto prepared = prepare_image(
            record, file, {options_.row_spacing_mm, options_.column_spacing_mm}, contract_);
        if (const auto* refusal = std::get_if<exam::Refusal>(&prepared)) {
            refused_.push_back(record.file + ": " + refusal->what);
            progress_("refused " + refused_.back());
        } else {
            writer_.add(std::get<TrainingImage>(prepared));
        }
        if ((writer_.count() + refused_.size()) % 100 == 0)
            progress_("prepared " + std::to_string(writer_.count()) + " of " +
                      std::to_string(total_) + " images");
    }

    const PrepareOptions& options_;
    const Progress& progress_;
    ImageArchive* archive_;
    exam::InputContract contract_;
    CacheWriter writer_;
    std::vector<std::string> refused_;
    /// Of all manifests, one after another.
    std::string hashes_;
    std::size_t total_ = 0;
};

}  // namespace

void run_prepare(const PrepareOptions& options, const Progress& progress, ImageArchive* archive) {
    Preparation(options, progress, archive).run();
}

}  // namespace lucerna::collection
