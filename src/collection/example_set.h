#pragma once

#include <string>

#include "base/random.h"
#include "collection/training_set.h"

namespace lucerna::collection {

/// A small set for tests: discs on grey, two images in three with a bright disc called malignant
/// or a dim one called benign. Nothing in it is a mammogram.
inline TrainingSet example_set(int images, std::uint64_t seed, int size = 96) {
    TrainingSet set;
    set.contract.modality = "MG";
    set.contract.presentation_intents = {"FOR PRESENTATION"};
    set.contract.views = {"R-CC"};
    set.contract.steps = {"orient", "resample", "normalise"};
    set.contract.spacing_mm = 0.4;
    set.contract.multiple_of = 32;
    set.contract.max_width = 1024;
    set.contract.max_height = 1024;
    Random random(seed);
    for (int i = 0; i < images; ++i) {
        TrainingImage image;
        image.record.file = "image-" + std::to_string(i);
        image.record.patient = "patient-" + std::to_string(i);
        image.record.exam = image.record.patient;
        image.record.malignant = i % 2 == 0;
        image.pixels = exam::Raster<std::uint8_t>(size, size, 80);
        const double radius = random.uniform(8, 14);
        const double x = random.uniform(radius + 4, size - radius - 4);
        const double y = random.uniform(radius + 4, size - radius - 4);
        for (int v = 0; v < size; ++v)
            for (int u = 0; u < size; ++u) {
                const double dx = u + 0.5 - x;
                const double dy = v + 0.5 - y;
                if (dx * dx + dy * dy < radius * radius)
                    image.pixels.at(u, v) = image.record.malignant ? 250 : 160;
            }
        const exam::Box box{x - radius, y - radius, 2 * radius, 2 * radius};
        image.lesions = {
            {box, image.record.malignant ? Pathology::kMalignant : Pathology::kBenign}};
        image.record.lesions = image.lesions;
        set.images.push_back(std::move(image));
    }
    return set;
}

}  // namespace lucerna::collection
