#include "core/kernels/linear.h"

#include <pthreadpool.h>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <string>

namespace latformer::kernels {
namespace {

constexpr size_t kMaxInt8Inputs = 100'000;  // 127 * 127 * in stays below 2^31
constexpr size_t kPanelBytes = size_t{192}
                               << 10;  // of activations that stay in the second cache while the blocks pass by
constexpr size_t kMinPanelRows = 48;   // so that a block's weights, once in the first cache, are used this often
constexpr size_t kTasksPerThread = 4;  // so that a thread that was held up can be helped
constexpr size_t kMinBytesToShare = size_t{512}
                                    << 10;  // rows times bytes of weights: less is done before a thread wakes up

size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }

// Calls product(first row, rows, first block, last block) for all of rows x blocks, on several threads where that pays.
// Of a single panel of rows threads share the blocks, so that each keeps its part of the weights in its own cache; of
// several each takes panels of its own.
template <class Function>
void for_each_part(const Threads& threads, size_t rows, size_t row_bytes, size_t blocks, size_t block_bytes,
                   const Function& function) {
  struct Task {
    const Function* function;
    size_t rows, panel, blocks, chunk;
  };
  pthreadpool* pool = uint64_t{rows} * blocks * block_bytes < kMinBytesToShare ? nullptr : threads.pool();
  const size_t count = pool == nullptr ? 1 : pthreadpool_get_threads_count(pool);
  const size_t panel = blocks == 1 && count > 1 ? divide_up(rows, kTasksPerThread * count)
                                                : std::max(kMinPanelRows, kPanelBytes / row_bytes);
  const size_t panels = divide_up(rows, panel);
  const size_t chunks = count == 1 ? 1 : std::min(blocks, divide_up(kTasksPerThread * count, panels));
  const Task task{&function, rows, divide_up(rows, panels), blocks, divide_up(blocks, chunks)};
  pthreadpool_parallelize_2d(
      pool,
      [](void* context, size_t panel_index, size_t chunk_index) {
        const Task& t = *static_cast<const Task*>(context);
        const size_t row = panel_index * t.panel;
        const size_t block = chunk_index * t.chunk;
        if (row >= t.rows || block >= t.blocks) return;
        (*t.function)(row, std::min(t.panel, t.rows - row), block, std::min(block + t.chunk, t.blocks));
      },
      const_cast<Task*>(&task), panels, chunks, 0);
}

// Values of a vector laid out as blocks: what is past the end is zero.
template <class T>
Result<Buffer<T>> padded(std::span<const T> values, size_t size) {
  LATFORMER_ASSIGN(Buffer<T> result, Buffer<T>::allocate(size));
  std::fill(std::copy(values.begin(), values.end(), result.data()), result.data() + size, T{});
  return result;
}

template <class T>
int32_t sum_of(const T* values, size_t count) {
  int32_t sum = 0;
  for (size_t i = 0; i < count; ++i) sum += values[i];
  return sum;
}

}  // namespace

std::string_view description() { return micro_kernels().name; }

Result<Linear> Linear::create(size_t in, size_t out, std::span<const float> weight, std::span<const float> bias,
                              const MicroKernels& micro) {
  const size_t columns = micro.f32_columns;
  Linear linear;
  linear.micro_ = &micro;
  linear.in_ = in;
  linear.out_ = out;
  linear.blocks_ = divide_up(out, columns);
  LATFORMER_ASSIGN(linear.bias_, padded(bias, linear.blocks_ * columns));
  LATFORMER_ASSIGN(linear.f32_, Buffer<float>::allocate(volume({linear.blocks_, columns, in})));
  pack_f32(in, out, columns, weight.data(), linear.f32_.data());
  if (micro.fetches_ahead) {
    LATFORMER_ASSIGN(linear.first_bytes_, first_bytes_of(std::as_bytes(linear.f32_.span())));
  }
  return linear;
}

