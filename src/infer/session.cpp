#include "infer/session.h"

#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <span>
#include <string>
#include <thread>

#include "base/error.h"

namespace lucerna::infer {
namespace {

/// ONNX Runtime reports to its maker from 1.29 on, unless this is set when its environment is made.
/// The library that tools/setup takes has nothing to report with; this is for other ones. Done
/// before main, while there are no threads that might read the environment.
[[maybe_unused]] const bool kReportsNothing = ::setenv("ORT_DISABLE_TELEMETRY", "1", 1) == 0;

Ort::Env& environment() {
    // The runtime wants one environment for the life of the process.
    static Ort::Env made(ORT_LOGGING_LEVEL_ERROR, "lucerna");
    return made;
}

struct Tensor {
    std::string name;
    std::size_t rank;
};

void check_tensor(const Tensor& wanted, const std::vector<std::string>& names,
                  const std::vector<Ort::TypeInfo>& types, const char* direction) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] != wanted.name) continue;
        const auto shape = types[i].GetTensorTypeAndShapeInfo();
        if (shape.GetElementType() != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT)
            throw Error(ErrorCode::kInvalidInput, "model.onnx: " + std::string(direction) + " \"" +
                                                      wanted.name + "\" is not float32");
        if (shape.GetDimensionsCount() != wanted.rank)
            throw Error(ErrorCode::kInvalidInput,
                        "model.onnx: " + std::string(direction) + " \"" + wanted.name +
                            "\" has rank " + std::to_string(shape.GetDimensionsCount()) +
                            ", the manifest's contract asks " + std::to_string(wanted.rank));
        return;
    }
    throw Error(ErrorCode::kInvalidInput, "model.onnx has no " + std::string(direction) + " \"" +
                                              wanted.name + "\", which the manifest names");
}

std::span<const float> values_of(const Ort::Value& tensor, const std::string& name) {
    const std::size_t count = tensor.GetTensorTypeAndShapeInfo().GetElementCount();
    const std::span<const float> values(tensor.GetTensorData<float>(), count);
    for (const float value : values)
        if (!std::isfinite(value))
            throw Error(ErrorCode::kInternal,
                        "the network put out a value that is not finite in \"" + name + "\"");
    return values;
}

}  // namespace

ThreadUse thread_use(int threads) {
    constexpr int kViewsOfAnExam = 4;
    if (threads == 0) threads = static_cast<int>(std::thread::hardware_concurrency());
    ThreadUse use;
    use.pictures_at_once = std::clamp(threads, 1, kViewsOfAnExam);
    // Of these, ONNX Runtime takes the caller as one; those that wait are lent to whoever runs.
    use.within_a_picture = std::max(1, threads - use.pictures_at_once + 1);
    return use;
}

struct Session::State {
    Ort::Session session{nullptr};
    std::string input;
    std::array<std::string, 4> outputs;  // boxes, presence, suspicion, image score

    void check_contract() const {
        Ort::AllocatorWithDefaultOptions allocator;
        std::vector<std::string> names;
        std::vector<Ort::TypeInfo> types;
        for (std::size_t i = 0; i < session.GetInputCount(); ++i) {
            names.emplace_back(session.GetInputNameAllocated(i, allocator).get());
            types.push_back(session.GetInputTypeInfo(i));
        }
        if (names.size() != 1)
            throw Error(ErrorCode::kInvalidInput, "model.onnx has " + std::to_string(names.size()) +
                                                      " inputs, the contract has one");
        check_tensor({input, 4}, names, types, "input");
        names.clear();
        types.clear();
        for (std::size_t i = 0; i < session.GetOutputCount(); ++i) {
            names.emplace_back(session.GetOutputNameAllocated(i, allocator).get());
            types.push_back(session.GetOutputTypeInfo(i));
        }
        constexpr std::array<std::size_t, 4> kRanks{2, 1, 1, 1};
        for (std::size_t i = 0; i < outputs.size(); ++i)
            check_tensor({outputs[i], kRanks[i]}, names, types, "output");
    }
};

Session::Session(ByteView onnx, const Manifest& manifest, int threads, Scratch scratch)
    : state_(std::make_unique<State>()) {
    state_->input = manifest.input_tensor;
    state_->outputs = {manifest.boxes_tensor, manifest.presence_tensor, manifest.suspicion_tensor,
                       manifest.image_score_tensor};
    try {
        Ort::SessionOptions options;
        options.SetIntraOpNumThreads(threads);
        options.SetGraphOptimizationLevel(GraphOptimizationLevel::ORT_ENABLE_ALL);
        // Pictures differ in size: memory planned for one shape would be kept beside the others.
        options.DisableMemPattern();
        if (scratch == Scratch::kHeap) options.DisableCpuMemArena();
        state_->session = Ort::Session(environment(), onnx.data(), onnx.size(), options);
        state_->check_contract();
    } catch (const Ort::Exception& cause) {
        throw Error(ErrorCode::kInvalidInput, "model.onnx cannot be loaded", cause);
    }
}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

RawReading Session::run(const exam::Raster<float>& picture) const {
    try {
        const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
        const std::array<std::int64_t, 4> shape{1, 1, picture.height, picture.width};
        // The runtime's tensor type has no const; it does not write to its inputs.
        const Ort::Value input =
            Ort::Value::CreateTensor<float>(memory, const_cast<float*>(picture.pixels.data()),
                                            picture.pixels.size(), shape.data(), shape.size());
        const char* input_name = state_->input.c_str();
        std::array<const char*, 4> output_names{};
        for (std::size_t i = 0; i < output_names.size(); ++i)
            output_names[i] = state_->outputs[i].c_str();
        const auto outputs = state_->session.Run(Ort::RunOptions(nullptr), &input_name, &input, 1,
                                                 output_names.data(), output_names.size());
        const auto boxes = values_of(outputs[0], state_->outputs[0]);
        const auto presence = values_of(outputs[1], state_->outputs[1]);
        const auto suspicion = values_of(outputs[2], state_->outputs[2]);
        const auto image = values_of(outputs[3], state_->outputs[3]);
        if (boxes.size() != presence.size() * 4 || suspicion.size() != presence.size() ||
            image.size() != 1)
            throw Error(ErrorCode::kInternal, "the network's outputs do not agree in number");
        RawReading reading;
        reading.image_score = image[0];
        for (std::size_t i = 0; i < presence.size(); ++i) {
            const auto corner = boxes.subspan(4 * i, 4);
            reading.candidates.push_back(
                {{corner[0], corner[1], corner[2] - corner[0], corner[3] - corner[1]},
                 presence[i],
                 suspicion[i]});
        }
        return reading;
    } catch (const Ort::Exception& cause) {
        throw Error(ErrorCode::kInternal, "ONNX Runtime failed", cause);
    }
}

}  // namespace lucerna::infer
