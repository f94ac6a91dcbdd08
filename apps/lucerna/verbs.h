#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <string>

#include "exit_code.h"

namespace lucerna {

/// Each verb adds its options to the command line and leaves what to run in `chosen`, which main
/// calls once everything is parsed. It returns the exit code, or throws Error.
using Chosen = std::function<ExitCode()>;

void add_read(CLI::App& app, Chosen& chosen);
void add_serve(CLI::App& app, Chosen& chosen);
void add_learn(CLI::App& app, Chosen& chosen);
/// Below `learn`: in every build, and where there is libtorch.
void add_learn_prepare(CLI::App& learn, Chosen& chosen);
void add_learn_train(CLI::App& learn, Chosen& chosen);
void add_evaluate(CLI::App& app, Chosen& chosen);
/// `evaluate readers`, which add_evaluate adds.
void add_evaluate_readers(CLI::App& evaluate, Chosen& chosen);
void add_phantom(CLI::App& app, Chosen& chosen);
void add_archive(CLI::App& app, Chosen& chosen);
void add_keys(CLI::App& app, Chosen& chosen);
void add_export(CLI::App& app, Chosen& chosen);

/// A line for people, whatever it quotes: `printable` of it.
void say(std::FILE* stream, const std::string& line);

/// The same on standard output; throws Error(kCancelled) once a signal asked to stop.
void say_progress(const std::string& message);

/// Installs the signal handlers, does the work, and turns what it throws into a line on standard
/// error and an exit code.
[[nodiscard]] int run_program(const char* name, const std::function<ExitCode()>& work);

/// True once SIGINT, SIGTERM or SIGHUP came to run_program.
[[nodiscard]] bool stop_requested();

/// Where the program looks for its parts when it is not told: beside its own file in an
/// installation (../share/lucerna), else in the source tree that it was built from.
[[nodiscard]] std::filesystem::path default_model_folder();
[[nodiscard]] std::filesystem::path default_web_folder();

}  // namespace lucerna
