#include "receive/stow.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/current_peer.h"
#include "base/error.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/outside_wait.h"
#include "dicom/arriving_file.h"
#include "dicom/data_set.h"
#include "dicom/dimse_status.h"
#include "dicom/part10_head.h"
#include "dicom/storage_class.h"
#include "dicom/uids.h"
#include "http/media_type.h"
#include "receive/metadata_parts.h"
#include "receive/store_response.h"

namespace lucerna::receive {
namespace {

constexpr const char* kDicom = "application/dicom";

/// Parts of a request that are kept at once.
constexpr std::size_t kAtOnce = 10;
/// Of a request, that have a line of the log to themselves.
constexpr std::size_t kMostFailuresLogged = 100;
/// Of a header, that is said back.
constexpr std::size_t kMostQuoted = 100;

/// What requests share.
class Parts {
  public:
    explicit Parts(dicom::ByteBudget& budget) : budget_(budget) {}

    [[nodiscard]] dicom::ByteBudget& budget() { return budget_; }

    /// Those of small objects are used again: pages that were touched need not be had anew.
    std::unique_ptr<dicom::ArrivingFile> file() {
        auto spare = spare_.with([](auto& spares) -> std::unique_ptr<dicom::ArrivingFile> {
            if (spares.empty()) return nullptr;
            auto last = std::move(spares.back());
            spares.pop_back();
            return last;
        });
        return spare ? std::move(spare) : std::make_unique<dicom::ArrivingFile>(budget_);
    }
    void give_back(std::unique_ptr<dicom::ArrivingFile> file) {
        file->clear();
        spare_.with([&](auto& spares) {
            if (spares.size() < kAtOnce) spares.push_back(std::move(file));
        });
    }

  private:
    dicom::ByteBudget& budget_;
    Guarded<std::vector<std::unique_ptr<dicom::ArrivingFile>>> spare_;
};

/// One POST, from its headers to its answer.
class StowRequest final : private http::PartTaker {
  public:
    StowRequest(http::Request& request, InstanceSink& sink, const StowOptions& options,
                Parts& parts)
        : request_(request),
          sink_(sink),
          options_(options),
          parts_(parts),
          response_(request.origin + options.root, parts.budget()),
          apart_(parts.budget(), options.metadata) {
        const auto study = request.parameters.find("study");
        if (study != request.parameters.end()) study_ = study->second;
    }

    http::Response answer() {
        if (std::optional<http::Response> refusal = reason_to_refuse()) return *std::move(refusal);
        const std::string boundary(content_type_->parameter("boundary"));
        if (boundary.empty())
            return refuse(400, "no-boundary", "Content-Type names no multipart boundary");
        try {
            read_parts(boundary);
            settle_all();
        } catch (const Error& error) {
            settle_all();
            log_end(error.what());
            if (error.code() != ErrorCode::kInvalidInput) throw;
            return refuse(400, "malformed-body",
                          std::string(error.what()) + "; " + std::to_string(stored_) +
                              " instances before it were stored");
        }
        log_end("");
        if (stored_ + failed_ == 0)
            return refuse(400, "no-instances", "the multipart body holds no instance");
        return http_response();
    }

  private:
    http::Response refuse(int status, const char* code, const std::string& message) {
        return http::refusal(status, code, message, request_.id);
    }

    std::optional<http::Response> reason_to_refuse() {
        if (study_ && !dicom::is_valid_uid(*study_))
            return refuse(400, "bad-study", "the study in the path is no valid UID");
        const auto form = StoreResponse::form_for(request_.headers.get_or("Accept", ""));
        if (!form)
            return refuse(406, "not-acceptable",
                          "the answer comes as application/dicom+json or application/dicom+xml");
        form_ = *form;
        const std::string encoding = request_.headers.get_or("Content-Encoding", "identity");
        if (!http::same_name(encoding, "identity"))
            return refuse(415, "encoded-body",
                          "Content-Encoding " + in_brief(encoding, kMostQuoted) +
                              " is not taken: send the body plain");
        content_type_ = http::parse_media_type(request_.headers.get_or("Content-Type", ""));
        if (!content_type_ || content_type_->type != "multipart/related")
            return refuse(415, "unsupported-media-type",
                          "Content-Type has to be multipart/related; type=\"application/dicom\"");
        const std::string_view type = content_type_->parameter("type");
        type_ = http::parse_media_type(type.empty() ? kDicom : type);
        if (!type_ || (type_->type != kDicom && !MetadataParts::are_metadata(*type_)))
            return refuse(415, "unsupported-media-type",
                          "parts of type " + in_brief(std::string(type), kMostQuoted) +
                              " are not taken: send application/dicom, application/dicom+json or "
                              "application/dicom+xml");
        return std::nullopt;
    }

