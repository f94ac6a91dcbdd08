#include "learn/weights.h"

#include <hdf5.h>

#include <array>
#include <memory>

#include "base/error.h"

namespace lucerna::learn {
namespace {

/// An HDF5 handle with the function that closes it.
class Handle {
  public:
    Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
    ~Handle() {
        if (id_ >= 0) close_(id_);
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    [[nodiscard]] hid_t id() const { return id_; }
    [[nodiscard]] bool ok() const { return id_ >= 0; }

  private:
    hid_t id_;
    herr_t (*close_)(hid_t);
};

Weights read_dataset(const Handle& file, const std::string& path) {
    const Handle dataset(H5Dopen2(file.id(), path.c_str(), H5P_DEFAULT), H5Dclose);
    if (!dataset.ok()) throw Error(ErrorCode::kInvalidInput, "trunk weights: no array " + path);
    const Handle space(H5Dget_space(dataset.id()), H5Sclose);
    const int rank = H5Sget_simple_extent_ndims(space.id());
    if (rank < 1 || rank > 4)
        throw Error(ErrorCode::kInvalidInput, "trunk weights: odd number of axes in " + path);
    std::array<hsize_t, 4> extent{};
    H5Sget_simple_extent_dims(space.id(), extent.data(), nullptr);
    Weights weights;
    std::size_t count = 1;
    for (std::size_t i = 0; i < static_cast<std::size_t>(rank); ++i) {
        weights.shape.push_back(static_cast<std::int64_t>(extent[i]));
        count *= static_cast<std::size_t>(extent[i]);
    }
    if (count > 10'000'000)
        throw Error(ErrorCode::kInvalidInput, "trunk weights: absurd size of " + path);
    weights.values.resize(count);
    if (H5Dread(dataset.id(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                weights.values.data()) < 0)
        throw Error(ErrorCode::kInvalidInput, "trunk weights: cannot read " + path);
    return weights;
}

/// Keras keeps H x W x I x O, the network O x I x H x W.
Weights reordered(const Weights& keras, const std::string& path) {
    if (keras.shape.size() != 4)
        throw Error(ErrorCode::kInvalidInput, "trunk weights: not a kernel: " + path);
    const auto high = static_cast<std::size_t>(keras.shape[0]);
    const auto wide = static_cast<std::size_t>(keras.shape[1]);
    const auto in = static_cast<std::size_t>(keras.shape[2]);
    const auto out = static_cast<std::size_t>(keras.shape[3]);
    Weights ours;
    ours.shape = {keras.shape[3], keras.shape[2], keras.shape[0], keras.shape[1]};
    ours.values.resize(keras.values.size());
    for (std::size_t y = 0; y < high; ++y)
        for (std::size_t x = 0; x < wide; ++x)
            for (std::size_t i = 0; i < in; ++i)
                for (std::size_t o = 0; o < out; ++o)
                    ours.values[((o * in + i) * high + y) * wide + x] =
                        keras.values[((y * wide + x) * in + i) * out + o];
    return ours;
}

}  // namespace

void fold_grey_input(Weights& kernels, Weights& biases) {
    if (kernels.shape.size() != 4 || kernels.shape[1] != 3)
        throw Error(ErrorCode::kInvalidInput, "trunk weights: the stem does not read 3 channels");
    constexpr std::array<double, 3> kMeans{103.939, 116.779, 123.68};
    const auto out = static_cast<std::size_t>(kernels.shape[0]);
    const auto area = static_cast<std::size_t>(kernels.shape[2] * kernels.shape[3]);
    std::vector<float> folded(out * area);
    for (std::size_t o = 0; o < out; ++o) {
        double mean = 0;
        for (std::size_t k = 0; k < area; ++k) {
            double sum = 0;
            for (std::size_t c = 0; c < 3; ++c) {
                const double weight = kernels.values[(o * 3 + c) * area + k];
                sum += weight;
                mean += weight * kMeans[c];
            }
            folded[o * area + k] = static_cast<float>(255 * sum);
        }
        biases.values[o] = static_cast<float>(biases.values[o] - mean);
    }
    kernels.shape[1] = 1;
    kernels.values = std::move(folded);
}

WeightMap read_squeezenet(const std::filesystem::path& path) {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // we say ourselves what failed
    const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    if (!file.ok())
        throw Error(ErrorCode::kInvalidInput, "trunk weights: not an HDF5 file: " + path.string());
    WeightMap map;
    // Kernels are called uniform1 .. uniform25 in the order of the layers.
    int layer = 1;
    const auto take = [&](const std::string& group, const std::string& bias,
                          const std::string& ours) {
        const std::string kernel = group + "/uniform" + std::to_string(layer++);
        map[ours + ".weight"] = reordered(read_dataset(file, kernel), kernel);
        map[ours + ".bias"] = read_dataset(file, group + "/" + bias);
    };
    take("conv1", "conv1_b", "stem");
    for (int number = 2; number <= 9; ++number) {
        const std::string fire = "fire" + std::to_string(number);
        const auto take_part = [&](const std::string& part, const std::string& ours) {
            take(fire + "/" + part, fire + "/" + part + "_b", fire + "." + ours);
        };
        take_part("squeeze1x1", "squeeze");
        take_part("expand1x1", "left");
        take_part("expand3x3", "right");
    }
    fold_grey_input(map["stem.weight"], map["stem.bias"]);
    return map;
}

}  // namespace lucerna::learn
