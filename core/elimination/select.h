// Which rows of a layer's input stay, and what its rest row is made of (docs/method.md, "Elimination, inside layer l").
//
//   stay: the protected rows ([CLS], say) and those with the highest score s(j) >= 0; ties go to the lower row; order
//   is
//         kept
//   rest row, when merging:  D = the rows dropped now and the rest row that came in,  w_j = s(j) / sum over D of s
//                            size = sum over D of size_j  (1 for an ordinary row)
//
// Rows are numbered 0 .. n - 1 within one text; a rest row is always the last one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/elimination/profile.h"

namespace latformer {

// The rows of one text that are still alive between two layers.
struct LiveRows {
  std::vector<uint32_t> positions;  // of the ordinary rows: where each stood in the text, ascending
  uint32_t rest_size = 0;           // word-vectors that the rest row behind them stands for; 0: there is none

  bool has_rest() const { return rest_size > 0; }
  uint32_t count() const { return static_cast<uint32_t>(positions.size()) + (has_rest() ? 1 : 0); }

  // All of a text of n tokens.
  static LiveRows all(uint32_t n);
};

// Rows that always stay: the first and the last of a text. (BERT: [CLS]; a decoder: where attention sinks, and what the
// next token follows.)
struct Protected {
  uint32_t first = 0;
  uint32_t last = 0;

  uint32_t count() const { return first + last; }
};

// The output rows of a layer: `kept` ones in their order, behind them one average of the rows in `merged`, if any.
struct Selection {
  std::vector<uint32_t> kept;      // ascending
  std::vector<uint32_t> merged{};  // D, ascending; empty: no new rest row
  std::vector<float> weights{};    // w_j for each of `merged`; they sum to 1
};

// Which `count` rows leave a layer that `rows` came into, by their scores (rows.count()). A count that drops nothing
// keeps every row as it is, the rest row included, and does not look at the scores. A NaN is the lowest of scores; if
// the scores of D do not sum to a positive number, its weights are all equal.
// count >= rows.count(), or it has room for a row at least, those that are protected and, when merging, the rest row.
Selection select(std::span<const float> score, const LiveRows& rows, uint32_t count, Dropped dropped,
                 const Protected& always);

// What is alive behind a layer that `rows` came into.
LiveRows advance(const LiveRows& rows, const Selection& selection);

}  // namespace latformer
