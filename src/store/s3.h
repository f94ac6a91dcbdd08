#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/guarded.h"
#include "store/s3_signature.h"

namespace lucerna::store {

struct S3Failure;

struct S3Options {
    /// "https://s3.example:9000": scheme, host and port, no path.
    std::string endpoint;
    std::string bucket;
    std::string region = "us-east-1";
    /// Before every key: "lucerna/"; may be empty.
    std::string prefix;
    S3Credentials credentials;
    /// PEM file of the authorities that may vouch for the server; empty: those of the system.
    std::filesystem::path authorities = {};
    /// Of one attempt: to connect, and without a byte moving, but to complete an upload in parts.
    std::chrono::seconds connect{5};
    std::chrono::seconds stall{20};
    /// The whole of one attempt beside what its bytes may take, however slowly they move: a second
    /// for each 32 KiB, and half a minute for what is asked for without a range. To complete an
    /// upload in parts it is a minute at least. Where an answer is due (AnswerDue) any other ends
    /// by then, but has two seconds of its own; only bytes that are named have their time beside.
    std::chrono::seconds whole{25};
    /// Attempts at one request, the pause between them doubling from `pause` on.
    int tries = 5;
    std::chrono::milliseconds pause{100};
    /// None begins when so long has gone since the first, where an answer is due as long as `whole`
    /// has then: one that stalled may have met a connection that was dead, and is tried again,
    /// while whoever asks still waits for a refusal.
    std::chrono::milliseconds patience = std::chrono::seconds(30);
    /// Within which one that found no object has made it.
    std::chrono::milliseconds settling = std::chrono::seconds(5);
};

/// Keys from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or, where `file` is
/// given, from its lines "access_key VALUE" and "secret_key VALUE". Throws Error(kInvalidInput).
[[nodiscard]] S3Credentials s3_credentials(const std::filesystem::path& file);

/// One bucket of a service that speaks the S3 API, addressed by path. Requests are signed, body
/// included (SigV4), and repeated where the service or the way to it failed: each of them may be
/// done twice. Safe from several threads.
class S3 {
  public:
    struct Request {
        std::string method = "GET";
        /// After the prefix.
        std::string key = {};
        std::map<std::string, std::string> query = {};
        ByteView body = {};
        /// First and last byte; both 0: the whole.
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        /// Of a PUT where there is an object of that key. A service that does not know conditions
        /// replaces it.
        enum class Existing { kReplaced, kStays } existing = Existing::kReplaced;
    };
    /// Which bytes of an object these are: the first and the last one, and how many it has.
    struct Span {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        std::uint64_t whole = 0;
    };
    struct Answer {
        long status = 0;
        std::string body;
        std::string etag;
        /// Where a range was asked for, and is given.
        std::optional<Span> span;
        /// For people to read: no service with the S3 API gives one.
        bool is_page = false;
    };

    /// Makes the bucket where there is none. Throws Error as `ask`.
    explicit S3(S3Options options);
    ~S3();
    S3(const S3&) = delete;
    S3& operator=(const S3&) = delete;

    /// An answer 416 (an object has not the bytes of the range) is one too: without a body. What
    /// says success and does not show it is none (s3_answer.h). Throws Error: kNotFound (404, twice
    /// where an object is looked for or removed), kConflict (there is one, and it stays),
    /// kOutOfSpace (a quota is used up), kUnsupported (501), kUnavailable (anything else that is
    /// not a success, and what cannot be reached, or not until an answer is due), each naming
    /// service, key and code.
    Answer ask(const Request& request);

    /// Makes a small object where there is none of that key: of several that do so at once, all
    /// read the same afterwards, which a moment's wait is for where the service knows no
    /// conditions.
    void create(const std::string& key, ByteView body);

    /// Every key that begins with `prefix`, which is after the options' own; without both. Throws
    /// Error(kUnavailable) where that is not a whole listing, after some were visited.
    void for_each(const std::string& prefix, const std::function<void(const std::string&)>& visit);

    /// Every upload in parts that is neither completed nor ended, of keys as above.
    void for_each_upload(
        const std::string& prefix,
        const std::function<void(const std::string& key, const std::string& upload_id)>& visit);

  private:
    struct Line;
    struct Lines;
    using Time = std::chrono::steady_clock::time_point;
    [[nodiscard]] Time end_of_attempt(const Request& request) const;
    Answer attempt(const Request& request, Time end);
    [[nodiscard]] std::optional<S3Failure> failure_of_attempt(const Request& request,
                                                              Answer& answer);
    [[nodiscard]] std::optional<S3Failure> failure_to_remove(const Request& request);
    [[nodiscard]] std::vector<std::string> headers_for(const Request& request) const;
    [[nodiscard]] std::string path_of(const Request& request) const;

    S3Options options_;
    SystemClock clock_;
    std::unique_ptr<Lines> lines_;
    /// Has shown that it does.
    std::atomic<bool> knows_conditions_ = false;
};

/// The text of each <name> in an answer, as it stands in S3's XML, entities resolved.
[[nodiscard]] std::vector<std::string> xml_texts(const std::string& xml, const std::string& name);

}  // namespace lucerna::store
