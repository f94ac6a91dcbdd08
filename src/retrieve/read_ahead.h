#pragma once

#include <cstddef>
#include <exception>
#include <map>
#include <stop_token>
#include <vector>

#include "base/buffer.h"
#include "base/guarded.h"
#include "base/parts.h"
#include "dicom/part10_head.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// Files that are sent one after another: while one thread sends, another may read what comes next.
/// Where none does, each is read when it is its turn.
class ReadAhead {
  public:
    /// Both are borrowed.
    ReadAhead(store::Archive& archive, const std::vector<dicom::ObjectHead>& objects)
        : archive_(archive), objects_(objects) {}

    /// Before anything else, if at all: reads the first one, a large one in parts as `run` does
    /// them. Nobody has anything to send before that.
    void read_first(const RunParts& run);
    /// For the thread that sends: the file of object `index`, from 0 up and none left out. Throws
    /// what reading it threw.
    [[nodiscard]] Buffer take(std::size_t index);
    /// From the thread that sends: the file was sent, its memory is free.
    void give_back(Buffer file);
    /// From the thread that sends: no more is taken.
    void end() { stop_.request_stop(); }

    /// For the other: reads until all are begun, or `end`. A few objects are held, and of large
    /// ones no more than one but for that which is sent.
    void read();

  private:
    struct Read {
        Buffer file;
        std::exception_ptr problem;
    };
    struct State {
        /// The first that nobody reads or has read.
        std::size_t next = 0;
        std::size_t taken = 0;
        std::map<std::size_t, Read> ready;
        std::size_t ready_bytes = 0;
        std::vector<Buffer> spare;
    };
    [[nodiscard]] Read read(std::size_t index) noexcept;
    [[nodiscard]] store::InstanceRow row_of(std::size_t index) const;
    [[nodiscard]] bool may_begin(const State& state) const;

    store::Archive& archive_;
    const std::vector<dicom::ObjectHead>& objects_;
    std::stop_source stop_;
    Guarded<State> state_;
};

}  // namespace lucerna::retrieve
