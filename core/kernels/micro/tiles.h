// Matrix products in tiles, for the instruction set that a file including this one is compiled for.
//
// A tile is kRows x kVectors vectors of sums, as many as the registers hold: for each k, kVectors loads of weights and
// kRows spread activations make kRows * kVectors multiply-adds. The kVectors sums of a single row would wait for each
// other. In f32, whose sums have one order for any number of rows, several blocks go side by side then; in int8, whose
// sums are exact, several steps of k do, so that the weights, which it waits for most, stay one stream.
//
// Else loops over k are not unrolled and step pointers: V8 schedules badly across copies of the body (a third slower).
//
// While tiles compute they fetch the next block of weights, each its share of the cache lines: else every new page
// would wait for memory. WebAssembly has no prefetch, and a load for nothing holds up all that is behind it. A store
// does not, so a line is fetched by writing the byte that it begins with over itself; these bytes are kept apart
// (pack.h). Where two threads meet in a line they write what is there.
#pragma once

#include <cstddef>

#include "core/kernels/micro/table.h"
#include "core/kernels/micro/vector.h"

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
inline constexpr int kInt4Rows = 3;
inline constexpr int kVectors = 2;  // of one block
inline constexpr size_t kColumns = kVectors * kWidth;
inline constexpr int kSideBySide = 4;  // blocks, or steps of k, of a single row

// Not natively, where processors keep up by themselves and GCC would no longer keep the sums in registers; SSE2 is
// there for tests of it. Nor under ThreadSanitizer: stores that meet are defined in WebAssembly, but not in C++.
#if defined(__wasm_simd128__) || (defined(__SSE2__) && !defined(__AVX__) && !defined(LATFORMER_THREAD_SANITIZER))
inline constexpr bool kFetchesAhead = true;
#else
inline constexpr bool kFetchesAhead = false;
#endif

// What one of several tiles, each of so many steps, fetches of so many bytes.
struct Share {
  static constexpr size_t kLines = 4;  // at a time
  size_t lines, pause;                 // all in all; steps from one time to the next

  Share(size_t bytes, size_t tiles, size_t steps) : lines((bytes / kLineBytes / tiles / kLines + 1) * kLines) {
    const size_t times = lines / kLines;
    pause = steps > times ? steps / times : 1;
  }
};

// Fetches a tile's share of the lines from one byte of the weights to another. fetch() gives how many steps there are,
// at most those that are left, until the next time.
class Ahead {
 public:
  template <class Product>
  Ahead(const Product& product, size_t from, size_t to, size_t tile, const Share& share) : pause_(share.pause) {
    const size_t line = from / kLineBytes + tile * share.lines;
    line_ = const_cast<std::byte*>(reinterpret_cast<const std::byte*>(product.weights)) + line * kLineBytes;
    const size_t end = to / kLineBytes;
    first_byte_ = product.first_bytes + line;
    end_ = product.first_bytes + (line + share.lines < end ? line + share.lines : end);
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

  static bool fetches_ahead(size_t /*tiles*/) { return true; }
  static size_t block_bytes(const Product& product) { return product.block_stride * sizeof(float); }
  static size_t steps_of(const Product& product) { return product.in; }

  // The tile of kRows rows and kBlocks blocks.
  template <int kRows, int kBlocks = 1, class Next>
  [[gnu::noinline]] static void run(const Product& product, size_t row, size_t block, Next next) {
    const float* x[kRows];
    for (int r = 0; r < kRows; ++r) {
      const size_t index = product.x_rows != nullptr ? product.x_rows[row + r] : row + r;
      x[r] = product.x + index * product.x_stride;
    }
    const size_t k_stride = product.k_stride;
    const float* w[kBlocks];
    Floats sums[kRows][kBlocks][kVectors];
    for (int b = 0; b < kBlocks; ++b) {
      w[b] = product.weights + (block + b) * product.block_stride;
      for (int v = 0; v < kVectors; ++v) {
        const size_t column = (block + b) * kColumns + v * kWidth;
        const Floats bias = product.bias != nullptr ? load_vector<Floats>(product.bias + column) : Floats{};
        for (int r = 0; r < kRows; ++r) sums[r][b][v] = bias;
      }
    }
    for (size_t left = product.in; left > 0;) {
      size_t steps = next.fetch(left);
      left -= steps;
      for (; steps > 0; --steps) {
        Floats weights[kBlocks][kVectors];
        for (int b = 0; b < kBlocks; ++b) {
          for (int v = 0; v < kVectors; ++v) weights[b][v] = load_vector<Floats>(w[b] + v * kWidth);
          w[b] += k_stride;
        }
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
          const Floats value = spread(*x[r]++);
          for (int b = 0; b < kBlocks; ++b) {
            for (int v = 0; v < kVectors; ++v) sums[r][b][v] = multiply_add(value, weights[b][v], sums[r][b][v]);
          }
        }
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int b = 0; b < kBlocks; ++b) {
        const size_t column = (block + b) * kColumns;
        store_block(sums[r][b], product.out - column, product.y + (row + r) * product.y_stride + column);
      }
    }
  }

