#include "dicom/native_samples.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "dicom/node.h"

namespace lucerna::dicom {

Bytes unpacked_bits(ByteView packed, std::size_t first, std::size_t count) {
    Bytes out(count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t bit = first + i;
        out[i] = static_cast<std::uint8_t>((packed[bit / 8] >> (bit % 8)) & 1);
    }
    return out;
}

Bytes unpacked_twelves(ByteView packed, std::size_t first, std::size_t count) {
    Bytes out(2 * count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t bit = first + 12 * i;
        const unsigned value = u16(packed, bit / 8) >> (bit % 8) & 0xFFFU;
        out[2 * i] = static_cast<std::uint8_t>(value & 0xFF);
        out[2 * i + 1] = static_cast<std::uint8_t>(value >> 8);
    }
    return out;
}

Bytes moved_to_byte(ByteView all, std::size_t first, std::size_t bits) {
    const std::size_t shift = first % 8;
    Bytes out((bits + 7) / 8);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::size_t at = first / 8 + i;
        const unsigned next = at + 1 < all.size() ? all[at + 1] : 0U;
        out[i] = static_cast<std::uint8_t>((all[at] | next << 8) >> shift);
    }
    if (bits % 8 != 0)
        out.back() = static_cast<std::uint8_t>(out.back() & ((1U << (bits % 8)) - 1));
    return out;
}

Bytes interleaved(const Bytes& planes, const StoredLayout& layout) {
    const auto size = static_cast<std::size_t>(layout.bits_allocated / 8);
    const auto count = static_cast<std::size_t>(layout.samples_per_pixel);
    const std::size_t pixels = layout.pixels();
    Bytes out(planes.size());
    for (std::size_t plane = 0; plane < count; ++plane) {
        for (std::size_t i = 0; i < pixels; ++i) {
            std::memcpy(&out[(i * count + plane) * size], &planes[(plane * pixels + i) * size],
                        size);
        }
    }
    return out;
}

Bytes with_all_colors(const Bytes& shared) {
    Bytes out;
    out.reserve(shared.size() / 4 * 6);
    for (std::size_t i = 0; i + 4 <= shared.size(); i += 4) {
        for (const std::uint8_t y : {shared[i], shared[i + 1]}) {
            out.insert(out.end(), {y, shared[i + 2], shared[i + 3]});
        }
    }
    return out;
}

void stretch_studio_range(Bytes& samples) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const double sample = samples[i];
        const double full =
            i % 3 == 0 ? (sample - 16) * 255 / 219 : 128 + (sample - 128) * 255 / 224;
        samples[i] = static_cast<std::uint8_t>(std::clamp(std::round(full), 0.0, 255.0));
    }
}

}  // namespace lucerna::dicom
