#include "store/object_bucket.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/split.h"
#include "store/fetched_ahead.h"
#include "store/s3_keys.h"

namespace lucerna::store {
namespace {

/// Of an upload in parts; S3 wants at least 5 MiB.
constexpr std::size_t kPartBytes = std::size_t{8} << 20;
/// Of what is fetched ahead.
constexpr std::size_t kFirstWindow = std::size_t{256} << 10;
constexpr std::size_t kWidestWindow = std::size_t{4} << 20;
/// Whatever others have: the first chunk of a sealed object with what stands before it.
constexpr std::size_t kFreely = std::size_t{66} << 10;

/// Of a record: most are far smaller.
constexpr std::uint64_t kOfARecord = 4 << 10;
constexpr std::uint64_t kLargestRecord = 1 << 20;

/// Names are drawn by the archive; this holds whatever a defect elsewhere may pass.
const std::string& checked(const std::string& name) {
    if (!is_object_name(name)) throw Error(ErrorCode::kInternal, "not the name of an object");
    return name;
}

std::string place(const std::string& name) {
    return "objects/" + checked(name).substr(0, 2) + "/" + name;
}

constexpr long long kSweptSeconds = 3600;

long long seconds_now() {
    return SystemClock().now().time_since_epoch() / std::chrono::seconds(1);
}

std::string last_part(const std::string& key) {
    return key.substr(key.rfind('/') + 1);
}

bool is_there(S3& bucket, const std::string& key) {
    try {
        bucket.ask({.method = "HEAD", .key = key});
        return true;
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kNotFound) return false;
        throw;
    }
}

/// Small ones in one request; others in parts, so that no more than one is in memory.
class BucketWriter final : public ObjectWriter {
  public:
    BucketWriter(S3& bucket, std::string key, std::function<void()> drop)
        : bucket_(bucket), key_(std::move(key)), drop_(std::move(drop)) {}
    ~BucketWriter() override {
        if (finished_) return;
        if (is_left_) {
            log_event(LogLevel::kWarning, "store.leftover-object",
                      {{"object", last_part(key_)}, {"why", "the object store did not answer"}});
            return;
        }
        try {
            if (!upload_.empty())
                bucket_.ask({.method = "DELETE", .key = key_, .query = {{"uploadId", upload_}}});
            // What got no answer may arrive yet: then the marker stays, for `recover`.
            if (sending_)
                bucket_.ask({.method = "DELETE", .key = key_});
            else
                drop_();
        } catch (const std::exception& error) {
            log_event(LogLevel::kWarning, "store.leftover-object",
                      {{"object", last_part(key_)}, {"why", error.what()}});
        }
    }
    BucketWriter(const BucketWriter&) = delete;
    BucketWriter& operator=(const BucketWriter&) = delete;

    /// Where the service did not answer, cleaning up would keep whoever asks waiting as long again,
    /// each time: what is there already is left to `recover`.
    template <typename Work>
    void ask(Work&& work) {
        try {
            std::forward<Work>(work)();
        } catch (const Error& error) {
            is_left_ = error.code() == ErrorCode::kUnavailable;
            throw;
        }
    }

    void append(ByteView bytes) override {
        buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
        if (buffer_.size() >= kPartBytes) ask([&] { send_part(); });
    }

    void finish() override {
        sending_ = true;
        ask([&] {
            if (upload_.empty()) {
                bucket_.ask({.method = "PUT", .key = key_, .body = buffer_});
                return;
            }
            if (!buffer_.empty()) send_part();
            complete();
        });
        finished_ = true;
    }

  private:
    void send_part() {
        if (upload_.empty()) {
            const auto answer =
                bucket_.ask({.method = "POST", .key = key_, .query = {{"uploads", ""}}});
            const auto ids = xml_texts(answer.body, "UploadId");
            if (ids.empty())
                throw Error(ErrorCode::kUnavailable, "the object store began no upload");
            upload_ = ids.front();
        }
        const std::string number = std::to_string(parts_.size() + 1);
        const auto answer = bucket_.ask({.method = "PUT",
                                         .key = key_,
                                         .query = {{"partNumber", number}, {"uploadId", upload_}},
                                         .body = buffer_});
        parts_.push_back(answer.etag);
        buffer_.clear();
    }