  // A single row, of as many blocks from `block` as it takes at a time; gives how many these were.
  static size_t run_single(const Product& product, size_t block, size_t last_block) {
    if (last_block - block >= kSideBySide) {
      run<1, kSideBySide>(product, 0, block, NothingAhead());
      return kSideBySide;
    }
    run<1>(product, 0, block, NothingAhead());
    return 1;
  }
};

// What turns exact sums of one block into results: y = (sum - zero * column sum) * row scale * column scale + bias.
struct Int8Columns {
  Ints sums[kVectors];
  Floats scales[kVectors], bias[kVectors];

  [[gnu::always_inline]] Int8Columns(const Int8Product& product, size_t block) {
    for (int v = 0; v < kVectors; ++v) {
      const size_t column = block * kColumns + v * kWidth;
      sums[v] = load_vector<Ints>(product.column_sums + column);
      scales[v] = load_vector<Floats>(product.column_scales + column);
      bias[v] = load_vector<Floats>(product.bias + column);
    }
  }

  [[gnu::always_inline]] void store(const Int8Product& product, size_t row, size_t block, const Ints* row_sums) const {
    const RowScale& row_scale = product.scales[row];
    Floats results[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      const Ints exact = row_sums[v] - spread(row_scale.zero) * sums[v];
      // Not fused: every instruction set is to round alike.
      const Floats scaled = __builtin_convertvector(exact, Floats) * spread(row_scale.scale);
      const Floats product_part = scaled * scales[v];
      results[v] = product_part + bias[v];
    }
    const size_t column = block * kColumns;
    store_block(results, product.out - column, product.y + row * product.out + column);
  }
};

template <class Dot, int kMostRows>
struct Int8Tile {
  using Product = Int8Product;
  static constexpr int kMaxRows = kMostRows;
  static constexpr size_t kGroup = Dot::kGroup;
  static constexpr size_t kGroups = Dot::kStep / kGroup;  // at a time
  // Whether sums wait for those of the step before. Where a dot product takes several instructions, other ones do: the
  // copies of the body cost V8 a third there.
  static constexpr bool kWaits = kGroup == 4 && kGroups == 1;

  // Many tiles of the fast dot product lose a hundredth by it.
  static bool fetches_ahead(size_t tiles) { return kGroup < 4 || tiles <= 6; }
  static size_t block_bytes(const Product& product) { return product.in_padded * kColumns; }
  static size_t steps_of(const Product& product) { return product.in_padded / Dot::kStep; }

  // Steps past x and w, kSideBySide steps at a time, and gives how many of `steps` are left.
  static size_t run_side_by_side(size_t steps, const typename Dot::Activation*& x, const int8_t*& w, Ints* sums) {
    Ints all[kSideBySide][kVectors] = {};
    for (; steps >= kSideBySide; steps -= kSideBySide) {
#pragma GCC unroll 16
      for (int s = 0; s < kSideBySide; ++s) {
        const typename Dot::Group value = Dot::activations(x + s * kGroup);
        for (int v = 0; v < kVectors; ++v) {
          const typename Dot::Group weights = Dot::weights(w + (s * kColumns + v * kWidth) * kGroup);
          all[s][v] = Dot::add(all[s][v], weights, value);
        }
      }
      x += kSideBySide * kGroup;
      w += kSideBySide * kColumns * kGroup;
    }
    for (int v = 0; v < kVectors; ++v) sums[v] = (all[0][v] + all[1][v]) + (all[2][v] + all[3][v]);
    return steps;
  }

  template <int kRows = 1>  // GCC 12 fails to compile the call of run() with a number
  static size_t run_single(const Product& product, size_t block, size_t /*last_block*/) {
    run<kRows>(product, 0, block, NothingAhead());
    return 1;
  }

