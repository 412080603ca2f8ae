// Mixed texts under a budget, beside a fixed speedup. What a machine takes is its own affair: times are not judged.
#include "core/train/report/budgets.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/train/folders.h"

namespace latformer::train {
namespace {

TEST(BudgetReport, TellsEachBudgetAndASpeedupBesideIt) {
  const Folder folder;
  BudgetOptions options;
  options.model = make_model(folder, "tiny", /*classifier=*/true);
  options.data = {make_texts(folder, "some", 30, 4), make_texts(folder, "others", 50, 5)};
  options.budgets = {1e-6, 1e6};  // never and always held
  options.limit = 40;
  const auto result = measure_budgets(options);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->model, "tiny");
  ASSERT_EQ(result->rows.size(), 5U);
  for (const BudgetRow& row : result->rows) {
    ASSERT_EQ(row.cells.size(), 3U);
    EXPECT_EQ(row.cells[0].data, "all");
    EXPECT_EQ(row.cells[0].texts, 70U);
    EXPECT_EQ(row.cells[1].texts, 30U);
    EXPECT_EQ(row.cells[2].texts, 40U);
    EXPECT_NEAR(row.cells[0].mean * 70, row.cells[1].mean * 30 + row.cells[2].mean * 40, 1e-6);
    EXPECT_NEAR(row.cells[0].metric * 70, row.cells[1].metric * 30 + row.cells[2].metric * 40, 1e-6);
    EXPECT_GT(row.cells[0].p95, 0);
  }
  const BudgetRow &full = result->rows[0], &tight = result->rows[1], &wide = result->rows[3];
  EXPECT_EQ(full.speedup, 1);
  EXPECT_FALSE(full.budget || full.cells[0].inside);
  EXPECT_EQ(tight.budget, 1e-6);
  EXPECT_FALSE(tight.speedup);
  EXPECT_EQ(tight.cells[0].inside, 0);
  EXPECT_EQ(wide.cells[0].inside, 1);
  EXPECT_EQ(wide.cells[0].metric, full.cells[0].metric);
  for (const size_t beside : {2, 4}) {
    EXPECT_GE(result->rows[beside].speedup, 1);
    EXPECT_EQ(result->rows[beside].budget, result->rows[beside - 1].budget);
  }

  const std::string csv = to_csv(*result);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 5 * 3);
  const std::string table = to_table(*result);
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 2 + 5 * 3);
  EXPECT_NE(table.find("budget 1e+06 ms"), std::string::npos) << table;

  // Names of rows line up whichever is the longest.
  BudgetReport named = *result;
  named.rows[1].budget = 0.000123457;
  for (BudgetRow& row : named.rows) row.cells.resize(1);
  const std::string narrow = to_table(named);
  EXPECT_NE(narrow.find("\nbudget 0.000123457 ms  "), std::string::npos) << narrow;
  EXPECT_NE(narrow.find("\nspeedup 1.00           "), std::string::npos) << narrow;

  options.model = make_model(folder, "encoder", /*classifier=*/false);
  EXPECT_EQ(measure_budgets(options).status().code(), ErrorCode::unsupported_model);
}

}  // namespace
}  // namespace latformer::train