Result<Linear> Linear::create(size_t in, size_t out, std::span<const int8_t> values, std::span<const float> scales,
                              std::span<const float> bias, const MicroKernels& micro) {
  if (in > kMaxInt8Inputs) return unsupported_model("int8 layers of " + std::to_string(in) + " inputs");
  const size_t columns = micro.int8_columns;
  Linear linear;
  linear.micro_ = &micro;
  linear.in_ = in;
  linear.out_ = out;
  linear.blocks_ = divide_up(out, columns);
  const size_t padded_in = linear.padded_in();
  const size_t padded_out = linear.blocks_ * columns;
  LATFORMER_ASSIGN(linear.bias_, padded(bias, padded_out));
  LATFORMER_ASSIGN(linear.int8_.scales, padded(scales, padded_out));
  LATFORMER_ASSIGN(linear.int8_.sums, Buffer<int32_t>::allocate(padded_out));
  LATFORMER_ASSIGN(linear.int8_.values, Buffer<int8_t>::allocate(volume({padded_out, padded_in})));
  pack_int8(in, padded_in, out, columns, micro.int8_group, values.data(), linear.int8_.values.data(),
            linear.int8_.sums.data());
  if (micro.int8_pairs) {
    LATFORMER_ASSIGN(linear.int8_.excess, Excess::take(padded_in, linear.blocks_, columns, linear.int8_.values.data()));
  }
  if (micro.fetches_ahead) {
    LATFORMER_ASSIGN(linear.first_bytes_, first_bytes_of(std::as_bytes(linear.int8_.values.span())));
  }
  return linear;
}

Result<Linear> Linear::create(size_t in, size_t out, const Int4Rows& weight, std::span<const float> bias,
                              const MicroKernels& micro) {
  assert(takes(weight.group, micro) && in % weight.group == 0);
  const size_t columns = micro.int8_columns;
  const size_t groups = in / weight.group;
  Linear linear;
  linear.micro_ = &micro;
  linear.in_ = in;
  linear.out_ = out;
  linear.blocks_ = divide_up(out, columns);
  linear.int4_.group = weight.group;
  LATFORMER_ASSIGN(linear.bias_, padded(bias, linear.blocks_ * columns));
  LATFORMER_ASSIGN(linear.int4_.values,
                   Buffer<std::byte>::allocate(volume({linear.blocks_, columns, in / 2 + groups * sizeof(float)})));
  pack_int4(in, out, columns, micro.int8_group, weight, linear.int4_.values.data());
  return linear;
}

Linear Linear::share() const {
  Linear other;
  other.micro_ = micro_;
  other.in_ = in_;
  other.out_ = out_;
  other.blocks_ = blocks_;
  other.f32_ = f32_.share();
  other.int8_ = {.values = int8_.values.share(),
                 .scales = int8_.scales.share(),
                 .sums = int8_.sums.share(),
                 .excess = int8_.excess.share()};
  other.int4_ = {.values = int4_.values.share(), .group = int4_.group};
  other.first_bytes_ = first_bytes_.share();
  other.bias_ = bias_.share();
  return other;
}

size_t Linear::padded_in() const { return divide_up(in_, micro_->int8_step) * micro_->int8_step; }

Status Linear::run(const Threads& threads, size_t rows, const float* x, float* y, LinearWorkspace& workspace) const {
  if (rows == 0) return {};
  if (precision() == Precision::int4) return run_int4(threads, rows, x, y, workspace);
  if (precision() == Precision::int8) return run_int8(threads, rows, x, y, workspace);
  run_f32(threads, rows, x, y);
  return {};
}

