#include "store/pending_markers.h"

#include <utility>

#include "base/error.h"
#include "store/s3_keys.h"

namespace lucerna::store {

PendingMarkers::PendingMarkers(std::shared_ptr<S3> bucket, std::string prefix)
    : bucket_(std::move(bucket)), prefix_(std::move(prefix)) {}

void PendingMarkers::write_as(const std::string& writer) {
    in_hand_.with([&](InHand& all) { all.writer = writer; });
}

std::string PendingMarkers::take(const std::string& name) {
    return in_hand_.with([&](InHand& all) {
        return all.markers.emplace(name, prefix_ + all.writer + "/" + name).first->second;
    });
}

void PendingMarkers::drop(const std::string& name) {
    const std::string marker = in_hand_.with([&](InHand& all) {
        const auto found = all.markers.extract(name);
        return found.empty() ? std::string() : found.mapped();
    });
    if (marker.empty()) return;
    try {
        remove_key(*bucket_, marker);
    } catch (const Error&) {
        in_hand_.with([&](InHand& all) { all.left.push_back(marker); });
        throw;
    }
    drop_a_left_one();
}

/// One for each that went: nobody waits for many.
void PendingMarkers::drop_a_left_one() {
    const std::string marker = in_hand_.with([](InHand& all) {
        if (all.left.empty()) return std::string();
        std::string last = std::move(all.left.back());
        all.left.pop_back();
        return last;
    });
    if (marker.empty()) return;
    try {
        remove_key(*bucket_, marker);
    } catch (const Error&) {
        // That was said of it when it failed first.
        in_hand_.with([&](InHand& all) { all.left.push_back(marker); });
    }
}

}  // namespace lucerna::store
