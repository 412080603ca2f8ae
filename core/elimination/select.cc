#include "core/elimination/select.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>

namespace latformer {
namespace {

std::vector<uint32_t> iota(uint32_t n) {
  std::vector<uint32_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0U);
  return rows;
}

// w_j = s(j) / sum over D of s.
std::vector<float> weights_of(std::span<const float> score, std::span<const uint32_t> merged) {
  double sum = 0;
  for (const uint32_t row : merged) sum += score[row];
  const bool usable = sum > 0 && std::isfinite(sum);  // probabilities may underflow to 0
  std::vector<float> weights;
  for (const uint32_t row : merged) {
    weights.push_back(static_cast<float>(usable ? score[row] / sum : 1.0 / static_cast<double>(merged.size())));
  }
  return weights;
}

}  // namespace

LiveRows LiveRows::all(uint32_t n) { return {.positions = iota(n), .rest_size = 0}; }

Selection select(std::span<const float> score, const LiveRows& rows, uint32_t count, Dropped dropped,
                 const Protected& always) {
  if (count >= rows.count()) return {.kept = iota(rows.count())};

  const bool merging = dropped == Dropped::merge;
  const auto ordinary = static_cast<uint32_t>(rows.positions.size());
  const uint32_t keep = count - (merging ? 1 : 0);
  assert(score.size() == rows.count() && keep >= 1 && keep <= ordinary && keep >= always.count());

  std::vector<uint32_t> ranked = iota(ordinary);
  const auto rank = [&](uint32_t row) {
    return std::isnan(score[row]) ? -std::numeric_limits<float>::infinity() : score[row];
  };
  const auto better = [&](uint32_t a, uint32_t b) { return rank(a) != rank(b) ? rank(a) > rank(b) : a < b; };
  const auto begin = ranked.begin() + always.first;  // protected rows are not ranked
  const auto end = ranked.end() - always.last;
  const auto cut = begin + (keep - always.count());
  std::nth_element(begin, cut, end, better);
  std::sort(begin, cut);
  std::sort(cut, end);

  Selection selection;
  selection.kept.assign(ranked.begin(), cut);
  selection.kept.insert(selection.kept.end(), end, ranked.end());
  if (merging) {
    selection.merged.assign(cut, end);
    if (rows.has_rest()) selection.merged.push_back(ordinary);
    selection.weights = weights_of(score, selection.merged);
  }
  return selection;
}

LiveRows advance(const LiveRows& rows, const Selection& selection) {
  LiveRows next;
  const auto size_of = [&](uint32_t row) { return row < rows.positions.size() ? 1 : rows.rest_size; };
  for (const uint32_t row : selection.kept) {
    if (row < rows.positions.size()) {
      next.positions.push_back(rows.positions[row]);
    } else {
      next.rest_size = rows.rest_size;
    }
  }
  for (const uint32_t row : selection.merged) next.rest_size += size_of(row);
  return next;
}

}  // namespace latformer
