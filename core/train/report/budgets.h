// latformer-train sweep --budget: texts in mixed order under a latency budget, against one fixed speedup that takes
// as long on average.
//
// The texts of all files come in one shuffled order, one at a time, through the calibrated Classifier. Under a budget
// of B milliseconds short texts run in full and long ones give up as much as they must; a fixed speedup k takes from
// all alike. For each budget, k is the one whose mean time is the same:
//
//   1. every budget once, alone: mean time, and the mean that the time model predicts for what was chosen;
//   2. k by bisection, so that the time model predicts this mean for k;
//   3. budgets, their speedups and speedup 1, text after text in changing order: measured means m_B and m_k.
//      Where they differ by more than kSameTime, 2 again for a predicted mean corrected by m_B / m_k; at most kRounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/train/data/examples.h"

namespace latformer::train {

struct BudgetOptions {
  std::filesystem::path model;
  std::vector<std::filesystem::path> data;
  ColumnNames columns;
  std::vector<double> budgets;  // milliseconds, at least one, each finite and above 0
  size_t limit = 0;             // texts drawn by chance from each file; 0: all
  uint64_t seed = 1;
  size_t threads = 1;
};

// What was measured of some texts in one way of running them.
struct BudgetCell {
  std::string data;  // the file, or "all"
  size_t texts = 0;
  double metric = 0;
  double mean = 0;               // milliseconds
  double p95 = 0;                // 95 of 100 texts take no longer
  std::optional<double> inside;  // share of texts that took no longer than the budget; none without a budget
};

// One way of running the texts: under a budget, or at a speedup beside it.
struct BudgetRow {
  std::optional<double> budget;   // the budget, or the one that this speedup is compared with
  std::optional<double> speedup;  // none: under the budget
  std::vector<BudgetCell> cells;  // all texts, then those of each file
};

struct BudgetReport {
  std::string model;  // its folder's name
  std::string metric;
  std::vector<BudgetRow> rows;  // speedup 1; then each budget, and the speedup of the same mean time
};

// Errors: invalid_argument (data, a clock that is of no use), bad_model, unsupported_model (no classifier).
Result<BudgetReport> measure_budgets(const BudgetOptions& options);

std::string to_table(const BudgetReport& report);
std::string to_csv(const BudgetReport& report);

}  // namespace latformer::train