    void read_parts(const std::string& boundary) {
        constexpr std::size_t kPiece = std::size_t{256} * 1024;
        http::MultipartParser parser(boundary, options_.limits, *this);
        Bytes piece(kPiece);
        request_.body.give_way_where([this] {
            return apart_.is_wanted() || (file_ != nullptr && file_->holding().is_wanted());
        });
        while (const std::size_t count = request_.body.read(piece)) {
            bytes_ += count;
            parser.feed(ByteView(piece).first(count));
        }
        parser.finish();
        apart_.finish();
        keep_joined();
    }

    static constexpr std::size_t kBytesAtOnce = std::size_t{32} << 20;

    /// A part that is being kept.
    struct Waiting {
        std::string sop_instance_uid;
        std::size_t bytes = 0;
        std::unique_ptr<dicom::ArrivingFile> file;
        std::future<Outcome> outcome;
    };

    /// Of a part that is not sent as it is: which header says how.
    static std::string encoding_of(const Headers& headers) {
        const auto content = headers.find("content-encoding");
        if (content != headers.end() && !http::same_name(content->second, "identity"))
            return "Content-Encoding " + in_brief(content->second, kMostQuoted);
        const auto transfer = headers.find("content-transfer-encoding");
        if (transfer != headers.end() && (http::same_name(transfer->second, "base64") ||
                                          http::same_name(transfer->second, "quoted-printable")))
            return "Content-Transfer-Encoding " + transfer->second;
        return {};
    }

    void begin(const Headers& headers) override {
        const auto type = headers.find("content-type");
        const auto location = headers.find("content-location");
        const auto media = type == headers.end() ? type_ : http::parse_media_type(type->second);
        const bool is_dicom = media && media->type == kDicom;
        is_apart_ = media && !is_dicom &&
                    (MetadataParts::are_metadata(*media) || location != headers.end());
        if (is_apart_)
            apart_.begin(*media, location == headers.end() ? std::string() : location->second);
        begin_object();
        if (const std::string encoded = encoding_of(headers); !encoded.empty())
            part_ = failed(part_, dicom::status::kCannotUnderstand,
                           encoded + " is not taken: send the part plain");
        else if (!is_dicom && !is_apart_)
            part_ = failed(part_, dicom::status::kCannotUnderstand,
                           "a part is neither application/dicom nor metadata nor bulk data with a "
                           "Content-Location");
    }

    void more(ByteView bytes) override {
        if (!is_apart_)
            more_of_object(bytes);
        else if (part_.stored())
            part_ = tried(std::move(part_), [&] { apart_.more(bytes); });
    }

    void end() override {
        if (is_apart_ && part_.stored()) part_ = tried(std::move(part_), [&] { apart_.end(); });
        if (!is_apart_ || !part_.stored()) end_object();
        keep_joined();
    }

    /// As if they had come whole.
    void keep_joined() {
        while (apart_.has_next()) {
            begin_object();
            Outcome outcome = apart_.next([this](ByteView bytes) { more_in_pieces(bytes); });
            if (!part_.stored()) outcome = failed_as(std::move(outcome), part_);
            part_ = std::move(outcome);
            end_object();
        }
    }

    void more_in_pieces(ByteView bytes) {
        constexpr std::size_t kPiece = std::size_t{256} * 1024;
        while (!bytes.empty() && part_.stored()) {
            const ByteView piece = bytes.first(std::min(kPiece, bytes.size()));
            more_of_object(piece);
            bytes = bytes.subspan(piece.size());
        }
    }

    /// Named as `outcome` is.
    static Outcome failed_as(Outcome outcome, const Outcome& failure) {
        outcome.for_lack_of_space = failure.for_lack_of_space;
        outcome.for_lack_of_memory = failure.for_lack_of_memory;
        return failed(std::move(outcome), failure.status, failure.why);
    }

