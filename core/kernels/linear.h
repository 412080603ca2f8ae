// Linear layers by our own micro-kernels (micro/table.h), in f32, int8 or int4; the weights are packed once.
//
//   y (rows, out) = x (rows, in) W^T + b
//
// Why not XNNPACK's: its operators lose up to half of their speed when the number of rows is no multiple of their tile,
// which elimination makes the usual case. Its f32 micro-kernels alone, with rows dealt out as ours are, are level with
// ours, which also take rows by index and fetch weights ahead; its int8 ones do not use the relaxed dot product that
// every processor does exactly. bench/native/kernels.cc measures both beside each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/kernels/micro/table.h"
#include "core/kernels/pack.h"
#include "core/kernels/threads.h"

namespace latformer {

// What linear layers compute in: f32; int8, weights with a scale for each output and activations that are rounded row
// by row as they come; or int4, the same with weights of 4 bits and a scale for each group of them. int4 halves what a
// single row waits for.
enum class Precision { f32, int8, int4 };

namespace kernels {

// Which kernels run here, for people: the instruction set and how it multiplies.
std::string_view description();

// What int8 layers compute in: shared by all layers of a model, grown when needed, never shrunk.
struct LinearWorkspace {
  Buffer<std::byte> rows;     // (rows, in)
  Buffer<RowScale> scales;    // (rows)
  Buffer<float> int4_scales;  // (rows)
  Buffer<int32_t> offsets;    // (rows, groups of int4)
};

class Linear {
 public:
  Linear() = default;

  // weight (out, in) as Hugging Face stores it, bias (out); the caller may free its own. Errors: out_of_memory.
  static Result<Linear> create(size_t in, size_t out, std::span<const float> weight, std::span<const float> bias,
                               const MicroKernels& micro = micro_kernels());
  // The same with weight(o, i) = values(o, i) * scales(o). Errors: unsupported_model (in is so large that sums might
  // overflow), out_of_memory.
  static Result<Linear> create(size_t in, size_t out, std::span<const int8_t> values, std::span<const float> scales,
                               std::span<const float> bias, const MicroKernels& micro = micro_kernels());

  // The same of 4 bits. takes() says whether groups of that size can be computed with; a multiple of 8 always can.
  static bool takes(size_t group, const MicroKernels& micro = micro_kernels()) {
    return group > 0 && group % (2 * micro.int8_group) == 0;
  }
  static Result<Linear> create(size_t in, size_t out, const Int4Rows& weight, std::span<const float> bias,
                               const MicroKernels& micro = micro_kernels());

  // Errors: out_of_memory (for the workspace). A row's result does not depend on the rows beside it, nor on threads.
  Status run(const Threads& threads, size_t rows, const float* x, float* y, LinearWorkspace& workspace) const;

  // The same layer once more: the weights are held once.
  Linear share() const;

  size_t in() const { return in_; }
  size_t out() const { return out_; }
  Precision precision() const {
    if (int4_.values.size() > 0) return Precision::int4;
    return int8_.values.size() > 0 ? Precision::int8 : Precision::f32;
  }

 private:
  // Blocks of outputs as micro/table.h lays them out; those past `out` are zero.
  struct Int8Weights {
    Buffer<int8_t> values;
    Buffer<float> scales;
    Buffer<int32_t> sums;
    Excess excess;  // of kernels that need it
  };

  struct Int4Weights {
    Buffer<std::byte> values;
    size_t group = 0;
  };

  size_t padded_in() const;
  void run_f32(const Threads& threads, size_t rows, const float* x, float* y) const;
  Status run_int8(const Threads& threads, size_t rows, const float* x, float* y, LinearWorkspace& workspace) const;
  Status run_int4(const Threads& threads, size_t rows, const float* x, float* y, LinearWorkspace& workspace) const;

  const MicroKernels* micro_ = nullptr;
  size_t in_ = 0, out_ = 0, blocks_ = 0;
  Buffer<float> f32_;
  Int8Weights int8_;
  Int4Weights int4_;
  Buffer<std::byte> first_bytes_;  // of either, for kernels that need them
  Buffer<float> bias_;
};

}  // namespace kernels
}  // namespace latformer