  template <int kRows, class Next>
  [[gnu::noinline]] static void run(const Product& product, size_t row, size_t block, Next next) {
    using Activation = typename Dot::Activation;
    using Group = typename Dot::Group;
    const size_t in = product.in_padded;
    const Activation* x[kRows];
    for (int r = 0; r < kRows; ++r) x[r] = static_cast<const Activation*>(product.x) + (row + r) * in;
    const int8_t* w = product.weights + block * block_bytes(product);
    Ints sums[kRows][kVectors] = {};
    size_t left = steps_of(product);
    if constexpr (kRows == 1 && kWaits) left = run_side_by_side(left, x[0], w, sums[0]);
    while (left > 0) {
      size_t steps = next.fetch(left);
      left -= steps;
      for (; steps > 0; --steps) {
        Group weights[kVectors][kGroups];
        for (int v = 0; v < kVectors; ++v) {
          for (size_t g = 0; g < kGroups; ++g) {
            weights[v][g] = Dot::weights(w + (g * kColumns + v * kWidth) * kGroup);
          }
        }
        w += kColumns * Dot::kStep;
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
          Group values[kGroups];
          for (size_t g = 0; g < kGroups; ++g) values[g] = Dot::activations(x[r] + g * kGroup);
          x[r] += Dot::kStep;
          for (int v = 0; v < kVectors; ++v) sums[r][v] = Dot::add(sums[r][v], weights[v], values);
        }
      }
    }
    if constexpr (kGroups > 1) {
      const Int8Excess& excess = product.excess;
      for (size_t group = block == 0 ? 0 : excess.ends[block - 1]; group < excess.ends[block]; ++group) {
        const Activation* at = static_cast<const Activation*>(product.x) + row * in + excess.k[group];
        const int8_t* weights = excess.weights + group * kColumns * kGroup;
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
          const Group value = Dot::activations(at + r * in);
          for (int v = 0; v < kVectors; ++v) {
            sums[r][v] = Int8Dot::add(sums[r][v], Dot::weights(weights + v * kWidth * kGroup), value);
          }
        }
      }
    }
    const Int8Columns columns(product, block);
    for (int r = 0; r < kRows; ++r) columns.store(product, row + r, block, sums[r]);
  }
};

// Sums of a file's group of weights are exact and small; they become floats, in the order of k, group by group.
template <class Dot, int kMostRows>
struct Int4Tile {
  using Product = Int4Product;
  using Group = typename Dot::Group;
  using Activation = typename Dot::Activation;
  static constexpr int kMaxRows = kMostRows;
  static constexpr size_t kGroup = Dot::kGroup;
  static constexpr size_t kStep = 2 * kGroup;
  // Machines that add products of 8 bits up in 16 do so with those of four steps: 8 * 2 * 15 * 127 is below 2^15.
  static constexpr bool kPairs = Dot::kStep > kGroup;
  static constexpr size_t kShortSteps = 4;

  static bool fetches_ahead(size_t /*tiles*/) { return false; }
  static size_t block_bytes(const Product& product) {
    return (product.in / 2 + product.in / product.group * sizeof(float)) * kColumns;
  }
  static size_t steps_of(const Product& product) { return product.in / kStep; }

  template <int kRows = 1>  // as above
  static size_t run_single(const Product& product, size_t block, size_t /*last_block*/) {
    run<kRows>(product, 0, block, NothingAhead());
    return 1;
  }