    void complete() {
        std::string list = "<CompleteMultipartUpload>";
        for (std::size_t i = 0; i < parts_.size(); ++i)
            list += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>" +
                    parts_[i] + "</ETag></Part>";
        list += "</CompleteMultipartUpload>";
        try {
            bucket_.ask({.method = "POST",
                         .key = key_,
                         .query = {{"uploadId", upload_}},
                         .body = as_byte_view(list)});
        } catch (const Error& error) {
            // A second try finds no upload where the first was done and its answer lost.
            if (error.code() != ErrorCode::kNotFound || !is_there(bucket_, key_)) throw;
        }
    }

    S3& bucket_;
    std::string key_;
    std::function<void()> drop_;
    bool is_left_ = false;
    Bytes buffer_;
    std::string upload_;
    std::vector<std::string> parts_;
    bool sending_ = false;
    bool finished_ = false;
};

/// Fetches a little at first, more at a time where it is read on, and a little again after a leap.
class BucketReader final : public ObjectReader {
  public:
    BucketReader(S3& bucket, std::string key) : bucket_(bucket), key_(std::move(key)) {
        fetch(0, kFreely);
    }

    [[nodiscard]] std::uint64_t size() const override { return size_; }

    std::size_t read(std::uint64_t offset, std::span<std::uint8_t> into) override {
        std::size_t done = 0;
        while (done < into.size() && offset + done < size_) {
            const std::uint64_t at = offset + done;
            if (at < begin_ || at >= begin_ + window_.size()) {
                width_ = at == end_ ? std::min(width_ * 2, kWidestWindow) : kFirstWindow;
                fetch(at, into.size() - done);
            }
            const auto skip = static_cast<std::size_t>(at - begin_);
            const std::size_t some = std::min(window_.size() - skip, into.size() - done);
            std::copy_n(window_.begin() + static_cast<std::ptrdiff_t>(skip), some,
                        into.begin() + static_cast<std::ptrdiff_t>(done));
            done += some;
            // Who reads all of it at once, or as much as is fetched, holds nothing until the next.
            if (skip + some == window_.size()) let_go();
        }
        return done;
    }

    void read_anew() override { let_go(); }

  private:
    void let_go() {
        // Assigning an empty one would keep the memory.
        std::string().swap(window_);
        room_.reset();
    }

    /// At least `wanted` bytes, or those there are, and more where there is room for that: before
    /// it is asked for, as the object store may take its time.
    void fetch(std::uint64_t begin, std::size_t wanted) {
        let_go();
        std::size_t length = std::max(width_, wanted);
        if (is_known_)
            length = static_cast<std::size_t>(std::min<std::uint64_t>(length, size_ - begin));
        if (length > kFreely && !(room_ = room_ahead(length))) length = wanted;
        S3::Answer answer = bytes_of(begin, length);
        const std::uint64_t size = size_in(answer);
        size_ = size;
        is_known_ = true;
        // An empty object, which is none of ours: whoever reads it finds that.
        if (size == 0) return;
        begin_ = answer.status == 200 ? 0 : begin;
        window_ = std::move(answer.body);
        end_ = begin_ + window_.size();
        if (window_.empty() || begin >= begin_ + window_.size())
            throw Error(ErrorCode::kIo, "the object store gave no bytes of " + key_);
    }

    /// An object has one size as long as it is there.
    S3::Answer bytes_of(std::uint64_t begin, std::size_t length) {
        const S3::Request request{.key = key_, .first = begin, .last = begin + length - 1};
        for (const bool is_last : {false, true}) {
            S3::Answer answer = bucket_.ask(request);
            if (!is_known_ || size_in(answer) == size_) return answer;
            const std::string what = key_ + " had " + std::to_string(size_) + " bytes, and has " +
                                     std::to_string(size_in(answer));
            if (is_last) throw Error(ErrorCode::kCorrupt, what);
            log_event(LogLevel::kWarning, "store.read-again",
                      {{"object", last_part(key_)}, {"why", what}});
        }
        throw Error(ErrorCode::kInternal, "there is no third time");
    }

    /// Whoever does not know ranges sends the whole.
    static std::uint64_t size_in(const S3::Answer& answer) {
        return answer.span ? answer.span->whole : answer.body.size();
    }

    S3& bucket_;
    std::string key_;
    std::string window_;
    /// For it.
    std::shared_ptr<const void> room_;
    std::uint64_t begin_ = 0;
    /// Behind what was fetched last.
    std::uint64_t end_ = 0;
    std::uint64_t size_ = 0;
    bool is_known_ = false;
    std::size_t width_ = kFirstWindow;
};

std::string writer_in(const std::string& marker) {
    return marker.substr(0, marker.find('/'));
}

}  // namespace

