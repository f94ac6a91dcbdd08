#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/guarded.h"
#include "store/index_source.h"
#include "store/postgres_waits.h"

namespace lucerna::store {

/// The index in a schema of a PostgreSQL database (docs/decisions/several-processes.md). Writers
/// take turns by an advisory lock, so that a transaction sees what one on SQLite would. A process
/// is a row of `processes` and an advisory lock of its session, which ends with it.
class PostgresIndex final : public IndexSource {
  public:
    enum class Others {
        /// The objects are this process's alone, so the index is too.
        kRefused,
        kWelcome
    };
    struct Waits {
        /// Of a statement of what is neither long nor due. Nothing: of one that writes as of a long
        /// one, of one that reads as long as it takes.
        std::optional<std::chrono::milliseconds> longest_statement = {};
        /// As of PostgresWaits.
        std::function<bool()> is_stopping = {};
    };
    /// `renamed` hears the name of this process, again where it was taken for dead.
    PostgresIndex(std::string address, Others others,
                  std::function<void(const std::string&)> renamed, Waits waits);

    /// Throws Error: kUnavailable (not reached; in use by a process that must be alone),
    /// kUnsupported (of a newer version).
    [[nodiscard]] std::unique_ptr<Connection> open_writer(const Patience& patience) override;
    [[nodiscard]] std::unique_ptr<Connection> open_reader(const Patience& patience) override;
    /// With the one that writes, three processes and what an operator opens fit into the 100 that
    /// PostgreSQL takes by default.
    [[nodiscard]] std::size_t most_readers() const override { return 24; }
    void begin_writing(Connection& writer, const Patience& patience) override;
    [[nodiscard]] std::optional<std::chrono::milliseconds> patience() const override;
    void begin_reading(Connection& reader, const Patience& patience) override;
    void close(Connection& writer) override;
    [[nodiscard]] std::string process() const override;
    [[nodiscard]] bool is_alive(Connection& writer, const std::string& process) override;
    [[nodiscard]] bool exclude_others(Connection& writer) override;
    void share(Connection& writer) override;

  private:
    void prepare_schema(Connection& writer);
    void take_place(Connection& writer) const;
    void take_all_places(Connection& writer);
    void enter(Connection& writer);

    std::string address_;
    Others others_;
    std::function<void(const std::string&)> renamed_;
    std::optional<std::chrono::milliseconds> longest_statement_;
    std::shared_ptr<PostgresWaits> waits_;
    Guarded<std::string> process_;
};

}  // namespace lucerna::store