  // `count` steps of all rows.
  template <int kRows, class Sums>
  [[gnu::always_inline]] static void add_steps(size_t count, const Activation** x, const uint8_t*& w, Sums& sums) {
    for (size_t s = 0; s < count; ++s, w += kColumns * kGroup) {
      Group weights[kVectors][2];
      for (int v = 0; v < kVectors; ++v) Dot::nibbles(w + v * kWidth * kGroup, weights[v]);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const Group low = Dot::activations(x[r]);
        const Group high = Dot::activations(x[r] + kGroup);
        x[r] += kStep;
        for (int v = 0; v < kVectors; ++v) sums.add(r, v, low, high, weights[v]);
      }
    }
  }
  template <int kRows>
  struct LongSums {
    Ints (&sums)[kRows][kVectors];
    [[gnu::always_inline]] void add(int r, int v, Group low, Group high, const Group* weights) {
      sums[r][v] = Int8Dot::add(Int8Dot::add(sums[r][v], low, weights[0]), high, weights[1]);
    }
  };
  template <int kRows>
  struct ShortSums {
    Group sums[kRows][kVectors];
    [[gnu::always_inline]] void add(int r, int v, Group low, Group high, const Group* weights) {
      const Group both = Dot::add_products(Dot::products(low, weights[0]), Dot::products(high, weights[1]));
      sums[r][v] = Dot::add_products(sums[r][v], both);
    }
  };

  template <int kRows, class Next>
  [[gnu::noinline]] static void run(const Product& product, size_t row, size_t block, Next /*next*/) {
    const Activation* x[kRows];
    for (int r = 0; r < kRows; ++r) x[r] = static_cast<const Activation*>(product.x) + (row + r) * product.in;
    const auto* w = reinterpret_cast<const uint8_t*>(product.weights) + block * block_bytes(product);
    const size_t groups = product.in / product.group;
    const int32_t* offsets = product.offsets + row * groups;
    const size_t steps = product.group / kStep;
    Floats results[kRows][kVectors] = {};
    for (size_t g = 0; g < groups; ++g) {
      const uint8_t* scales = w;  // for registers' sake loaded when they are needed
      w += kVectors * sizeof(Floats);
      Ints sums[kRows][kVectors];
      for (int r = 0; r < kRows; ++r) {
        for (int v = 0; v < kVectors; ++v) sums[r][v] = spread(offsets[r * groups + g]);
      }
      const size_t paired = kPairs ? steps - steps % kShortSteps : 0;  // steps whose sums begin in 16 bits
      if constexpr (kPairs) {
        for (size_t step = 0; step < paired; step += kShortSteps) {
          ShortSums<kRows> part{};
          add_steps<kRows>(kShortSteps, x, w, part);
          for (int r = 0; r < kRows; ++r) {
            for (int v = 0; v < kVectors; ++v) sums[r][v] = Dot::add_widened(sums[r][v], part.sums[r][v]);
          }
        }
      }
      LongSums<kRows> all{sums};
      add_steps<kRows>(steps - paired, x, w, all);
      for (int v = 0; v < kVectors; ++v) {
        const auto scale = load_vector<Floats>(scales + v * sizeof(Floats));
        for (int r = 0; r < kRows; ++r) {
          const Floats part = __builtin_convertvector(sums[r][v], Floats) * scale;
          results[r][v] = results[r][v] + part;
        }
      }
    }
    const size_t column = block * kColumns;
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        const Floats scaled = results[r][v] * spread(product.scales[row + r]);
        results[r][v] = scaled + load_vector<Floats>(product.bias + column + v * kWidth);
      }
      store_block(results[r], product.out - column, product.y + (row + r) * product.out + column);
    }
  }
};

// Calls Tile::run<count> for the count that is known at run time only.
template <class Tile, int kRows, class Next>
[[gnu::always_inline]] inline void run_tile(size_t count, const typename Tile::Product& product, size_t row,
                                            size_t block, Next next) {
  if constexpr (kRows > 0) {
    if (count == kRows) return Tile::template run<kRows>(product, row, block, next);
    run_tile<Tile, kRows - 1>(count, product, row, block, next);
  }
}

// Blocks outside, rows inside: a block's weights stay in the nearest cache while the rows pass by. Rows are dealt out
// evenly: seven are four and three, not six and one.
template <class Tile>
void run_product(const typename Tile::Product& product, size_t first_block, size_t last_block) {
  if (product.rows == 1) {
    for (size_t block = first_block; block < last_block;) block += Tile::run_single(product, block, last_block);
    return;
  }
  const size_t tiles = (product.rows + Tile::kMaxRows - 1) / Tile::kMaxRows;
  // A single tile is bound by what comes from memory, and what was written has to go back there.
  const bool fetches = kFetchesAhead && product.first_bytes != nullptr && tiles > 1 && Tile::fetches_ahead(tiles);
  const size_t bytes = Tile::block_bytes(product);
  const Share share(bytes, tiles, Tile::steps_of(product));
  for (size_t block = first_block; block < last_block; ++block) {
    size_t row = 0;
    for (size_t tile = 0; tile < tiles; ++tile) {
      const size_t left = tiles - tile;
      const size_t count = (product.rows - row + left - 1) / left;
      if (fetches && block + 1 < last_block) {
        const Ahead ahead(product, (block + 1) * bytes, (block + 2) * bytes, tile, share);
        run_tile<Tile, Tile::kMaxRows>(count, product, row, block, ahead);
      } else {
        run_tile<Tile, Tile::kMaxRows>(count, product, row, block, NothingAhead());
      }
      row += count;
    }
  }
}

}  // namespace
}  // namespace latformer::kernels
