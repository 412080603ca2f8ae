// The core by itself, without JavaScript around it: loads a model folder, then answers each line of standard input,
//
//   RUNS SPEEDUP TEXT<tab>TEXT...   ->   the milliseconds of each of RUNS runs over the texts, as a JSON array on one
//   line
//
//   bench_classify FOLDER [THREADS] [auto|fp32|q8] [macs|time]      what speedups count: time is measured first
//
// Natively it is what stands beside onnxruntime-node; as WebAssembly, whose functions keep their names here, it is what
// bench/profile.mjs looks into.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/native/model_folder.h"
#include "core/base/status.h"
#include "core/tasks/classification.h"

namespace latformer {
namespace {

Result<Classifier> load(const std::string& folder, const LoadOptions& options) {
  const FolderTexts small(folder);
  LATFORMER_ASSIGN(ClassifierLoader loader, ClassifierLoader::create(small.files, options));
  LATFORMER_TRY(read_weights(folder, loader));
  return loader.finish();
}

Status answer(Classifier& classifier, const std::string& line) {
  char* rest = nullptr;
  const long runs = std::strtol(line.c_str(), &rest, 10);
  const double speedup = std::strtod(rest, &rest);
  std::vector<TextInput> inputs;
  for (std::string_view texts = rest;; texts.remove_prefix(inputs.back().text.size() + 1)) {
    inputs.push_back({.text = texts.substr(0, texts.find('\t')), .text_pair = {}});
    if (inputs.back().text.size() == texts.size()) break;
  }
  std::string times;
  for (long run = 0; run < runs; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    const auto answers = classifier.run(inputs, {.speedup = speedup});
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
    if (!answers.ok()) return answers.status();
    times += (run > 0 ? "," : "") + std::to_string(time.count());
  }
  std::printf("[%s]\n", times.c_str());
  std::fflush(stdout);
  return {};
}

Status serve(int argc, char** argv) {
  if (argc < 2) return invalid_argument("usage: bench_classify FOLDER [THREADS] [auto|fp32|q8] [macs|time]");
  const std::string_view dtype = argc > 3 ? argv[3] : "auto";
  LoadOptions options;
  if (argc > 2) options.threads = static_cast<size_t>(std::max(std::atoi(argv[2]), 1));
  if (dtype == "fp32") options.precision = Precision::f32;
  if (dtype == "q8") options.precision = Precision::int8;
  LATFORMER_ASSIGN(Classifier classifier, load(argv[1], options));
  if (argc > 4 && std::string_view(argv[4]) == "time") LATFORMER_TRY(classifier.calibrate());
  std::printf("%s\n", std::string(kernels::description()).c_str());
  std::fflush(stdout);
  // By its address, lest it be inlined: profile.mjs counts what happens inside of it, and not the loading.
  Status (*volatile const respond)(Classifier&, const std::string&) = answer;
  for (std::string line; std::getline(std::cin, line);) LATFORMER_TRY(respond(classifier, line));
  return {};
}

}  // namespace
}  // namespace latformer

int main(int argc, char** argv) {
  const latformer::Status status = latformer::serve(argc, argv);
  if (!status.ok()) std::fprintf(stderr, "bench_classify: %s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
