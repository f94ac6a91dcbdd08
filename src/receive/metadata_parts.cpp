#include "receive/metadata_parts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "dicom/native_model.h"
#include "dicom/parsing_room.h"
#include "dicom/uids.h"

namespace lucerna::receive {
namespace {

constexpr const char* kXml = "application/dicom+xml";
constexpr std::array kMetadata = {"application/dicom+json", "application/json", kXml};

/// What a piece of bulk data takes beside its bytes and its location: a page of which it may fill
/// little, its places, and the words for one that nobody names.
constexpr std::size_t kPlaceBytes = std::size_t{5} << 10;

/// For messages.
std::string shown(const std::string& uri) {
    constexpr std::size_t kMost = 200;
    return uri.size() <= kMost ? uri : uri.substr(0, kMost) + "...";
}

/// "a/frames/3" (PS3.18 8.6.1.2.2) taken apart; nothing for another.
std::optional<std::pair<std::string, std::size_t>> frame_in(std::string_view location) {
    constexpr std::string_view kFrames = "/frames/";
    const std::size_t at = location.rfind(kFrames);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view digits = location.substr(at + kFrames.size());
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size() || number == 0)
        return std::nullopt;
    return std::pair(std::string(location.substr(0, at)), number);
}

/// Of which each frame is a part: also of application/octet-stream whose syntax says so.
bool is_of_frames(const http::MediaType& media) {
    const auto* const syntax = dicom::find_transfer_syntax(media.parameter("transfer-syntax"));
    return media.type.starts_with("image/") || (syntax != nullptr && syntax->frames_apart);
}

/// With the UIDs that it may be named by.
Outcome outcome_of(const dicom::DataSet& attributes) {
    Outcome outcome;
    const std::string sop_class = attributes.text_or(dicom::tags::kSopClassUid, "");
    const std::string sop_instance = attributes.text_or(dicom::tags::kSopInstanceUid, "");
    if (dicom::is_valid_uid(sop_class) && dicom::is_valid_uid(sop_instance)) {
        outcome.sop_class_uid = sop_class;
        outcome.sop_instance_uid = sop_instance;
    }
    return outcome;
}

/// An object has one transfer syntax; it need not be said of each part.
bool is_encoded_alike(const http::MediaType& one, const http::MediaType& other) {
    const std::string_view is = one.parameter("transfer-syntax");
    const std::string_view says = other.parameter("transfer-syntax");
    return one.type == other.type && (is == says || is.empty() || says.empty());
}

}  // namespace

bool MetadataParts::are_metadata(const http::MediaType& media) {
    return std::find(kMetadata.begin(), kMetadata.end(), media.type) != kMetadata.end();
}

void MetadataParts::begin(http::MediaType media, const std::string& location) {
    part_ = {std::move(media), location, std::make_unique<dicom::SparseBuffer>(holding_)};
}

void MetadataParts::more(ByteView bytes) {
    const bool is_metadata = are_metadata(part_.media);
    std::size_t& held = is_metadata ? metadata_bytes_ : bulk_bytes_;
    const std::size_t most = is_metadata ? limits_.most_metadata_bytes : limits_.most_bulk_bytes;
    try {
        if (bytes.size() > most - std::min(most, held))
            throw Error(ErrorCode::kInvalidInput,
                        std::string(is_metadata ? "metadata" : "bulk data held at once") +
                            " of more than " + std::to_string(most) +
                            " bytes in a request are not taken: send application/dicom");
        const std::span<std::uint8_t> room = part_.bytes->grow(bytes.size());
        if (room.empty()) refuse_for_room();
        std::copy(bytes.begin(), bytes.end(), room.begin());
    } catch (const Error&) {
        if (!is_metadata) bulk_bytes_ -= part_.bytes->size();
        part_ = {};
        throw;
    }
    held += bytes.size();
}

void MetadataParts::end() {
    Part part = std::exchange(part_, {});
    if (are_metadata(part.media))
        take_metadata(part);
    else
        take_bulk_data(std::move(part));
}

