// Holds the engine against goldens: what Hugging Face's libraries and an independent implementation of the method
// answer (tests/parity/make_goldens.py, which also documents the file format).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/tasks/classification.h"

namespace latformer::parity {

inline constexpr double kTolerance = 1e-4;         // of logits and scores
inline constexpr double kSpeedupTolerance = 1e-9;  // of the achieved speedup, relative

// What is expected of one text at one speedup.
struct Run {
  double speedup = 1;
  double achieved = 1;
  uint64_t macs = 0;
  std::vector<uint32_t> counts;
  std::vector<std::vector<uint32_t>> kept_positions;  // per layer
  std::vector<double> logits;
  std::vector<double> scores;
};

struct Case {
  std::string text;
  std::optional<std::string> pair;
  std::vector<int32_t> ids;
  std::vector<uint8_t> type_ids;
  bool truncated = false;
  std::vector<Run> runs;
};

struct Golden {
  std::string model;  // the folder, from the root of the repository
  double max_speedup = 1;
  std::vector<double> speedups;
  std::vector<Case> cases;
};

Result<Golden> read_golden(const std::string& path);
Result<Classifier> load_classifier(const std::string& folder, Precision precision = Precision::f32);

// A run whose kept positions are others than expected; the logits then cannot be compared.
struct Departure {
  size_t case_index = 0;
  double speedup = 1;
  std::vector<std::vector<uint32_t>> kept_positions;
  std::vector<float> logits;
};

// How the engine did at one speedup.
struct Tally {
  size_t runs = 0;
  size_t same_kept = 0;
  double logit_difference = 0;  // the largest, of runs with the kept positions expected
  double score_difference = 0;
  double milliseconds = 0;
};

struct Report {
  std::map<double, Tally> by_speedup;
  std::vector<Departure> departures;
  std::vector<std::string> failures;  // of another kind, one sentence each
};

enum class Packing { one_by_one, batch };  // batch: all texts of a speedup in one call, whatever their lengths

// Runs every `stride`-th case. Errors: those of the classifier.
Result<Report> compare(Classifier& classifier, const Golden& golden, Packing packing, size_t stride = 1);

}  // namespace latformer::parity
