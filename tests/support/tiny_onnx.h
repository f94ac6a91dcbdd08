#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace lucerna::test {

/// Writes a detector in ONNX's protobuf by hand, small enough to check by eye: its boxes are
/// constants and its image score is the brightest pixel.
class TinyOnnx {
  public:
    std::vector<float> boxes{8, 8, 24, 24, 9, 9, 25, 25, 40, 40, 56, 48};
    std::vector<float> presence{0.9F, 0.8F, 0.5F};
    std::vector<float> suspicion{0.7F, 0.6F, 0.2F};
    std::string image_score_name = "image_score";
    int input_rank = 4;

    [[nodiscard]] std::string bytes() const {
        const auto count = static_cast<std::int64_t>(presence.size());
        std::string graph;
        graph += message(1, identity("boxes")) + message(1, identity("presence")) +
                 message(1, identity("suspicion")) + message(1, brightest()) + text(2, "tiny") +
                 message(5, constant("boxes", {count, 4}, boxes)) +
                 message(5, constant("presence", {count}, presence)) +
                 message(5, constant("suspicion", {count}, suspicion)) +
                 message(11, value("image", input_rank)) + message(12, value("boxes", 2)) +
                 message(12, value("presence", 1)) + message(12, value("suspicion", 1)) +
                 message(12, value(image_score_name, 1));
        return number(1, 8) + message(8, number(2, 13)) + message(7, graph);
    }

  private:
    static std::string varint(std::uint64_t value) {
        std::string out;
        for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
        return out + static_cast<char>(value);
    }
    static std::string number(int field, std::int64_t value) {
        return varint(static_cast<std::uint64_t>(field) << 3) +
               varint(static_cast<std::uint64_t>(value));
    }
    static std::string text(int field, std::string_view content) {
        return varint(static_cast<std::uint64_t>(field) << 3 | 2) + varint(content.size()) +
               std::string(content);
    }
    static std::string message(int field, const std::string& content) {
        return text(field, content);
    }
    static std::string identity(const std::string& name) {
        return text(1, name + "_constant") + text(2, name) + text(4, "Identity");
    }
    [[nodiscard]] std::string brightest() const {
        const std::string axes =
            text(1, "axes") + number(8, 1) + number(8, 2) + number(8, 3) + number(20, 7);
        const std::string keep = text(1, "keepdims") + number(3, 0) + number(20, 2);
        return text(1, "image") + text(2, image_score_name) + text(4, "ReduceMax") +
               message(5, axes) + message(5, keep);
    }
    static std::string constant(const std::string& name, const std::vector<std::int64_t>& shape,
                                const std::vector<float>& values) {
        std::string out;
        for (const std::int64_t size : shape) out += number(1, size);
        std::string raw(values.size() * sizeof(float), '\0');
        std::memcpy(raw.data(), values.data(), raw.size());
        return out + number(2, 1) + text(8, name + "_constant") + text(9, raw);
    }
    static std::string value(const std::string& name, int rank) {
        std::string shape;
        for (int i = 0; i < rank; ++i) shape += message(1, text(2, name + "_" + std::to_string(i)));
        const std::string tensor = number(1, 1) + message(2, shape);
        return text(1, name) + message(2, message(1, tensor));
    }
};

}  // namespace lucerna::test
