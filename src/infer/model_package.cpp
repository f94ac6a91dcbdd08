#include "infer/model_package.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"

namespace lucerna::infer {
namespace {

constexpr std::size_t kManifestLimit = 1 << 20;

constexpr const char* kNetworkFile = "model.onnx";

void check(const std::string& name, const std::string& found, const std::string& expected) {
    if (found != expected)
        throw Error(ErrorCode::kCorrupt,
                    name + " has SHA-256 " + found + ", manifest.json says " + expected);
}

/// Checks every file that the manifest lists. Returns the network: what was hashed is what is
/// loaded.
Bytes checked_network(const std::filesystem::path& folder, const Manifest& manifest) {
    Bytes network;
    for (const auto& [name, expected] : manifest.files) {
        const std::filesystem::path file = folder / name;
        if (!std::filesystem::is_regular_file(file))
            throw Error(ErrorCode::kNotFound, name + " is listed in manifest.json but missing");
        if (name == kNetworkFile) {
            network = read_file(file);
            check(name, sha256(network), expected);
        } else {
            check(name, sha256_of_file(file), expected);
        }
    }
    return network;
}

std::string signature_of(const std::filesystem::path& folder) {
    const std::filesystem::path file = folder / "manifest.sig";
    if (!std::filesystem::exists(file)) return {};
    return std::string(as_text(read_file(file, 4096)));
}

auto or_refused(const std::filesystem::path& folder, auto&& step) {
    try {
        return step();
    } catch (const Error& cause) {
        throw Error(cause.code(), "model package " + folder.string() + " refused", cause);
    }
}

exam::Box inside(const exam::Box& box, int columns, int rows) {
    const double left = std::clamp(box.left, 0.0, static_cast<double>(columns));
    const double top = std::clamp(box.top, 0.0, static_cast<double>(rows));
    const double right = std::clamp(box.right(), left, static_cast<double>(columns));
    const double bottom = std::clamp(box.bottom(), top, static_cast<double>(rows));
    return {left, top, right - left, bottom - top};
}

}  // namespace

Manifest read_manifest(const std::filesystem::path& folder, const Trust& trust) {
    return or_refused(folder, [&] {
        const Bytes text = read_file(folder / "manifest.json", kManifestLimit);
        check_signature(text, signature_of(folder), trust);
        return parse_manifest(as_text(text));
    });
}

ModelPackage ModelPackage::load(const std::filesystem::path& folder, Manifest manifest, int threads,
                                Scratch scratch) {
    return or_refused(folder, [&] {
        const Bytes network = checked_network(folder, manifest);
        const ThreadUse use = thread_use(threads);
        Session session(network, manifest, use.within_a_picture, scratch);
        return ModelPackage(std::move(manifest), std::move(session), use.pictures_at_once);
    });
}

ModelPackage ModelPackage::open(const std::filesystem::path& folder, const Trust& trust,
                                int threads) {
    return load(folder, read_manifest(folder, trust), threads);
}

std::vector<Candidate> select_candidates(std::vector<Candidate> candidates,
                                         const FindingRule& rule) {
    std::erase_if(candidates, [&](const Candidate& candidate) {
        return candidate.presence < rule.min_presence || candidate.box.area() <= 0;
    });
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const auto& a, const auto& b) { return a.presence > b.presence; });
    std::vector<Candidate> kept;
    for (const Candidate& candidate : candidates) {
        if (kept.size() == static_cast<std::size_t>(rule.max_findings)) break;
        const bool covered = std::any_of(kept.begin(), kept.end(), [&](const Candidate& better) {
            return exam::overlap(better.box, candidate.box) > rule.max_overlap;
        });
        if (!covered) kept.push_back(candidate);
    }
    return kept;
}

exam::ViewReading ModelPackage::read(const exam::PreparedView& view) const {
    return read(view, manifest_.finding);
}

exam::ViewReading ModelPackage::read(const exam::PreparedView& view,
                                     const FindingRule& rule) const {
    const RawReading raw = session_.run(view.pixels);
    exam::ViewReading reading;
    reading.source = view.source;
    reading.steps = view.steps;
    reading.spacing_mm = view.spacing_mm;
    reading.raw_score = raw.image_score;
    reading.score = manifest_.image_calibration.apply(raw.image_score);
    for (const Candidate& candidate : select_candidates(raw.candidates, rule)) {
        exam::Finding finding;
        finding.kind = rule.kind;
        finding.box =
            inside(view.placement.to_stored(candidate.box), view.source.columns, view.source.rows);
        if (finding.box.area() <= 0) continue;
        finding.contour = exam::inscribed_ellipse(finding.box);
        finding.raw_score = candidate.suspicion;
        finding.score = manifest_.finding_calibration.apply(candidate.suspicion);
        finding.presence = candidate.presence;
        reading.findings.push_back(std::move(finding));
    }
    std::stable_sort(reading.findings.begin(), reading.findings.end(),
                     [](const auto& a, const auto& b) { return a.score > b.score; });
    const std::string prefix = view.source.name ? exam::to_string(*view.source.name) : "view";
    for (std::size_t i = 0; i < reading.findings.size(); ++i)
        reading.findings[i].id = prefix + "-" + std::to_string(i + 1);
    return reading;
}

void ModelPackage::share_scores(std::span<exam::ViewReading* const> views) const {
    if (manifest_.score_of != ScoreOf::kSide) return;
    std::map<exam::Laterality, std::vector<exam::ViewReading*>> sides;
    for (exam::ViewReading* view : views)
        if (view->source.name) sides[view->source.name->laterality].push_back(view);
    for (const auto& [side, members] : sides) {
        double sum = 0;
        for (const exam::ViewReading* view : members) sum += logit(view->raw_score);
        const double mean = sum / static_cast<double>(members.size());
        const double score = manifest_.image_calibration.apply(1 / (1 + std::exp(-mean)));
        for (exam::ViewReading* view : members) view->score = score;
    }
}

}  // namespace lucerna::infer
