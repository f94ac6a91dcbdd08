#pragma once

#include <functional>

#include "receive/instance_sink.h"
#include "store/store.h"

namespace lucerna {

/// Puts `count` synthetic exams (seeds 1, 2, ...) in, as if they were received, and waits until
/// each is read or refused. What is there already is left alone. Ends early when `stop` says so.
void add_samples(receive::InstanceSink& sink, store::Store& store, int count,
                 const std::function<bool()>& stop);

}  // namespace lucerna