void MetadataParts::take_metadata(const Part& part) {
    const std::string_view text = as_text(part.bytes->bytes());
    const MemoryBudget::Share room = dicom::room_to_parse(text);
    // Some that are none spoil all of the part.
    std::vector<dicom::Metadata> sets;
    std::size_t bytes = 0;
    const std::size_t uri_bytes_before = uri_bytes_;
    const auto take = [&](const nlohmann::json& set) {
        if (instances_.size() + sets.size() >= limits_.most_instances)
            throw Error(ErrorCode::kInvalidInput, "metadata of more than " +
                                                      std::to_string(limits_.most_instances) +
                                                      " instances in a request");
        const dicom::Metadata& taken = sets.emplace_back(set);
        for (const std::string& uri : taken.uris())
            uri_bytes_ += uri.size() + dicom::Limits::kOfUri;
        if (uri_bytes_ > limits_.most_uri_bytes)
            throw Error(ErrorCode::kInvalidInput,
                        "the metadata of a request name too many BulkDataURIs");
        if (!holding_.take(taken.memory_bytes())) refuse_for_room();
        bytes += taken.memory_bytes();
    };
    try {
        if (part.media.type == kXml)
            take(dicom::from_native_xml(text, dicom::XmlNumbers::kTexts,
                                        part.media.parameter("charset")));
        else
            dicom::each_data_set(text, take);
    } catch (...) {
        uri_bytes_ = uri_bytes_before;
        holding_.give_back(bytes);
        throw;
    }
    for (dicom::Metadata& set : sets) add(std::move(set));
}

void MetadataParts::refuse_for_room() const {
    throw Error(holding_.may_pass_later() ? ErrorCode::kUnavailable : ErrorCode::kInvalidInput,
                holding_.refusal());
}

void MetadataParts::add(dicom::Metadata metadata) {
    const std::size_t number = instances_.size();
    Instance& instance = instances_.emplace_back();
    const long long frames =
        metadata.attributes().integer(dicom::tags::kNumberOfFrames).value_or(1);
    instance.frames = static_cast<std::size_t>(std::max(frames, 1LL));
    instance.metadata = std::move(metadata);
    for (const std::string& uri : instance.metadata->uris()) {
        named_by_[uri].insert(number);
        const auto bulk = bulk_.find(uri);
        const bool is_there = bulk != bulk_.end() &&
                              bulk->second.pieces.size() >= pieces_of(instance, uri, bulk->second);
        if (!is_there) ++instance.missing;
    }
    if (instance.missing == 0) whole_.push_back(number);
}

std::size_t MetadataParts::pieces_of(const Instance& instance, const std::string& uri,
                                     const Bulk& bulk) {
    const bool is_pixels = uri == instance.metadata->pixels_uri();
    return is_pixels && (is_of_frames(bulk.media) || bulk.is_by_frames) ? instance.frames : 1;
}

void MetadataParts::take_bulk_data(Part part) {
    std::string uri = part.location;
    std::size_t number = 0;
    if (const auto frame = frame_in(uri); frame && !named_by_.contains(uri))
        std::tie(uri, number) = *frame;
    const std::string syntax(part.media.parameter("transfer-syntax"));
    const std::size_t place =
        kPlaceBytes + 4 * part.location.size() + part.media.type.size() + syntax.size();
    if (!holding_.take(place)) {
        bulk_bytes_ -= part.bytes->size();
        refuse_for_room();
    }
    Bulk& bulk = bulk_[uri];
    if (bulk.pieces.empty()) bulk.media = {part.media.type, {{"transfer-syntax", syntax}}};
    const bool is_by_frames = bulk.is_by_frames || number != 0;
    if (number == 0) number = bulk.pieces.size() + 1;
    // What came whole does not come by frames as well.
    const bool may_be_more = is_of_frames(bulk.media) || bulk.is_by_frames;
    const bool is_new = bulk.pieces.empty() || (may_be_more && !bulk.pieces.contains(number));
    if (!is_new) {
        bulk_bytes_ -= part.bytes->size();
        holding_.give_back(place);
        throw Error(ErrorCode::kInvalidInput,
                    "bulk data came already at Content-Location " + shown(part.location));
    }
    if (!bulk.pieces.empty() && !is_encoded_alike(bulk.media, part.media)) {
        bulk_bytes_ -= part.bytes->size();
        holding_.give_back(place);
        throw Error(ErrorCode::kInvalidInput,
                    "the frames of " + shown(uri) + " are of two media types or transfer syntaxes");
    }
    bulk.is_by_frames = is_by_frames;
    // One that is said holds for those that do not say it.
    if (!syntax.empty()) bulk.media = {bulk.media.type, {{"transfer-syntax", syntax}}};
    bulk.place_bytes += place;
    bulk.pieces.emplace(number, std::move(part.bytes));
    const auto named = named_by_.find(uri);
    if (named == named_by_.end()) return;
    for (const std::size_t one : named->second) {
        Instance& instance = instances_[one];
        if (bulk.pieces.size() != pieces_of(instance, uri, bulk)) continue;
        if (--instance.missing == 0) whole_.push_back(one);
    }
}