    void begin_object() {
        part_ = {};
        if (!file_) file_ = parts_.file();
        // Of this one, and of those that are being kept.
        if (!response_.outcomes().make_room(1 + kAtOnce)) {
            part_.for_lack_of_memory = response_.outcomes().may_pass_later();
            part_ = failed(part_, dicom::status::kOutOfResources, response_.outcomes().refusal());
        }
        file_->start([this] {
            refuse_if_silent();
            return sink_.arriving(origin());
        });
    }

    void more_of_object(ByteView bytes) {
        if (!part_.stored()) return;
        const std::span<std::uint8_t> room = file_->grow(bytes.size());
        if (room.empty()) {
            part_.for_lack_of_memory = file_->holding().may_pass_later();
            part_ = failed(part_, dicom::status::kOutOfResources, file_->holding().refusal());
        } else {
            std::copy(bytes.begin(), bytes.end(), room.begin());
            part_ = tried(std::move(part_), [&] { heard([&] { file_->offer(); }); });
        }
        if (!part_.stored()) give_up();
    }

    /// The rest is read for the sake of the parts behind it.
    void give_up() {
        try {
            const dicom::ObjectHead head = dicom::split_part10(file_->bytes()).head;
            if (dicom::is_valid_uid(head.sop_instance_uid) &&
                dicom::is_valid_uid(head.sop_class_uid)) {
                part_.sop_instance_uid = head.sop_instance_uid;
                part_.sop_class_uid = head.sop_class_uid;
            }
        } catch (const Error&) {
            // It stays without a name.
        }
        file_->clear();
    }

    /// A part that is fit is kept while the next ones come in: to flush an object is mostly to
    /// wait.
    void end_object() {
        Outcome outcome = judged(std::move(part_));
        wait_for_room(outcome.sop_instance_uid, file_->held());
        Waiting one{outcome.sop_instance_uid, file_->held(), std::move(file_), {}};
        const auto settle = [this, outcome, file = one.file.get()] {
            const CurrentPeer sent_by(request_.remote);
            Outcome settled = outcome;
            if (outcome.stored()) settled = kept(outcome, *file);
            file->clear();
            return settled;
        };
        if (outcome.stored() && one.bytes <= kBytesAtOnce) one.outcome = begun_aside(settle);
        if (!one.outcome.valid()) {
            one.outcome = std::async(std::launch::deferred, settle);
            one.outcome.wait();
        }
        waiting_bytes_ += one.bytes;
        waiting_.push_back(std::move(one));
    }

    /// Nothing where the system gives no thread.
    static std::future<Outcome> begun_aside(const std::function<Outcome()>& work) {
        try {
            return std::async(std::launch::async, work);
        } catch (const std::system_error&) {
            return {};
        }
    }

    /// Failed, or fit to be kept.
    [[nodiscard]] Outcome judged(Outcome outcome) const {
        if (!outcome.stored()) return outcome;
        dicom::ObjectHead inner;
        const Outcome described = tried({}, [&] { inner = describe(*file_, outcome); });
        if (!described.stored()) return failed_as(std::move(outcome), described);
        if (inner.sop_class_uid.empty() || inner.sop_instance_uid.empty())
            return failed(outcome, dicom::status::kCannotUnderstand,
                          inner.sop_class_uid.empty() ? "SOP Class UID (0008,0016) is missing"
                                                      : "SOP Instance UID (0008,0018) is missing");
        // As a C-STORE whose command says the one and whose data set the other.
        if (inner.sop_class_uid != outcome.sop_class_uid)
            return failed(outcome, dicom::status::kDoesNotMatchClass,
                          "SOP Class UID (0008,0016) differs from the File Meta Information");
        if (inner.sop_instance_uid != outcome.sop_instance_uid)
            return failed(outcome, dicom::status::kDoesNotMatchClass,
                          "SOP Instance UID (0008,0018) differs from the File Meta Information");
        if (!dicom::is_storage_class(inner.sop_class_uid))
            return failed(
                outcome, dicom::status::kClassNotSupported,
                "objects of SOP class " + inner.sop_class_uid + " are not stored" +
                    (dicom::is_of_no_patient(inner.sop_class_uid) ? ": they belong to no patient"
                                                                  : ""));
        if (study_ && outcome.study_uid != *study_)
            return failed(outcome, dicom::status::kDoesNotMatchClass,
                          "Study Instance UID differs from the study in the path");
        return outcome;
    }