ObjectBucket::ObjectBucket(std::shared_ptr<S3> bucket)
    : bucket_(std::move(bucket)), pending_(bucket_, "pending/") {}

void ObjectBucket::write_as(const std::string& writer) {
    pending_.write_as(writer);
}

std::unique_ptr<ObjectWriter> ObjectBucket::create(const std::string& name) {
    std::string key = place(name);
    const std::string marker = pending_.take(name);
    auto writer =
        std::make_unique<BucketWriter>(*bucket_, std::move(key), [this, name] { remove(name); });
    writer->ask([&] { bucket_->ask({.method = "PUT", .key = marker}); });
    return writer;
}

void ObjectBucket::publish(const std::string& name) {
    pending_.drop(name);
}

std::unique_ptr<ObjectReader> ObjectBucket::open(const std::string& name) {
    return std::make_unique<BucketReader>(*bucket_, place(name));
}

void ObjectBucket::remove(const std::string& name) {
    remove_key(*bucket_, place(name));
    publish(name);
}

void ObjectBucket::for_each(const std::function<void(const std::string& name)>& visit) {
    bucket_->for_each("objects/", [&](const std::string& key) {
        if (const std::string name = last_part(key); is_object_name(name)) visit(name);
    });
}

std::vector<std::pair<std::string, std::string>> ObjectBucket::uploads() {
    std::vector<std::pair<std::string, std::string>> begun;
    bucket_->for_each_upload("objects/", [&](const std::string& key, const std::string& id) {
        if (const std::string name = last_part(key); is_object_name(name))
            begun.emplace_back(name, id);
    });
    return begun;
}

/// What was sent of objects that were never finished, or were finished by a second upload, lies in
/// the bucket unseen, and is paid for.
void ObjectBucket::end_upload(const std::string& name, const std::string& id) {
    try {
        bucket_->ask({.method = "DELETE", .key = place(name), .query = {{"uploadId", id}}});
    } catch (const Error& error) {
        // It was completed, or somebody else ended it.
        if (error.code() != ErrorCode::kNotFound) throw;
    }
}

/// What a process sent in its last moment may arrive after its object was removed: it is removed
/// again at each recovery within the hour.
void ObjectBucket::sweep_again(const std::function<bool(const std::string& name)>& known) {
    std::vector<std::string> swept;
    bucket_->for_each("swept/", [&](const std::string& key) {
        if (is_object_name(last_part(key))) swept.push_back(key);
    });
    for (const std::string& key : swept) {
        if (const std::string name = last_part(key); !known(name)) remove(name);
        const long long when = std::strtoll(key.c_str(), nullptr, 10);
        if (seconds_now() - when > kSweptSeconds) remove_key(*bucket_, "swept/" + key);
    }
}

void ObjectBucket::note_erased(std::span<const std::string> names) {
    if (names.empty()) return;
    std::string list;
    for (const std::string& name : names) list += checked(name) + "\n";
    bucket_->ask({.method = "PUT",
                  .key = "erased/" + std::to_string(seconds_now()) + "/" +
                         vault::to_text(vault::random_id()),
                  .body = as_byte_view(list)});
}

std::size_t ObjectBucket::remove_late(const std::function<bool(const std::string& name)>& known,
                                      const std::function<bool()>& goes_on) {
    std::vector<std::string> lists;
    bucket_->for_each("erased/", [&](const std::string& key) {
        if (seconds_now() - std::strtoll(key.c_str(), nullptr, 10) > kSweptSeconds)
            lists.push_back("erased/" + key);
    });
    std::size_t removed = 0;
    for (const std::string& list : lists) {
        std::string body;
        try {
            body = bucket_->ask({.key = list}).body;
        } catch (const Error& error) {
            // Another process was through with it.
            if (error.code() != ErrorCode::kNotFound) throw;
            continue;
        }
        for (const std::string_view line : split(body, "\n")) {
            if (!goes_on()) return removed;
            const std::string name(line);
            if (!is_object_name(name) || !is_there(*bucket_, place(name)) || known(name)) continue;
            remove(name);
            ++removed;
        }
        remove_key(*bucket_, list);
    }
    return removed;
}

std::set<std::string> ObjectBucket::unpublished() {
    std::set<std::string> names;
    bucket_->for_each("pending/", [&](const std::string& key) {
        if (const std::string name = last_part(key); is_object_name(name)) names.insert(name);
    });
    return names;
}

