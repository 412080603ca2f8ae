// What a call takes on this device, in milliseconds: the cost model of a model that was calibrated (calibration.h).
//
//   T      = outside + call + token N + sum over inner layers of T_l + T_last
//   T_l    = layer.fixed + layer.in(n_{l-1}) + layer.out(n_l)
//            + attention (n_{l-1}^2 + n_{l-1} n_l) + dropping n_{l-1}^2 (if anything is dropped in this text)
//   T_last = last.fixed + last.in(n_{L-1})     where one row leaves the last layer; else that is like any other
//
// in and out are curves that never fall, straight between a few counts: thin matrices cost more a row than thick ones,
// and by how much is a matter of the kernels. QK^T and AV are products of the same kind and share a coefficient.
// Every coefficient is at least 0, so a text that keeps fewer never takes longer (once anything is dropped at all).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"

namespace latformer {

// 0 at knots[0], then slopes[i] a row from knots[i] to knots[i + 1]; the last one goes on.
struct Curve {
  std::vector<uint32_t> knots;
  std::vector<double> slopes;

  double at(uint32_t n) const;
};

// A part of a model at work, alone.
struct Workload {
  enum class Part {
    words,       // tokenizing a text of `in` tokens
    embedding,   // of `in` rows
    layer,       // `in` rows come, `out` leave; any but the last, where one row leaves that
    last_layer,  // `in` rows come, one leaves
    head,        // what leaves the last layer -> the result
  };
  Part part = Part::head;
  uint32_t in = 1;
  uint32_t out = 1;

  friend bool operator==(const Workload&, const Workload&) = default;
};

struct TimeModel {
  struct Layer {
    double fixed = 0;
    Curve in;
    Curve out;  // none for the last layer, which one row leaves
  };

  double outside = 0;  // of every call: what passes before and after the core's own work
  double call = 0;     // of every call: the head
  double token = 0;    // of every token: tokenizer and embeddings
  Layer layer;
  std::optional<Layer> last;  // none where all rows leave the last layer
  double attention = 0;
  double dropping = 0;
  double spread = 1;  // what nearly all measurements stayed below, as a multiple of what is predicted; at least 1

  // Of an input of `tokens` and the counts that leave its layers.
  double milliseconds(uint32_t tokens, const std::vector<uint32_t>& counts) const;
  double milliseconds(const Workload& work) const;

 private:
  double of_layer(uint32_t in, uint32_t out, bool drops) const;
  double of_last_layer(uint32_t in) const;
};

// One object, so that a calibration may be kept. Reading it is strict: bad_model for anything that to_json would not
// write.
std::string to_json(const TimeModel& model);
Result<TimeModel> parse_time_model(std::string_view json);

}  // namespace latformer