    void wait_for_room(const std::string& sop_instance_uid, std::size_t size) {
        // Of two with one UID the first is the one to keep.
        const bool again = std::any_of(waiting_.begin(), waiting_.end(), [&](const Waiting& one) {
            return one.sop_instance_uid == sop_instance_uid;
        });
        while (!waiting_.empty() &&
               (again || waiting_.size() == kAtOnce || waiting_bytes_ + size > kBytesAtOnce))
            settle_first();
    }

    /// What became of `outcome` by `work`.
    [[nodiscard]] static Outcome tried(Outcome outcome, const std::function<void()>& work) {
        try {
            work();
        } catch (const Error& error) {
            outcome.for_lack_of_space = error.code() == ErrorCode::kOutOfSpace;
            outcome.for_lack_of_memory = error.code() == ErrorCode::kUnavailable;
            return failed(std::move(outcome), dicom::status_for(error.code()), error.what());
        } catch (const std::bad_alloc&) {
            outcome.for_lack_of_memory = true;
            return failed(std::move(outcome), dicom::status::kOutOfResources, "out of memory");
        }
        return outcome;
    }

    [[nodiscard]] Outcome kept(const Outcome& outcome, const dicom::ArrivingFile& file) {
        Outcome settled = tried(outcome, [&] {
            if (file.arrival() == nullptr) refuse_if_silent();
            heard([&] {
                if (file.arrival() != nullptr)
                    file.arrival()->keep(file.bytes());
                else
                    (void)sink_.keep(file.bytes(), origin());
            });
        });
        // It says something again.
        if (settled.stored()) silence_.with([](auto& silence) { silence.reset(); });
        return settled;
    }

    /// Of many parts each would wait for the same, and whoever sent them for all: those that begin
    /// soon after have what the first was told.
    void refuse_if_silent() const {
        const auto silence = silence_.with([](const auto& last) { return last; });
        if (silence && std::chrono::steady_clock::now() < silence->until)
            throw Error(silence->code(), silence->what());
    }

    void heard(const std::function<void()>& work) {
        try {
            work();
        } catch (const Silence& silence) {
            silence_.with([&](auto& last) { last.emplace(silence); });
            throw;
        }
    }

    [[nodiscard]] Origin origin() const { return {"stow", request_.principal}; }

    /// In the order in which they came.
    void settle_first() {
        Waiting first = std::move(waiting_.front());
        waiting_.pop_front();
        waiting_bytes_ -= first.bytes;
        const Outcome outcome = [&] {
            // Whoever keeps it may wait for the object store, or the key service.
            const OutsideWait waits("what is kept", OutsideWait::Crowded::kWaits);
            return first.outcome.get();
        }();
        note(outcome);
        parts_.give_back(std::move(first.file));
    }

    void settle_all() {
        while (!waiting_.empty()) settle_first();
    }

    /// Fills in what the answer names, as far as it can be read. Returns what the data set itself
    /// is by its own word. Throws Error where it cannot be kept.
    static dicom::ObjectHead describe(const dicom::ArrivingFile& coming, Outcome& outcome) {
        const ByteView file = coming.bytes();
        const dicom::Part10Parts parts = dicom::split_part10(file);
        const dicom::ObjectHead& head = parts.head;
        if (!dicom::is_valid_uid(head.sop_instance_uid) || !dicom::is_valid_uid(head.sop_class_uid))
            throw Error(ErrorCode::kInvalidInput,
                        "the File Meta Information holds a UID that is none");
        outcome.sop_class_uid = head.sop_class_uid;
        outcome.sop_instance_uid = head.sop_instance_uid;
        // Those of another class need no study.
        if (!dicom::is_storage_class(head.sop_class_uid)) return head;
        // One that is not known may be any: the reason why nothing can be read is better than what
        // a guess ran into.
        if (dicom::find_transfer_syntax(head.transfer_syntax_uid) == nullptr)
            (void)dicom::head_of_data_set(file.subspan(parts.data_set_offset),
                                          head.transfer_syntax_uid);
        const dicom::DataSet data_set = coming.header();
        outcome.study_uid = data_set.text_or(dicom::tags::kStudyInstanceUid, "");
        outcome.series_uid = data_set.text_or(dicom::tags::kSeriesInstanceUid, "");
        if (!dicom::is_valid_uid(outcome.study_uid) || !dicom::is_valid_uid(outcome.series_uid))
            throw Error(ErrorCode::kInvalidInput,
                        "Study or Series Instance UID is missing or no valid UID");
        return {data_set.text_or(dicom::tags::kSopClassUid, ""),
                data_set.text_or(dicom::tags::kSopInstanceUid, ""), head.transfer_syntax_uid};
    }