void Linear::run_f32(const Threads& threads, size_t rows, const float* x, float* y) const {
  const size_t columns = micro_->f32_columns;
  for_each_part(threads, rows, in_ * sizeof(float), blocks_, in_ * columns * sizeof(float),
                [&](size_t row, size_t count, size_t first_block, size_t last_block) {
                  micro_->f32_product({.rows = count,
                                       .in = in_,
                                       .out = out_,
                                       .x = x + row * in_,
                                       .x_stride = in_,
                                       .x_rows = nullptr,
                                       .weights = f32_.data(),
                                       .block_stride = in_ * columns,
                                       .k_stride = columns,
                                       .first_bytes = first_bytes_.data(),
                                       .bias = bias_.data(),
                                       .y = y + row * out_,
                                       .y_stride = out_},
                                      first_block, last_block);
                });
}

Status Linear::run_int8(const Threads& threads, size_t rows, const float* x, float* y,
                        LinearWorkspace& workspace) const {
  const size_t padded = padded_in();
  const size_t row_bytes = padded * micro_->activation_size;
  LATFORMER_TRY(workspace.rows.reserve(rows * row_bytes));
  LATFORMER_TRY(workspace.scales.reserve(rows));
  std::byte* quantized = workspace.rows.data();
  RowScale* scales = workspace.scales.data();
  for_each_part(threads, rows, row_bytes, 1, row_bytes, [&](size_t row, size_t count, size_t, size_t) {
    for (size_t i = row; i < row + count; ++i) {
      scales[i] = micro_->quantize_row(in_, padded, x + i * in_, quantized + i * row_bytes);
    }
  });
  for_each_part(threads, rows, row_bytes, blocks_, padded * micro_->int8_columns,
                [&](size_t row, size_t count, size_t first_block, size_t last_block) {
                  micro_->int8_product({.rows = count,
                                        .in_padded = padded,
                                        .out = out_,
                                        .x = quantized + row * row_bytes,
                                        .scales = scales + row,
                                        .weights = int8_.values.data(),
                                        .first_bytes = first_bytes_.data(),
                                        .excess = int8_.excess.view(),
                                        .column_scales = int8_.scales.data(),
                                        .column_sums = int8_.sums.data(),
                                        .bias = bias_.data(),
                                        .y = y + row * out_},
                                       first_block, last_block);
                });
  return {};
}

Status Linear::run_int4(const Threads& threads, size_t rows, const float* x, float* y,
                        LinearWorkspace& workspace) const {
  const size_t size = micro_->activation_size;
  const size_t row_bytes = in_ * size;
  const size_t groups = in_ / int4_.group;
  LATFORMER_TRY(workspace.rows.reserve(rows * row_bytes));
  LATFORMER_TRY(workspace.int4_scales.reserve(rows));
  LATFORMER_TRY(workspace.offsets.reserve(rows * groups));
  std::byte* quantized = workspace.rows.data();
  float* scales = workspace.int4_scales.data();
  int32_t* offsets = workspace.offsets.data();
  for_each_part(threads, rows, row_bytes, 1, row_bytes, [&](size_t row, size_t count, size_t, size_t) {
    for (size_t i = row; i < row + count; ++i) {
      scales[i] = micro_->quantize_signed(in_, x + i * in_, quantized + i * row_bytes);
      for (size_t g = 0; g < groups; ++g) {
        const std::byte* first = quantized + i * row_bytes + g * int4_.group * size;
        const int32_t sum = size == 1 ? sum_of(reinterpret_cast<const int8_t*>(first), int4_.group)
                                      : sum_of(reinterpret_cast<const int16_t*>(first), int4_.group);
        offsets[i * groups + g] = -8 * sum;
      }
    }
  });
  for_each_part(threads, rows, row_bytes, blocks_, int4_.values.size() / blocks_,
                [&](size_t row, size_t count, size_t first_block, size_t last_block) {
                  micro_->int4_product({.rows = count,
                                        .in = in_,
                                        .group = int4_.group,
                                        .out = out_,
                                        .x = quantized + row * row_bytes,
                                        .scales = scales + row,
                                        .offsets = offsets + row * groups,
                                        .weights = int4_.values.data(),
                                        .bias = bias_.data(),
                                        .y = y + row * out_},
                                       first_block, last_block);
                });
  return {};
}

}  // namespace latformer::kernels
