#include "pipeline/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/outside_wait.h"

namespace lucerna::pipeline {

void run_parts(std::size_t threads, std::size_t parts,
               const std::function<void(std::size_t)>& part) {
    if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
    std::atomic<std::size_t> next{0};
    Guarded<std::exception_ptr> failure;
    const auto work = [&] {
        for (std::size_t i = next++; i < parts; i = next++) {
            try {
                part(i);
            } catch (...) {
                // Handed to the caller below; the others stop at their next part.
                failure.with([](std::exception_ptr& first) {
                    if (!first) first = std::current_exception();
                });
                next = parts;
            }
        }
    };
    {
        // Who waits for those that wait for an object store waits for it, too.
        OutsideWait::Together waits;
        std::vector<std::jthread> others;
        try {
            for (std::size_t i = 1; i < std::min(threads, parts); ++i)
                others.emplace_back([&] {
                    waits.join();
                    work();
                });
        } catch (const std::system_error&) {
            // The system gives no more: those that there are do it.
        }
        work();
    }
    failure.with([](const std::exception_ptr& first) {
        if (first) std::rethrow_exception(first);
    });
}

}  // namespace lucerna::pipeline
