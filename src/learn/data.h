#pragma once

#include "collection/cache.h"

/// The values of a collection under the names that this room has always called them by.
namespace lucerna::learn {

using collection::CacheReader;
using collection::decode_training_set;
using collection::ImageRecord;
using collection::Lesion;
using collection::Pathology;
using collection::TrainingImage;
using collection::TrainingSet;

}  // namespace lucerna::learn
