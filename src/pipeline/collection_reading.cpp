#include "pipeline/collection_reading.h"

#include <atomic>
#include <map>
#include <variant>

#include "base/error.h"
#include "base/file.h"
#include "pipeline/parallel.h"

namespace lucerna::pipeline {

CollectionReading read_collection(const std::vector<collection::ImageRecord>& records,
                                  const std::filesystem::path& folder,
                                  const infer::ModelPackage& model, const infer::FindingRule& rule,
                                  const collection::AssumedSpacing& assumed, std::size_t threads,
                                  const std::function<void(std::size_t done)>& on_done) {
    std::vector<std::variant<exam::ViewReading, std::string>> results(records.size());
    std::atomic<std::size_t> done{0};
    run_parts(threads, records.size(), [&](std::size_t i) {
        try {
            const auto view = collection::prepare_record(
                records[i], read_file(folder / records[i].file), assumed, model.contract());
            if (const auto* refusal = std::get_if<exam::Refusal>(&view))
                results[i] = refusal->what;
            else
                results[i] = model.read(std::get<exam::PreparedView>(view), rule);
        } catch (const Error& error) {
            // One damaged picture must not cost the figures of all others: it is listed.
            results[i] = std::string(error.what());
        }
        on_done(++done);
    });
    // The views of an exam tell of one another, as when serving reads it.
    std::map<std::string, std::vector<exam::ViewReading*>> exams;
    for (std::size_t i = 0; i < records.size(); ++i)
        if (auto* view = std::get_if<exam::ViewReading>(&results[i]))
            exams[records[i].exam].push_back(view);
    for (const auto& [name, views] : exams) model.share_scores(views);
    CollectionReading reading;
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (auto* view = std::get_if<exam::ViewReading>(&results[i]))
            reading.readings.emplace_back(records[i].file, std::move(*view));
        else
            reading.refused.emplace_back(records[i].file, std::get<std::string>(results[i]));
    }
    return reading;
}

}  // namespace lucerna::pipeline
