#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace lucerna::store {

/// A prepared statement of one back end: the port behind Statement. Parameters count from 1,
/// columns from 0.
class StatementPort {
  public:
    virtual ~StatementPort() = default;
    virtual void bind(int parameter, std::int64_t value) = 0;
    virtual void bind(int parameter, double value) = 0;
    virtual void bind(int parameter, std::string_view text) = 0;
    virtual void bind_null(int parameter) = 0;
    [[nodiscard]] virtual bool step() = 0;
    [[nodiscard]] virtual bool is_null(int column) const = 0;
    [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
    [[nodiscard]] virtual double number(int column) const = 0;
    [[nodiscard]] virtual std::string text(int column) const = 0;
};

/// A prepared statement on loan from its connection, which keeps it for the next time. Parameters
/// are bound in order; a text is copied.
class Statement {
  public:
    explicit Statement(std::unique_ptr<StatementPort> port) : port_(std::move(port)) {}

    Statement& bind(std::int64_t value) {
        port_->bind(++bound_, value);
        return *this;
    }
    Statement& bind(int value) { return bind(static_cast<std::int64_t>(value)); }
    Statement& bind(double value) {
        port_->bind(++bound_, value);
        return *this;
    }
    Statement& bind(std::string_view text) {
        port_->bind(++bound_, text);
        return *this;
    }
    Statement& bind(const std::string& text) { return bind(std::string_view(text)); }
    Statement& bind(const char* text) { return bind(std::string_view(text)); }
    Statement& bind(Instant instant) {
        return bind(static_cast<std::int64_t>(instant.time_since_epoch().count()));
    }
    Statement& bind_null() {
        port_->bind_null(++bound_);
        return *this;
    }

    /// True when there is a row to look at.
    [[nodiscard]] bool step() { return port_->step(); }
    /// For statements without rows.
    void run() {
        while (step()) {
        }
    }

    [[nodiscard]] bool is_null(int column) const { return port_->is_null(column); }
    [[nodiscard]] std::int64_t integer(int column) const { return port_->integer(column); }
    [[nodiscard]] int small(int column) const { return static_cast<int>(integer(column)); }
    [[nodiscard]] double number(int column) const { return port_->number(column); }
    [[nodiscard]] std::string text(int column) const { return port_->text(column); }
    [[nodiscard]] Instant instant(int column) const {
        return Instant(std::chrono::milliseconds(integer(column)));
    }

  private:
    std::unique_ptr<StatementPort> port_;
    int bound_ = 0;
};

/// One connection to the index, whatever keeps it. Used by one thread at a time. Statements are
/// written once, in SQLite's words where the back ends differ; postgres_dialect.h says which those
/// are. Errors of the back end become Error: kOutOfSpace, kCorrupt, kConflict (a constraint),
/// kUnavailable, kInvalidInput (a value it cannot hold), kIo.
class Connection {
  public:
    Connection() = default;
    virtual ~Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Each text is compiled once; do not build texts with values in them.
    [[nodiscard]] virtual Statement prepare(std::string_view sql) = 0;
    /// One or more statements without parameters.
    virtual void execute(const char* sql) = 0;
    [[nodiscard]] virtual std::int64_t last_row() const = 0;
    [[nodiscard]] virtual std::int64_t changes() const = 0;
    [[nodiscard]] virtual bool in_transaction() const = 0;
    /// Nothing can be done with it any more.
    [[nodiscard]] virtual bool is_lost() const { return false; }

    /// The first value of the first row; 0 where there is none.
    [[nodiscard]] std::int64_t number(std::string_view sql) {
        Statement statement = prepare(sql);
        return statement.step() ? statement.integer(0) : 0;
    }
};

}  // namespace lucerna::store
