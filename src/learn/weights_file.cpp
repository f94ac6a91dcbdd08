#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "learn/weights.h"

namespace lucerna::learn {

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

Bytes encode_weights(const WeightMap& weights) {
    nlohmann::json header = nlohmann::json::object();
    std::size_t at = 0;
    for (const auto& [name, entry] : weights) {
        const std::size_t end = at + entry.values.size() * sizeof(float);
        header[name] = {{"dtype", "F32"}, {"shape", entry.shape}, {"data_offsets", {at, end}}};
        at = end;
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    Bytes out(8 + text.size() + at);
    const std::uint64_t length = text.size();
    std::memcpy(out.data(), &length, 8);
    std::memcpy(out.data() + 8, text.data(), text.size());
    std::uint8_t* to = out.data() + 8 + text.size();
    for (const auto& [name, entry] : weights) {
        const std::size_t size = entry.values.size() * sizeof(float);
        std::memcpy(to, entry.values.data(), size);
        to += size;
    }
    return out;
}

WeightMap decode_weights(ByteView bytes) {
    std::uint64_t length = 0;
    if (bytes.size() >= 8) std::memcpy(&length, bytes.data(), 8);
    if (length == 0 || length > bytes.size() - 8)
        throw Error(ErrorCode::kCorrupt, "weights: not a safetensors file");
    const ByteView values = bytes.subspan(8 + length);
    WeightMap map;
    try {
        const auto header = nlohmann::json::parse(as_text(bytes.subspan(8, length)));
        for (const auto& [name, entry] : header.items()) {
            Weights& weights = map[name];
            weights.shape = entry.at("shape").get<std::vector<std::int64_t>>();
            std::uint64_t count = 1;
            for (const std::int64_t extent : weights.shape)
                count *= static_cast<std::uint64_t>(extent);
            const auto from = entry.at("data_offsets").at(0).get<std::uint64_t>();
            const auto end = entry.at("data_offsets").at(1).get<std::uint64_t>();
            if (entry.at("dtype") != "F32" || end > values.size() || from > end ||
                end - from != count * sizeof(float))
                throw Error(ErrorCode::kCorrupt, "weights: " + name + " does not fit its header");
            weights.values.resize(count);
            std::memcpy(weights.values.data(), values.data() + from, end - from);
        }
    } catch (const nlohmann::json::exception& cause) {
        throw Error(ErrorCode::kCorrupt, "weights: the header is broken", cause);
    }
    return map;
}

}  // namespace lucerna::learn
