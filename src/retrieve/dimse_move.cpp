#include "retrieve/dimse_move.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/dimse_status.h"
#include "retrieve/sub_operations.h"

namespace lucerna::retrieve {
namespace {

/// The associations with a destination: one after another, as one holds only so many kinds of
/// objects, and ends with an object that turns out to be damaged, or over which the destination
/// ends it. Once the destination does not answer, or has ended two in a row, it is not asked again.
class Destination {
  public:
    Destination(dicom::ScuOptions options, const NamedObjects& objects,
                dicom::ScpExchange& exchange)
        : options_(std::move(options)),
          objects_(objects),
          exchange_(exchange),
          originator_{exchange.sender().calling_aet, exchange.request().message_id,
                      exchange.request().priority_to_hand_on()} {
        options_.stop = exchange.stop();
        options_.is_unwanted = [this] {
            return is_answered_ ? exchange_.is_spoken_to() : exchange_.is_cancelled();
        };
        options_.lag = exchange.lag();
    }
    /// What the requester says from here on is another request.
    ~Destination() { is_answered_ = true; }
    Destination(const Destination&) = delete;
    Destination& operator=(const Destination&) = delete;

    /// For the first; what is in the way of that is told of each object.
    void prepare() {
        try {
            if (objects_.size() > 0) make_ready(0);
        } catch (const Error& error) {
            if (exchange_.is_lost()) throw;
            problem_ = error.what();
        }
    }

    /// With the association that it is sent over: the destination may let that wait for long.
    void make_ready(std::size_t index) {
        if (!problem_.empty() || index < end_) return;
        try {
            open(index);
        } catch (const Error& error) {
            if (exchange_.is_lost() || exchange_.is_cancelled()) throw;
            problem_ = error.what();
        }
    }

    /// That is ready.
    dicom::SendOutcome send(std::size_t index, const dicom::FileToSend& file) {
        if (!problem_.empty()) return unreachable(problem_);
        try {
            dicom::SendOutcome outcome = scu_->store(file, originator_);
            has_lost_one_ = false;
            return outcome;
        } catch (const dicom::BrokenOff& error) {
            // The destination never had all of it, so that it keeps none; it gets the others.
            end_ = index + 1;
            scu_.reset();
            return {dicom::StatusKind::kPermanentFailure, dicom::status_for(error.reading()),
                    error.what()};
        } catch (const Error& error) {
            const bool is_about_the_file = scu_ && error.code() != ErrorCode::kUnavailable &&
                                           error.code() != ErrorCode::kCancelled;
            if (is_about_the_file || exchange_.is_lost() || exchange_.is_cancelled()) throw;
            if (scu_ && scu_->is_ended_by_peer() && !std::exchange(has_lost_one_, true)) {
                end_ = index + 1;
                scu_.reset();
                return unreachable(error.what());
            }
            problem_ = error.what();
            return unreachable(problem_);
        }
    }

  private:
    void open(std::size_t begin) {
        scu_.reset();
        // One of each kind, of as many as fit.
        std::vector<dicom::ObjectHead> kinds;
        std::size_t end = begin;
        for (; end < objects_.size(); ++end) {
            dicom::ObjectHead one = objects_[end];
            const auto is_alike = [&](const dicom::ObjectHead& other) {
                return other.sop_class_uid == one.sop_class_uid &&
                       other.transfer_syntax_uid == one.transfer_syntax_uid;
            };
            if (std::ranges::any_of(kinds, is_alike)) continue;
            kinds.push_back(std::move(one));
            if (dicom::fitting_one_association(kinds) == kinds.size()) continue;
            kinds.pop_back();
            break;
        }
        scu_ = std::make_unique<dicom::StoreScu>(options_, kinds);
        end_ = end;
    }
    [[nodiscard]] static dicom::SendOutcome unreachable(const std::string& why) {
        return {dicom::StatusKind::kTransientFailure, dicom::status::kCannotRetrieve, why};
    }

    dicom::ScuOptions options_;
    const NamedObjects& objects_;
    dicom::ScpExchange& exchange_;
    const dicom::MoveOriginator originator_;
    bool is_answered_ = false;
    std::unique_ptr<dicom::StoreScu> scu_;
    /// The open association is for the objects before this one.
    std::size_t end_ = 0;
    /// By what the destination did over the object before.
    bool has_lost_one_ = false;
    std::string problem_;
};

}  // namespace

void answer_move(dicom::ScpExchange& exchange, store::Archive& archive, Root root,
                 const PeerOf& peer_of, const RunParts& run) {
    const std::string& aet = exchange.request().move_destination;
    std::optional<dicom::ScuOptions> peer = peer_of ? peer_of(aet) : std::nullopt;
    if (!peer)
        return refuse(exchange, {dicom::status::kUnknownDestination,
                                 "no destination " + aet + " is configured"});
    const auto named = objects_named(exchange, archive, root);
    if (const auto* refusal = std::get_if<IdentifierRefusal>(&named))
        return refuse(exchange, *refusal);
    const NamedObjects& objects = *std::get<std::unique_ptr<NamedObjects>>(named);
    Destination destination(*std::move(peer), objects, exchange);
    send_objects(
        exchange, archive, objects,
        {.name = aet,
         .send = [&](std::size_t index,
                     const dicom::FileToSend& file) { return destination.send(index, file); },
         .make_ready = [&](std::size_t index) { destination.make_ready(index); },
         .prepare = [&] { destination.prepare(); },
         .checked = Checked::kWhileItIsSent},
        run);
}

}  // namespace lucerna::retrieve
