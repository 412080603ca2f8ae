// Random numbers that are the same on every machine: each draw belongs to a seed and to what it is for, so that a run
// that is taken up again draws what it would have drawn.
//
//   splitmix64: z = (state += 0x9e3779b97f4a7c15), mixed by two multiplications
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>
#include <utility>
#include <vector>

namespace latformer::train {

class Random {
 public:
  // `purpose` and `number` part the draws of one seed: "batches", epoch 3.
  Random(uint64_t seed, std::string_view purpose, uint64_t number = 0) : state_(seed) {
    for (const char c : purpose) state_ = next() ^ static_cast<unsigned char>(c);
    state_ = next() ^ number;
  }

  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }  // [0, 1)
  uint64_t below(uint64_t limit) { return next() % limit; }  // limit is small beside 2^64, so the bias is nothing
  double normal() {                                          // Box and Muller
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }
  template <class T>
  void shuffle(std::vector<T>& values) {
    for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  uint64_t state_;
};

}  // namespace latformer::train
