#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <string>

#include "base/clock.h"
#include "base/files.h"
#include "fuzz/models.h"
#include "fuzz/parsers.h"

/// fuzz_parsers PARSER [SECONDS [SEED]]      changes and reads until the time is over
/// fuzz_parsers models [COUNT [SEED]]        so many changed models, in child processes with limits
/// fuzz_parsers replay PARSER FILE           one input
namespace {

using tamis::fuzz::Random;

constexpr unsigned kSecondsPerModel = 60;

#if defined(__SANITIZE_ADDRESS__)
/// A worker has a limit too, which Tamis sets by what the machine can spare.
extern "C" const char* __asan_default_options() {
  return "hard_rss_limit_mb=3000:detect_leaks=0:allocator_may_return_null=0";
}
#endif

/// What a child tells its parent, in memory that both see.
struct Progress {
  std::atomic<std::uint64_t> at = 0;     ///< the model that is being looked at
  std::atomic<std::uint64_t> wrong = 0;  ///< how many threw something that is no Error
};

[[noreturn]] void usage() {
  fmt::print(stderr,
             "fuzz_parsers PARSER [SECONDS [SEED]] | models [COUNT [SEED]] | replay "
             "PARSER FILE\nparsers:");
  for (const auto& parser : tamis::fuzz::parsers()) fmt::print(stderr, " {}", parser.name);
  fmt::print(stderr, "\n");
  std::exit(2);
}

const tamis::fuzz::Parser& parser_named(const std::string& name) {
  if (const auto* parser = tamis::fuzz::find_parser(name)) return *parser;
  usage();
}

int run_parser(const tamis::fuzz::Parser& parser, double seconds, std::uint64_t seed) {
  const auto seeds = parser.seeds();
  Random random(seed);
  const std::int64_t start = tamis::now_ns();
  std::uint64_t done = 0;
  for (; tamis::seconds_since(start) < seconds; ++done) {
    const std::string input =
        tamis::fuzz::mutate(seeds[tamis::fuzz::below(random, seeds.size())], seeds, random);
    try {
      take_or_refuse(parser, input);
    } catch (const std::exception& error) {
      tamis::save_file("fuzz-failure", input);
      fmt::print("{}: input {} of seed {} (kept in fuzz-failure): {}\n", parser.name, done, seed,
                 error.what());
      return 1;
    }
  }
  fmt::print("{}: {} inputs in {:.0f} s, none crashed\n", parser.name, done, seconds);
  return 0;
}

std::string model_of(const std::vector<std::string>& seeds, std::uint64_t seed, std::uint64_t n) {
  Random random(seed * 1'000'000'007 + n);
  return tamis::fuzz::mutate_model(seeds, random);
}

/// Models from `first` on, until one ends the process.
void run_models(const std::vector<std::string>& seeds, std::uint64_t seed, std::uint64_t first,
                std::uint64_t count, Progress& progress) {
  const auto& parser = parser_named("model");
  for (std::uint64_t n = first; n < count; ++n) {
    progress.at = n;
    ::alarm(kSecondsPerModel);
    try {
      take_or_refuse(parser, model_of(seeds, seed, n));
    } catch (const std::exception& error) {
      fmt::print("model {}: {}\n", n, error.what());
      ++progress.wrong;
    }
  }
}

int run_all_models(std::uint64_t count, std::uint64_t seed) {
  const auto seeds = tamis::fuzz::model_seeds();
  void* shared =
      ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 2;
  Progress& progress = *new (shared) Progress;
  std::map<std::string, int> ends;
  for (std::uint64_t first = 0; first < count;) {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
      run_models(seeds, seed, first, count, progress);
      std::fflush(stdout);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
    const std::string how = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM
                                ? "time limit"
                                : fmt::format("status {:#x}", status);
    ++ends[how];
    const std::uint64_t n = progress.at;
    fmt::print("model {}: ended the process: {}\n", n, how);
    tamis::save_file(fmt::format("fuzz-model-{}-{}.onnx", seed, n), model_of(seeds, seed, n));
    first = n + 1;
  }
  fmt::print("models: {} of seed {}, {} threw what is no Error", count, seed,
             progress.wrong.load());
  for (const auto& [how, times] : ends) fmt::print(", {} x {}", times, how);
  fmt::print("\n");
  return ends.empty() && progress.wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, const char* otherwise) {
    return std::string(argc > i ? argv[i] : otherwise);
  };
  const std::string what = argument(1, "");
  if (what == "models")
    return run_all_models(std::strtoull(argument(2, "30000").c_str(), nullptr, 10),
                          std::strtoull(argument(3, "1").c_str(), nullptr, 10));
  if (what == "replay" && argc > 3) {
    take_or_refuse(parser_named(argv[2]), tamis::load_text(argv[3]));
    return 0;
  }
  return run_parser(parser_named(what), std::strtod(argument(2, "60").c_str(), nullptr),
                    std::strtoull(argument(3, "1").c_str(), nullptr, 10));
}
