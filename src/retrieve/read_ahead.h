#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/guarded.h"
#include "base/parts.h"
#include "dicom/file_to_send.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// When the damage of a large file is found.
enum class Checked {
    /// It is held, or read once more than it is sent: for who could take nothing else after an
    /// object that breaks off.
    kBeforeItIsSent,
    /// It breaks off at the damage: reading it throws, when its beginning has gone out.
    kWhileItIsSent,
};

/// Files that are sent one after another: while one thread sends, another may read what comes next.
/// Where none does, each is read when it is its turn.
class ReadAhead {
  public:
    /// One that was read. What is too large to be held was read once where damage must be found
    /// before it is sent, and is read again while it is: that takes no more time than so much
    /// memory does.
    struct File {
        /// All of it, or its beginning.
        Buffer bytes;
        /// Of one that is read while it is sent.
        std::unique_ptr<store::OpenedObject> opened;
        /// For so many bytes of it.
        std::shared_ptr<const void> room = {};
        std::size_t room_bytes = 0;
        std::string study_instance_uid = {};
        /// As FileToSend has it.
        decltype(dicom::FileToSend::in_syntax) in_syntax = {};

        [[nodiscard]] dicom::FileToSend to_send() const;
    };

    /// What is larger is not held, but read while it is sent; so is what there is no room for
    /// (held_bytes.h), because others who are slow to take theirs hold it.
    static constexpr std::uint64_t kMostHeld = 32 * 1024 * 1024;

    /// Which they are: the SOP Instance UID of each, from any thread.
    struct Objects {
        std::size_t count;
        std::function<std::string(std::size_t index)> uid_of;
    };
    /// The archive is borrowed.
    ReadAhead(store::Archive& archive, Objects objects, Checked checked,
              std::uint64_t most_held = kMostHeld);

    /// Before anything else, if at all: reads the first one, a large one in parts as `run` does
    /// them. Nobody has anything to send before that.
    void read_first(const RunParts& run);
    /// For the thread that sends: the file of object `index`, from 0 up and none left out, which is
    /// kept at this moment, as far as this process erases, and else was 100 ms ago. Throws what
    /// reading it threw; Error(kNotFound) where it was erased.
    [[nodiscard]] File take(std::size_t index);
    /// From the thread that sends: the file was sent, its memory is free.
    void give_back(File file);
    /// From the thread that sends: no more is taken.
    void end() { stop_.request_stop(); }

    /// For the other: reads until all are begun, or `end`. A few objects are held, but of those
    /// above 8 MiB no more than one beside that which is sent.
    void read();

  private:
    struct Read {
        File file{};
        std::exception_ptr problem{};
        /// What was read (InstanceRow::object), when it was looked for, and Archive::own_erasures
        /// before that.
        std::string object{};
        std::chrono::steady_clock::time_point looked_for{};
        std::uint64_t erasures = 0;
    };
    struct State {
        /// The first that nobody reads or has read.
        std::size_t next = 0;
        std::size_t taken = 0;
        std::map<std::size_t, Read> ready;
        std::size_t ready_bytes = 0;
        std::vector<File> spare;
        File large_spare;
    };
    /// In parts as `run` does them, if it is one.
    [[nodiscard]] Read read(std::size_t index, const RunParts* run) noexcept;
    void read_into(Read& read, std::size_t index, const RunParts* run);
    /// To be called before the row is asked for.
    void note_look(Read& read) const;
    [[nodiscard]] bool is_erased_since(Read& read, std::size_t index) const;
    [[nodiscard]] store::InstanceRow row_of(std::size_t index) const;
    /// With memory for all of it, or none.
    [[nodiscard]] File file_for(const store::InstanceRow& row);
    void read_beginning(const store::InstanceRow& row, File& file, const RunParts* run) const;
    [[nodiscard]] bool may_begin(const State& state) const;

    store::Archive& archive_;
    const Objects objects_;
    const Checked checked_;
    const std::uint64_t most_held_;
    std::stop_source stop_;
    Guarded<State> state_;
};

}  // namespace lucerna::retrieve