Objects::Recovered ObjectBucket::recover(
    const std::function<bool(const std::string& name)>& known,
    const std::function<bool(const std::string& writer)>& alive) {
    // Before the markers: an upload has had one from before it began until it was completed.
    const auto begun = uploads();
    std::vector<std::string> markers;
    std::set<std::string> in_hand;
    bucket_->for_each("pending/", [&](const std::string& key) {
        const std::string name = last_part(key);
        if (!is_object_name(name)) return;
        if (alive(writer_in(key)))
            in_hand.insert(name);
        else
            markers.push_back(key);
    });
    sweep_again(known);
    std::set<std::string> removed;
    for (const std::string& marker : markers)
        if (const std::string name = last_part(marker); !known(name)) removed.insert(name);
    for (const auto& [name, id] : begun)
        if (!in_hand.contains(name)) end_upload(name, id);
    for (const std::string& name : removed) remove(name);
    // Until they are noted there are their markers; and now there is room for that.
    try {
        const std::string now = std::to_string(seconds_now());
        for (const std::string& name : removed)
            bucket_->ask({.method = "PUT", .key = "swept/" + now + "/" + name});
    } catch (const Error& error) {
        // A server that does not start makes no room.
        if (error.code() != ErrorCode::kOutOfSpace) throw;
        log_event(LogLevel::kWarning, "store.removal-not-noted",
                  {{"objects", removed.size()}, {"why", error.what()}});
    }
    for (const std::string& marker : markers) remove_key(*bucket_, "pending/" + marker);
    return {removed.size(), 0};
}

void ObjectBucket::for_each_stray(const std::function<void(const std::string& place)>& visit) {
    bucket_->for_each("objects/", [&](const std::string& key) {
        const std::string name = last_part(key);
        if (!is_object_name(name) || "objects/" + key != place(name)) visit("objects/" + key);
    });
}

RecordBucket::RecordBucket(std::shared_ptr<S3> bucket)
    : bucket_(std::move(bucket)), pending_(bucket_, "pending-keys/") {}

void RecordBucket::write_as(const std::string& writer) {
    pending_.write_as(writer);
}

void RecordBucket::write_new(const std::string& name, ByteView bytes) {
    bucket_->ask({.method = "PUT", .key = pending_.take(checked(name))});
    write(name, bytes);
}

void RecordBucket::publish(const std::string& name) {
    pending_.drop(name);
}

void RecordBucket::recover(const std::function<bool(const std::string& name)>& known,
                           const std::function<bool(const std::string& writer)>& alive) {
    std::vector<std::string> markers;
    bucket_->for_each("pending-keys/", [&](const std::string& key) {
        if (is_object_name(last_part(key)) && !alive(writer_in(key))) markers.push_back(key);
    });
    for (const std::string& marker : markers) {
        if (const std::string name = last_part(marker); !known(name)) remove(name);
        remove_key(*bucket_, "pending-keys/" + marker);
    }
}

void RecordBucket::write(const std::string& name, ByteView bytes) {
    bucket_->ask({.method = "PUT", .key = "keys/" + checked(name), .body = bytes});
}

Bytes RecordBucket::read(const std::string& name) {
    const std::string key = "keys/" + checked(name);
    // One that is larger is asked for as a whole: it may be replaced meanwhile.
    for (std::uint64_t most = kOfARecord;;) {
        const S3::Answer answer = bucket_->ask({.key = key, .last = most - 1});
        if (!answer.span || answer.span->whole <= most)
            return {answer.body.begin(), answer.body.end()};
        const std::uint64_t whole = answer.span->whole;
        // One answer may say what is not so.
        if (most == kLargestRecord)
            throw Error(ErrorCode::kCorrupt,
                        key + " has " + std::to_string(whole) + " bytes, as no record does");
        most = std::min(whole, kLargestRecord);
    }
}

void RecordBucket::remove(const std::string& name) {
    remove_key(*bucket_, "keys/" + checked(name));
    publish(name);
}

void RecordBucket::for_each(const std::function<void(const std::string& name)>& visit) {
    bucket_->for_each("keys/", [&](const std::string& key) {
        if (is_object_name(key)) visit(key);
    });
}

std::set<std::string> RecordBucket::unpublished() {
    std::set<std::string> names;
    bucket_->for_each("pending-keys/", [&](const std::string& key) {
        if (const std::string name = last_part(key); is_object_name(name)) names.insert(name);
    });
    return names;
}

void RecordBucket::for_each_stray(const std::function<void(const std::string& place)>& visit) {
    bucket_->for_each("keys/", [&](const std::string& key) {
        if (!is_object_name(key)) visit("keys/" + key);
    });
}

}  // namespace lucerna::store
