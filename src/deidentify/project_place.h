#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace lucerna::deidentify {

/// Where the secrets of projects lie, wrapped: a small text for each name of one. Whoever keeps
/// them elsewhere than in a data folder gives one of these. What it is asked for throws Error: kIo,
/// kOutOfSpace, kUnavailable.
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
    /// For messages: where that one is.
    [[nodiscard]] virtual std::string called(const std::string& name) const = 0;
};

/// `projects/NAME.json` in a data folder.
class ProjectFolder final : public ProjectPlace {
  public:
    explicit ProjectFolder(std::filesystem::path data_folder)
        : data_folder_(std::move(data_folder)) {}

    [[nodiscard]] std::string read(const std::string& name) override;
    void create(const std::string& name, const std::string& text) override;
    void write(const std::string& name, const std::string& text) override;
    void remove(const std::string& name) override;
    [[nodiscard]] std::vector<std::string> names() override;
    [[nodiscard]] std::string called(const std::string& name) const override;

  private:
    [[nodiscard]] std::filesystem::path path_of(const std::string& name) const;

    std::filesystem::path data_folder_;
};

}  // namespace lucerna::deidentify
