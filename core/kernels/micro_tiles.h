// Matrix products in tiles, for the instruction set that a file including this one is compiled for.
//
// A tile is kRows x kVectors vectors of sums, as many as the registers hold: for each k, kVectors loads of weights and
// kRows spread activations make kRows * kVectors multiply-adds. One or two rows would leave the multipliers waiting for
// each other, so they take several blocks at once.
//
// The loops over k are not unrolled and step pointers: V8 schedules badly across copies of the body (a third slower).
//
// While tiles compute they fetch the next block of weights, each its share of the cache lines: else every new page
// would wait for memory. WebAssembly has no prefetch, and a load for nothing holds up all that is behind it. A store
// does not, so a line is fetched by writing the byte that it begins with over itself; these bytes are kept apart
// (pack.h). Threads share no blocks, and where two of them meet in a line they write what is there.
#pragma once

#include <algorithm>
#include <cstddef>

#include "core/kernels/micro.h"
#include "core/kernels/vector.h"

namespace latformer::kernels {
namespace {

// Rows of the largest tile, by what compilers and V8 keep in registers: with 16 of them, a machine without fused
// multiply-add needs some for products.
#if defined(__AVX512F__)
inline constexpr int kF32Rows = 8;
inline constexpr int kInt8Rows = 8;
#elif defined(__FMA__) || defined(__wasm_relaxed_simd__)
inline constexpr int kF32Rows = 6;
inline constexpr int kInt8Rows = 6;
inline constexpr int kInt8PairRows = 4;
#else
inline constexpr int kF32Rows = 4;
inline constexpr int kInt8Rows = 4;
#endif
inline constexpr int kVectors = 2;  // of one block
inline constexpr size_t kColumns = kVectors * kWidth;

// Not natively, where processors keep up by themselves and GCC would no longer keep the sums in registers; SSE2 is
// there for tests of it.
#if defined(__wasm_simd128__) || (defined(__SSE2__) && !defined(__AVX__))
inline constexpr bool kFetchesAhead = true;
#else
inline constexpr bool kFetchesAhead = false;
#endif

// Blocks that a tile of so many rows takes.
constexpr int blocks_for(int rows) { return rows == 1 ? 4 : rows == 2 ? 2 : 1; }

// What one of several tiles, each of so many steps, fetches of so many bytes.
struct Share {
  static constexpr size_t kLines = 4;  // at a time
  size_t lines, pause;                 // all in all; steps from one time to the next

  Share(size_t bytes, size_t tiles, size_t steps)
      : lines((bytes / kLineBytes / tiles / kLines + 1) * kLines), pause(std::max(steps * kLines / lines, size_t{1})) {}
};

// Fetches a tile's share of the lines from one byte of the weights to another. fetch() gives how many steps there are,
// at most those that are left, until the next time.
class Ahead {
 public:
  template <class Product>
  Ahead(const Product& product, size_t from, size_t to, size_t tile, const Share& share) : pause_(share.pause) {
    const size_t line = from / kLineBytes + tile * share.lines;
    line_ =
        reinterpret_cast<std::byte*>(const_cast<void*>(static_cast<const void*>(product.weights))) + line * kLineBytes;
    first_byte_ = product.first_bytes + line;
    end_ = product.first_bytes + std::min(line + share.lines, to / kLineBytes);
  }

  [[gnu::always_inline]] size_t fetch(size_t left) {
    if (end_ - first_byte_ >= static_cast<ptrdiff_t>(Share::kLines)) {
      for (size_t i = 0; i < Share::kLines; ++i) line_[i * kLineBytes] = first_byte_[i];
      line_ += Share::kLines * kLineBytes;
      first_byte_ += Share::kLines;
    }
    return left < pause_ ? left : pause_;
  }

 private:
  std::byte* line_;
  const std::byte* first_byte_;
  const std::byte* end_;
  size_t pause_;
};
struct NothingAhead {
  [[gnu::always_inline]] size_t fetch(size_t left) const { return left; }
};

// Stores the sums of one row and block, of which the last of a product may be narrower.
[[gnu::always_inline]] inline void store_block(const Floats* sums, size_t columns, float* y) {
  if (columns >= kColumns) {
    for (int v = 0; v < kVectors; ++v) store_vector(sums[v], y + v * kWidth);
    return;
  }
  float values[kColumns];
  for (int v = 0; v < kVectors; ++v) store_vector(sums[v], values + v * kWidth);
  for (size_t column = 0; column < columns; ++column) y[column] = values[column];
}

struct F32Tile {
  using Product = F32Product;
  static constexpr int kMaxRows = kF32Rows;

