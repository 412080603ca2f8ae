// speedup -> word-vectors per layer, by the cost model (docs/method.md, "Cost, and the knob").
//
//   MACs of layer l = 3 n_{l-1} d^2 (QKV) + n_{l-1}^2 d (QK^T) + n_l n_{l-1} d (AV) + n_l d^2 (O) + 2 n_l d d_ff (FFN)
//   last layer, as executed for [CLS] alone:  (2 n_{L-1} + 1) d^2 + 2 n_{L-1} d + d^2 + 2 d d_ff
//   S(c) = MACs(0) / MACs(c);   setSpeedup(k) finds the smallest c with S(c) >= k by bisection.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/profile.h"

namespace latformer {

// The sizes that decide the cost of an encoder.
struct EncoderShape {
  uint32_t num_layers = 0;
  uint32_t hidden_size = 0;        // d
  uint32_t intermediate_size = 0;  // d_ff
};

struct Schedule {
  std::vector<uint32_t> counts;  // n_1 .. n_L: word-vectors that leave each layer, the rest row included; n_L = 1
  double coefficient = 0;        // c
  double achieved = 1;           // S(c)
  uint64_t macs = 0;
};

// counts for coefficient c and an input of `tokens` word-vectors; the last one is 1 ([CLS] alone).
std::vector<uint32_t> counts_for(const Profile& profile, uint32_t tokens, double coefficient);
uint64_t macs_of(const EncoderShape& shape, uint32_t tokens, const std::vector<uint32_t>& counts);

// Solves and remembers schedules of one model.
class Scheduler {
 public:
  Scheduler(EncoderShape shape, Profile profile);
  // speedup >= 1 and finite (checked by the caller). achieved is at least `speedup` unless n_min forbids it.
  const Schedule& solve(uint32_t tokens, double speedup);
  const Profile& profile() const { return profile_; }

 private:
  EncoderShape shape_;
  Profile profile_;
  std::map<std::pair<uint32_t, double>, Schedule> solved_;
};

}  // namespace latformer