    void note(const Outcome& outcome) {
        response_.add(outcome);
        if (outcome.stored()) {
            ++stored_;
            return;
        }
        ++failed_;
        if (outcome.for_lack_of_space) ++without_space_;
        if (outcome.for_lack_of_memory) ++without_memory_;
        if (first_failure_.empty()) first_failure_ = outcome.why;
        if (failed_ > kMostFailuresLogged) return;
        log_event(LogLevel::kWarning, "receive.failed",
                  {{"request", request_.id},
                   {"protocol", "stow"},
                   {"sender", request_.principal},
                   {"object", outcome.sop_instance_uid},
                   {"sop_class", outcome.sop_class_uid},
                   {"status", dicom::describe_status(outcome.status)},
                   {"why", outcome.why}});
    }

    void log_end(const std::string& why) const {
        if (failed_ > kMostFailuresLogged)
            log_event(LogLevel::kWarning, "receive.failed",
                      {{"request", request_.id},
                       {"protocol", "stow"},
                       {"sender", request_.principal},
                       {"more", failed_ - kMostFailuresLogged}});
        log_event(why.empty() ? LogLevel::kInfo : LogLevel::kWarning, "receive.stow",
                  {{"request", request_.id},
                   {"sender", request_.principal},
                   {"address", request_.remote},
                   {"stored", stored_},
                   {"failed", failed_},
                   {"bytes", bytes_},
                   {"why", why}});
    }

    /// PS3.18 Table 10.5.3-1.
    [[nodiscard]] http::Response http_response() {
        int status = 200;
        if (failed_ > 0) status = stored_ > 0 ? 202 : 409;
        if (stored_ == 0 && without_space_ == failed_)
            status = http::status_of(ErrorCode::kOutOfSpace);
        if (stored_ == 0 && without_memory_ == failed_)
            status = http::status_of(ErrorCode::kUnavailable);
        http::Response response = std::move(response_).http(status, form_);
        // For clients that show headers but not private elements (RFC 7234 5.5).
        if (!first_failure_.empty())
            response.headers.set("Warning", "299 lucerna " + json_quoted(dicom::as_error_comment(
                                                                 first_failure_, 400)));
        return response;
    }

    http::Request& request_;
    InstanceSink& sink_;
    const StowOptions& options_;
    Parts& parts_;
    std::optional<std::string> study_;
    std::optional<http::MediaType> content_type_;
    /// Of the answer.
    std::string form_;
    /// Of parts that name none.
    std::optional<http::MediaType> type_;
    StoreResponse response_;
    MetadataParts apart_;
    /// It is metadata or bulk data.
    bool is_apart_ = false;
    /// The part that is coming, and its bytes.
    Outcome part_;
    std::unique_ptr<dicom::ArrivingFile> file_;
    Guarded<std::optional<Silence>> silence_;
    std::deque<Waiting> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::size_t stored_ = 0;
    std::size_t failed_ = 0;
    std::size_t without_space_ = 0;
    std::size_t without_memory_ = 0;
    std::uint64_t bytes_ = 0;
    std::string first_failure_;
};

}  // namespace

http::Handler stow_handler(InstanceSink& sink, StowOptions options) {
    const auto parts = std::make_shared<Parts>(*options.intake);
    return [&sink, parts, options = std::move(options)](http::Request& request) {
        return StowRequest(request, sink, options, *parts).answer();
    };
}

}  // namespace lucerna::receive
