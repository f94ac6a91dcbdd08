#include "kept_projects.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "kept_data.h"
#include "store/back_ends.h"
#include "store/s3.h"

namespace lucerna {
namespace {

/// `projects/NAME.json` in a bucket, beside `keys/` and `objects/`, and `projects/NAME/*.json`.
class ProjectBucket final : public deidentify::ProjectPlace {
  public:
    explicit ProjectBucket(const store::S3Options& options)
        : ProjectBucket(std::make_shared<store::S3>(options),
                        options.endpoint + "/" + options.bucket + "/" + options.prefix,
                        "projects/") {}

    [[nodiscard]] std::string read(const std::string& name) override {
        try {
            return bucket_->ask({.key = key(name)}).body;
        } catch (const Error& error) {
            if (error.code() == ErrorCode::kNotFound) return {};
            throw;
        }
    }
    void create(const std::string& name, const std::string& text) override {
        bucket_->create(key(name), as_byte_view(text));
    }
    void write(const std::string& name, const std::string& text) override {
        bucket_->ask({.method = "PUT", .key = key(name), .body = as_byte_view(text)});
    }
    void remove(const std::string& name) override {
        bucket_->ask({.method = "DELETE", .key = key(name)});
    }
    [[nodiscard]] std::vector<std::string> names() override {
        std::vector<std::string> all;
        bucket_->for_each(folder_, [&](const std::string& file) {
            if (file.ends_with(kEnding) && file.find('/') == std::string::npos)
                all.push_back(file.substr(0, file.size() - kEnding.size()));
        });
        std::sort(all.begin(), all.end());
        return all;
    }
    [[nodiscard]] std::vector<std::string> names_within() override {
        std::set<std::string> all;
        bucket_->for_each(folder_, [&](const std::string& file) {
            const std::size_t slash = file.find('/');
            if (slash != std::string::npos && file.ends_with(kEnding))
                all.insert(file.substr(0, slash));
        });
        return {all.begin(), all.end()};
    }
    [[nodiscard]] std::string called(const std::string& name) const override {
        return called_ + key(name);
    }

    [[nodiscard]] std::unique_ptr<ProjectPlace> within(const std::string& name) const override {
        return std::unique_ptr<ProjectPlace>(
            new ProjectBucket(bucket_, called_, folder_ + name + "/"));
    }

  private:
    ProjectBucket(std::shared_ptr<store::S3> bucket, std::string called, std::string folder)
        : bucket_(std::move(bucket)), called_(std::move(called)), folder_(std::move(folder)) {}

    static constexpr std::string_view kEnding = ".json";
    [[nodiscard]] std::string key(const std::string& name) const {
        return folder_ + name + std::string(kEnding);
    }

    /// Shared with those within.
    std::shared_ptr<store::S3> bucket_;
    std::string called_;
    std::string folder_;
};

}  // namespace

KeptProjects::KeptProjects(const ServeSettings& settings)
    : folder_(settings.data), place_(&folder_) {
    const store::StoreOptions options = store_options(settings);
    store::require_back_ends(options);
    if (!options.bucket) return;
    bucket_ = std::make_unique<ProjectBucket>(*options.bucket);
    place_ = bucket_.get();
}

deidentify::Project KeptProjects::open(const std::string& name, vault::KeyProvider& keys) {
    if (bucket_) deidentify::take_over_project(folder_, *bucket_, name, keys);
    return deidentify::open_project(*place_, name, keys);
}

void KeptProjects::gather(vault::KeyProvider& keys) {
    if (!bucket_) return;
    for (const std::string& name : deidentify::names_of_projects(folder_))
        deidentify::take_over_project(folder_, *bucket_, name, keys);
}

void KeptProjects::gather_what_goes(vault::KeyProvider& keys) {
    if (!bucket_) return;
    for (const std::string& name : deidentify::names_of_projects(folder_)) try {
            deidentify::take_over_project(folder_, *bucket_, name, keys);
        } catch (const Error& error) {
            if (error.code() == ErrorCode::kUnavailable) throw;
            log_event(LogLevel::kWarning, "deidentify.project-not-shared",
                      {{"project", name}, {"why", error.what()}});
        }
}

}  // namespace lucerna
