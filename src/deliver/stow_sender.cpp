#include "deliver/stow_sender.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/outgoing_http.h"
#include "base/random.h"
#include "deliver/stow_answer.h"

namespace lucerna::deliver {
namespace {

constexpr long kConnectSeconds = 10;
/// A service that takes less than this for a minute is given up for now.
constexpr long kSlowestBytesPerSecond = 100;
constexpr long kSlowSeconds = 60;
constexpr std::size_t kLongestAnswer = std::size_t{1} << 20;

/// What is sent: three things one after another, none of them copied as a whole.
struct Body {
    std::string head;
    const dicom::FileToSend& file;
    std::string tail;
    std::uint64_t at = 0;
    /// Why no more of it could be read.
    std::exception_ptr problem = {};

    [[nodiscard]] std::uint64_t size() const { return head.size() + file.size + tail.size(); }
    std::size_t read(std::span<std::uint8_t> into) {
        const std::size_t wanted = into.size();
        take(into, 0, head.size(), [&](std::uint64_t from, std::span<std::uint8_t> part) {
            copy(as_byte_view(head), from, part);
        });
        take(into, head.size(), file.size, [&](std::uint64_t from, std::span<std::uint8_t> part) {
            if (file.read)
                file.read(from, part);
            else
                copy(file.begin, from, part);
        });
        take(into, head.size() + file.size, tail.size(),
             [&](std::uint64_t from, std::span<std::uint8_t> part) {
                 copy(as_byte_view(tail), from, part);
             });
        return wanted - into.size();
    }

  private:
    static void copy(ByteView all, std::uint64_t from, std::span<std::uint8_t> part) {
        std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(from), part.size(), part.begin());
    }
    /// What is next of the part that lies at [begin, begin + length), if it is its turn.
    template <typename Give>
    void take(std::span<std::uint8_t>& into, std::uint64_t begin, std::uint64_t length,
              const Give& give) {
        if (at < begin || at >= begin + length || into.empty()) return;
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), begin + length - at));
        give(at - begin, into.first(count));
        into = into.subspan(count);
        at += count;
    }
};

std::size_t give(char* into, std::size_t size, std::size_t count, void* from) {
    auto& body = *static_cast<Body*>(from);
    try {
        return body.read({reinterpret_cast<std::uint8_t*>(into), size * count});
    } catch (...) {
        body.problem = std::current_exception();
        return CURL_READFUNC_ABORT;
    }
}

/// To begin anew: a connection that was kept since the last object may have been closed meanwhile.
int go_to(void* of, curl_off_t offset, int origin) {
    auto& body = *static_cast<Body*>(of);
    if (origin != SEEK_SET || offset < 0 || static_cast<std::uint64_t>(offset) > body.size())
        return CURL_SEEKFUNC_FAIL;
    body.at = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
}

std::size_t take(char* bytes, std::size_t size, std::size_t count, void* into) {
    auto& answer = *static_cast<std::string*>(into);
    if (answer.size() + size * count > kLongestAnswer) return 0;
    answer.append(bytes, size * count);
    return size * count;
}

