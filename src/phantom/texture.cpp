#include "phantom/texture.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <numbers>
#include <vector>

namespace lucerna::phantom {
namespace {

using Complex = std::complex<double>;

/// In-place radix-2 transform of `values`, whose length is a power of two.
class FourierTransform {
  public:
    explicit FourierTransform(std::size_t length) : length_(length) {
        // Stage after stage, in the order in which they are used.
        for (std::size_t half = 1; half < length; half *= 2)
            for (std::size_t k = 0; k < half; ++k)
                roots_.push_back(std::polar(
                    1.0, std::numbers::pi * static_cast<double>(k) / static_cast<double>(half)));
    }

    void operator()(Complex* values) const {
        for (std::size_t i = 1, j = 0; i < length_; ++i) {
            std::size_t bit = length_ / 2;
            for (; (j & bit) != 0; bit /= 2) j ^= bit;
            j ^= bit;
            if (i < j) std::swap(values[i], values[j]);
        }
        const Complex* roots = roots_.data();
        for (std::size_t half = 1; half < length_; roots += half, half *= 2)
            for (std::size_t start = 0; start < length_; start += 2 * half)
                for (std::size_t k = 0; k < half; ++k) {
                    // Spelt out: operator* of complex numbers checks for infinities.
                    const Complex root = roots[k], odd = values[start + k + half];
                    const Complex turned(odd.real() * root.real() - odd.imag() * root.imag(),
                                         odd.real() * root.imag() + odd.imag() * root.real());
                    values[start + k + half] = values[start + k] - turned;
                    values[start + k] += turned;
                }
    }

  private:
    std::size_t length_;
    std::vector<Complex> roots_;
};

/// In blocks that fit the cache.
void transpose(std::vector<Complex>& square, std::size_t size) {
    constexpr std::size_t kBlock = 16;
    for (std::size_t top = 0; top < size; top += kBlock)
        for (std::size_t left = top; left < size; left += kBlock)
            for (std::size_t y = top; y < std::min(size, top + kBlock); ++y)
                for (std::size_t x = std::max(left, y + 1); x < std::min(size, left + kBlock); ++x)
                    std::swap(square[y * size + x], square[x * size + y]);
}

void standardise(Field& field) {
    double sum = 0, squares = 0;
    for (const float value : field.pixels) sum += value;
    const double mean = sum / static_cast<double>(field.pixels.size());
    for (const float value : field.pixels) squares += (value - mean) * (value - mean);
    const double deviation = std::sqrt(squares / static_cast<double>(field.pixels.size()));
    for (float& value : field.pixels) value = static_cast<float>((value - mean) / deviation);
}

}  // namespace

std::pair<Field, Field> power_law_fields(int size, double beta, double lowest_cycles,
                                         Random random) {
    const auto count = static_cast<std::size_t>(size);
    std::vector<Complex> spectrum(count * count);
    for (int y = 0; y < size; ++y)
        for (int x = 0; x < size; ++x) {
            const double across = x <= size / 2 ? x : x - size;
            const double down = y <= size / 2 ? y : y - size;
            const double squared = across * across + down * down;
            // Drawn in any case, so that the low cut does not move the rest of the sequence. Sums
            // of many are normal whatever each of them is.
            const double real = random.uniform(-1, 1);
            const double imaginary = random.uniform(-1, 1);
            if (squared < lowest_cycles * lowest_cycles) continue;
            const double amplitude = std::pow(squared, -beta / 4);
            spectrum[static_cast<std::size_t>(y) * count + static_cast<std::size_t>(x)] =
                Complex(real * amplitude, imaginary * amplitude);
        }
    // Without Hermitian symmetry the real and the imaginary part are two independent fields.
    const FourierTransform transform(count);
    for (std::size_t y = 0; y < count; ++y) transform(&spectrum[y * count]);
    transpose(spectrum, count);
    for (std::size_t y = 0; y < count; ++y) transform(&spectrum[y * count]);
    std::pair<Field, Field> fields{Field(size, size), Field(size, size)};
    for (std::size_t i = 0; i < spectrum.size(); ++i) {
        fields.first.pixels[i] = static_cast<float>(spectrum[i].real());
        fields.second.pixels[i] = static_cast<float>(spectrum[i].imag());
    }
    standardise(fields.first);
    standardise(fields.second);
    return fields;
}

}  // namespace lucerna::phantom