  // What fits into one tile is bound by how much comes from memory, and what was written goes back there.
  static bool fetches_ahead(size_t tiles) { return tiles > 1; }
  static size_t block_bytes(const Product& product) { return product.block_stride * sizeof(float); }
  static const float* block_of(const Product& product, size_t block) {
    return product.weights + block * product.block_stride;
  }
  static size_t steps_of(const Product& product) { return product.in; }

  template <int kRows, int kBlocks, class Next>
  [[gnu::noinline]] static void run(const Product& product, size_t row, size_t block, Next next) {
    const size_t in = product.in;
    const float* x[kRows];
    for (int r = 0; r < kRows; ++r) {
      const size_t index = product.x_rows != nullptr ? product.x_rows[row + r] : row + r;
      x[r] = product.x + index * product.x_stride;
    }
    const size_t k_stride = product.k_stride;
    const float* w[kBlocks];
    Floats sums[kRows][kBlocks * kVectors];
    for (int b = 0; b < kBlocks; ++b) {
      w[b] = block_of(product, block + b);
      for (int v = 0; v < kVectors; ++v) {
        const size_t column = (block + b) * kColumns + v * kWidth;
        const Floats bias = product.bias != nullptr ? load_vector<Floats>(product.bias + column) : Floats{};
        for (int r = 0; r < kRows; ++r) sums[r][b * kVectors + v] = bias;
      }
    }
    for (size_t left = in; left > 0;) {
      size_t steps = next.fetch(left);
      left -= steps;
      for (; steps > 0; --steps) {
        Floats weights[kBlocks * kVectors];
        for (int b = 0; b < kBlocks; ++b) {
          for (int v = 0; v < kVectors; ++v) weights[b * kVectors + v] = load_vector<Floats>(w[b] + v * kWidth);
          w[b] += k_stride;
        }
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
          const Floats value = spread(*x[r]++);
#pragma GCC unroll 16
          for (int v = 0; v < kBlocks * kVectors; ++v) sums[r][v] = multiply_add(value, weights[v], sums[r][v]);
        }
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int b = 0; b < kBlocks; ++b) {
        const size_t column = (block + b) * kColumns;
        store_block(&sums[r][b * kVectors], product.out - column, product.y + (row + r) * product.y_stride + column);
      }
    }
  }
};

template <class Dot, int kMostRows>
struct Int8Tile {
  using Product = Int8Product;
  static constexpr int kMaxRows = kMostRows;
  static constexpr size_t kGroup = Dot::kGroup;
  static constexpr size_t kGroups = Dot::kStep / kGroup;  // at a time
  static constexpr size_t kStepBytes = kColumns * Dot::kStep;

  // Many tiles of the fast dot product lose a hundredth by it.
  static bool fetches_ahead(size_t tiles) { return kGroup < 4 || tiles <= 6; }
  static size_t block_bytes(const Product& product) { return product.in_padded * kColumns; }
  static const int8_t* block_of(const Product& product, size_t block) {
    return product.weights + block * product.in_padded * kColumns;
  }
  static size_t steps_of(const Product& product) { return product.in_padded / Dot::kStep; }

  template <int kRows, int kBlocks, class Next>
  [[gnu::noinline]] static void run(const Product& product, size_t row, size_t block, Next next) {
    using Activation = typename Dot::Activation;
    using Group = typename Dot::Group;
    const size_t in = product.in_padded;
    const Activation* x[kRows];
    for (int r = 0; r < kRows; ++r) x[r] = static_cast<const Activation*>(product.x) + (row + r) * in;
    const int8_t* w[kBlocks];
    for (int b = 0; b < kBlocks; ++b) w[b] = block_of(product, block + b);
    Ints sums[kRows][kBlocks * kVectors] = {};
    for (size_t left = steps_of(product); left > 0;) {
      size_t steps = next.fetch(left);
      left -= steps;
      for (; steps > 0; --steps) {
        Group weights[kBlocks * kVectors][kGroups];
        for (int b = 0; b < kBlocks; ++b) {
          for (int v = 0; v < kVectors; ++v) {
            for (size_t g = 0; g < kGroups; ++g) {
              weights[b * kVectors + v][g] = Dot::weights(w[b] + (g * kColumns + v * kWidth) * kGroup);
            }
          }
          w[b] += kStepBytes;
        }
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
          Group values[kGroups];
          for (size_t g = 0; g < kGroups; ++g) values[g] = Dot::activations(x[r] + g * kGroup);
          x[r] += Dot::kStep;
#pragma GCC unroll 16
          for (int v = 0; v < kBlocks * kVectors; ++v) sums[r][v] = Dot::add(sums[r][v], weights[v], values);
        }
      }
    }
    if constexpr (kGroups > 1) {
#pragma GCC unroll 16
      for (int b = 0; b < kBlocks; ++b) {
        const size_t first_group = block + b == 0 ? 0 : product.excess.ends[block + b - 1];
        for (size_t group = first_group; group < product.excess.ends[block + b]; ++group) {
          const Activation* at = static_cast<const Activation*>(product.x) + row * in + product.excess.k[group];
          const int8_t* weights = product.excess.weights + group * kColumns * kGroup;
#pragma GCC unroll 16
          for (int r = 0; r < kRows; ++r) {
            const Group value = Dot::activations(at + r * in);
            for (int v = 0; v < kVectors; ++v) {
              Ints& sum = sums[r][b * kVectors + v];
              sum = Int8Dot::add(sum, Dot::weights(weights + v * kWidth * kGroup), value);
            }
          }
        }
      }
    }
    for (int b = 0; b < kBlocks; ++b) {
      const size_t column = (block + b) * kColumns;
      for (int r = 0; r < kRows; ++r) {
        const RowScale& row_scale = product.scales[row + r];
        Floats results[kVectors];
        for (int v = 0; v < kVectors; ++v) {
          const size_t at = column + v * kWidth;
          const Ints exact =
              sums[r][b * kVectors + v] - spread(row_scale.zero) * load_vector<Ints>(product.column_sums + at);
          // Not fused: every instruction set is to round alike.
          const Floats scaled = __builtin_convertvector(exact, Floats) * spread(row_scale.scale);
          const Floats product_part = scaled * load_vector<Floats>(product.column_scales + at);
          results[v] = product_part + load_vector<Floats>(product.bias + at);
        }
        store_block(results, product.out - column, product.y + (row + r) * product.out + column);
      }
    }
  }
};