void MetadataParts::finish() {
    find_next_failure();
}

void MetadataParts::find_next_failure() {
    next_failure_.reset();
    while (failures_from_ < instances_.size()) {
        const Instance& instance = instances_[failures_from_++];
        if (!instance.metadata || instance.missing == 0) continue;
        next_failure_ = failed(outcome_of(instance.metadata->attributes()),
                               dicom::status::kCannotUnderstand, what_is_missing(instance));
        return;
    }
    auto bulk = last_unnamed_ ? bulk_.upper_bound(*last_unnamed_) : bulk_.begin();
    while (bulk != bulk_.end() && named_by_.contains(bulk->first)) ++bulk;
    if (bulk == bulk_.end()) return;
    last_unnamed_ = bulk->first;
    next_failure_ =
        failed({}, dicom::status::kCannotUnderstand,
               "no metadata name the bulk data at Content-Location " + shown(*last_unnamed_));
}

std::string MetadataParts::what_is_missing(const Instance& instance) const {
    for (const std::string& uri : instance.metadata->uris()) {
        const auto bulk = bulk_.find(uri);
        if (bulk == bulk_.end()) return "no bulk data came at Content-Location " + shown(uri);
        const std::size_t wanted = pieces_of(instance, uri, bulk->second);
        if (bulk->second.pieces.size() < wanted)
            return std::to_string(bulk->second.pieces.size()) + " of " + std::to_string(wanted) +
                   " frames came at Content-Location " + shown(uri);
    }
    throw Error(ErrorCode::kInternal, "nothing is missing of an instance that is not whole");
}

Outcome MetadataParts::next(const std::function<void(ByteView)>& take) {
    if (!whole_.empty()) {
        const std::size_t number = whole_.front();
        whole_.pop_front();
        return joined(number, take);
    }
    Outcome one = *std::move(next_failure_);
    find_next_failure();
    return one;
}

Outcome MetadataParts::joined(std::size_t number, const std::function<void(ByteView)>& take) {
    Instance& instance = instances_[number];
    Outcome outcome = outcome_of(instance.metadata->attributes());
    const std::vector<std::string> uris = instance.metadata->uris();
    const std::size_t bytes = instance.metadata->memory_bytes();
    try {
        dicom::write_part10(
            std::move(*instance.metadata).with_bulk_data([this](const std::string& uri) {
                return bulk_data(uri);
            }),
            take);
    } catch (const Error& error) {
        outcome = failed(outcome, dicom::status_for(error.code()), error.what());
    }
    holding_.give_back(bytes);
    instance.metadata.reset();
    for (const std::string& uri : uris) {
        const auto named = named_by_.find(uri);
        named->second.erase(number);
        if (!named->second.empty()) continue;
        named_by_.erase(named);
        const Bulk& bulk = bulk_.at(uri);
        for (const auto& piece : bulk.pieces) bulk_bytes_ -= piece.second->size();
        holding_.give_back(bulk.place_bytes);
        bulk_.erase(uri);
    }
    return outcome;
}

dicom::BulkData MetadataParts::bulk_data(const std::string& uri) const {
    const Bulk& bulk = bulk_.at(uri);
    dicom::BulkData data{{}, bulk.media.type, std::string(bulk.media.parameter("transfer-syntax"))};
    for (const auto& piece : bulk.pieces) data.pieces.push_back(piece.second->bytes());
    if (bulk.pieces.rbegin()->first != bulk.pieces.size())
        throw Error(ErrorCode::kInvalidInput,
                    "not each frame from 1 on came at Content-Location " + shown(uri));
    return data;
}

}  // namespace lucerna::receive
