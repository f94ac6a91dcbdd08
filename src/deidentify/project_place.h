#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lucerna::deidentify {

/// Where the secrets of projects lie, wrapped, and what each of them has given out: small texts by
/// their names. Whoever keeps them elsewhere than in a data folder gives one of these. Safe from
/// several threads. What it is asked for throws Error: kIo, kOutOfSpace, kUnavailable.
class ProjectPlace {
  public:
    virtual ~ProjectPlace() = default;
    /// Empty where there is none.
    [[nodiscard]] virtual std::string read(const std::string& name) = 0;
    /// Only where there is none: whoever creates one at the same time, the first one's stays.
    /// Durable on return.
    virtual void create(const std::string& name, const std::string& text) = 0;
    /// Replaces it whole, durably.
    virtual void write(const std::string& name, const std::string& text) = 0;
    virtual void remove(const std::string& name) = 0;
    /// In their order.
    [[nodiscard]] virtual std::vector<std::string> names() = 0;
    /// Of the projects that have texts within, in their order.
    [[nodiscard]] virtual std::vector<std::string> names_within() = 0;
    /// For messages: where that one is.
    [[nodiscard]] virtual std::string called(const std::string& name) const = 0;
    /// For texts of that project alone.
    [[nodiscard]] virtual std::unique_ptr<ProjectPlace> within(const std::string& name) const = 0;
};

/// `projects/NAME.json` in a data folder, and `projects/NAME/*.json`.
class ProjectFolder final : public ProjectPlace {
  public:
    explicit ProjectFolder(const std::filesystem::path& data_folder)
        : folder_(data_folder / "projects") {}

    [[nodiscard]] std::string read(const std::string& name) override;
    void create(const std::string& name, const std::string& text) override;
    void write(const std::string& name, const std::string& text) override;
    void remove(const std::string& name) override;
    [[nodiscard]] std::vector<std::string> names() override;
    [[nodiscard]] std::vector<std::string> names_within() override;
    [[nodiscard]] std::string called(const std::string& name) const override;
    [[nodiscard]] std::unique_ptr<ProjectPlace> within(const std::string& name) const override;

  private:
    struct Whole {
        std::filesystem::path folder;
    };
    explicit ProjectFolder(Whole whole) : folder_(std::move(whole.folder)) {}
    [[nodiscard]] std::filesystem::path path_of(const std::string& name) const;

    std::filesystem::path folder_;
};

}  // namespace lucerna::deidentify