// Calls Tile::run<count, 1> for the count, at least kLeast, that is known at run time only.
template <class Tile, int kLeast, int kRows, class Next>
[[gnu::always_inline]] inline void run_tile(size_t count, const typename Tile::Product& product, size_t row,
                                            size_t block, Next next) {
  if constexpr (kRows >= kLeast) {
    if (count == kRows) return Tile::template run<kRows, 1>(product, row, block, next);
    run_tile<Tile, kLeast, kRows - 1>(count, product, row, block, next);
  }
}

// Few rows, all in one tile: as many blocks at once as the registers hold, the last ones one by one.
template <class Tile, int kRows>
size_t run_thin(const typename Tile::Product& product, bool fetches, size_t block, size_t last_block) {
  constexpr int kBlocks = blocks_for(kRows);
  const size_t bytes = Tile::block_bytes(product);
  const Share share(kBlocks * bytes, 1, Tile::steps_of(product));
  for (; block + kBlocks <= last_block; block += kBlocks) {
    const size_t next = block + kBlocks;
    if (kFetchesAhead && fetches && next < last_block) {
      const size_t end = std::min(next + kBlocks, last_block);
      Tile::template run<kRows, kBlocks>(product, 0, block, Ahead(product, next * bytes, end * bytes, 0, share));
    } else {
      Tile::template run<kRows, kBlocks>(product, 0, block, NothingAhead());
    }
  }
  return block;
}

// Blocks outside, rows inside: a block's weights stay in the nearest cache while the rows pass by. Rows are dealt out
// evenly: seven are four and three, not six and one.
template <class Tile>
void run_product(const typename Tile::Product& product, size_t first_block, size_t last_block) {
  const size_t tiles = (product.rows + Tile::kMaxRows - 1) / Tile::kMaxRows;
  bool fetches = kFetchesAhead && product.first_bytes != nullptr && Tile::fetches_ahead(tiles);
  size_t block = first_block;
  if (product.rows == 1) block = run_thin<Tile, 1>(product, fetches, block, last_block);
  if (product.rows == 2) block = run_thin<Tile, 2>(product, fetches, block, last_block);
  constexpr int kLeast = Tile::kMaxRows / 2;  // rows of a tile where there are several
  fetches = fetches && product.rows >= kLeast;
  const size_t bytes = Tile::block_bytes(product);
  const Share share(bytes, tiles, Tile::steps_of(product));
  for (; block < last_block; ++block) {
    size_t row = 0;
    for (size_t tile = 0; tile < tiles; ++tile) {
      const size_t left = tiles - tile;
      const size_t count = (product.rows - row + left - 1) / left;
      if (fetches && block + 1 < last_block) {
        const Ahead ahead(product, (block + 1) * bytes, (block + 2) * bytes, tile, share);
        run_tile<Tile, kLeast, Tile::kMaxRows>(count, product, row, block, ahead);
      } else {
        run_tile<Tile, 1, Tile::kMaxRows>(count, product, row, block, NothingAhead());
      }
      row += count;
    }
  }
}

}  // namespace
}  // namespace latformer::kernels