int is_stopped(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

class StowSender final : public ObjectSender {
  public:
    StowSender(const Destination& destination, std::stop_token stop)
        : destination_(destination), stop_(std::move(stop)) {
        static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
        if (kReady == CURLE_OK) handle_.reset(curl_easy_init());
        if (!handle_) throw Error(ErrorCode::kInternal, "libcurl cannot be had");
    }

    dicom::SendOutcome store(const dicom::FileToSend& file) override {
        const std::string boundary = random_hex(32);
        Body body{"--" + boundary + "\r\nContent-Type: application/dicom\r\n\r\n", file,
                  "\r\n--" + boundary + "--\r\n"};
        std::string answer;
        const long status = post(body, boundary, answer);
        return stow_outcome(status, answer, dicom::split_part10(file.begin).head.sop_instance_uid);
    }

  private:
    long post(Body& body, const std::string& boundary, std::string& answer) {
        CURL* const curl = handle_.get();
        curl_easy_reset(curl);
        const auto headers = headers_for(boundary);
        send_straight_to(curl, destination_.url + "/studies", destination_.authorities);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
        curl_easy_setopt(curl, CURLOPT_READDATA, &body);
        curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, go_to);
        curl_easy_setopt(curl, CURLOPT_SEEKDATA, &body);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, kSlowestBytesPerSecond);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kSlowSeconds);
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_stopped);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &stop_);
        CURLcode code = curl_easy_perform(curl);
        if (code == CURLE_SEND_ERROR && !body.problem && was_kept()) {
            // libcurl begins anew where it reads of the end, not where it meets it while it sends.
            curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
            body.at = 0;
            answer.clear();
            code = curl_easy_perform(curl);
        }
        if (body.problem) std::rethrow_exception(body.problem);
        if (code != CURLE_OK)
            throw Error(ErrorCode::kUnavailable,
                        destination_.url + " can't be reached: " + curl_easy_strerror(code));
        long status = 0;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        curl_off_t sent = 0;
        curl_easy_getinfo(curl, CURLINFO_SIZE_UPLOAD_T, &sent);
        // Refused it may be unread, but not stored.
        if (status >= 200 && status < 300 && static_cast<std::uint64_t>(sent) < body.size())
            throw Error(ErrorCode::kUnavailable,
                        destination_.url + " answers with HTTP status " + std::to_string(status) +
                            " when it has taken " + std::to_string(sent) + " of " +
                            std::to_string(body.size()) + " bytes");
        return status;
    }

    /// Whether the last request went over the connection of one before it.
    [[nodiscard]] bool was_kept() const {
        long made = 0;
        curl_easy_getinfo(handle_.get(), CURLINFO_NUM_CONNECTS, &made);
        return made == 0;
    }

    [[nodiscard]] std::unique_ptr<curl_slist, EndCurl> headers_for(
        const std::string& boundary) const {
        const std::string type =
            "Content-Type: multipart/related; type=\"application/dicom\"; boundary=" + boundary;
        curl_slist* list = curl_slist_append(nullptr, type.c_str());
        list = curl_slist_append(list, "Accept: application/dicom+json");
        // The body is sent at once, not when the service has said that it may be.
        list = curl_slist_append(list, "Expect:");
        std::unique_ptr<curl_slist, EndCurl> headers(list);
        if (destination_.token_file.empty()) return headers;
        const std::string authorization = "Authorization: Bearer " + token();
        headers.reset(curl_slist_append(headers.release(), authorization.c_str()));
        return headers;
    }

    /// Read anew for each request, since agents renew it.
    [[nodiscard]] std::string token() const {
        try {
            const Bytes bytes = read_file(destination_.token_file);
            const std::string_view text = as_text(bytes);
            return std::string(text.substr(0, text.find_last_not_of(" \r\n") + 1));
        } catch (const Error& error) {
            throw Error(ErrorCode::kUnavailable, "the token for " + destination_.url, error);
        }
    }

    Destination destination_;
    std::stop_token stop_;
    std::unique_ptr<CURL, EndCurl> handle_;
};

}  // namespace

OpenSender stow_sender() {
    return [](const Destination& destination, std::span<const dicom::ObjectHead>,
              std::stop_token stop) {
        return std::make_unique<StowSender>(destination, std::move(stop));
    };
}

OpenSender sender_of_each() {
    return [dimse = dimse_sender(), stow = stow_sender()](const Destination& destination,
                                                          std::span<const dicom::ObjectHead> heads,
                                                          std::stop_token stop) {
        return destination.url.empty() ? dimse(destination, heads, std::move(stop))
                                       : stow(destination, heads, std::move(stop));
    };
}

}  // namespace lucerna::deliver
