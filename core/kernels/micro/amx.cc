// Micro-kernels for AMX: those of AVX-512 VNNI, but int8 products of many rows in the processor's own tiles.
//
// A tile is at most 16 rows of 64 bytes. One instruction takes 64 activations of 16 rows and 64 weights of 16 columns,
// and adds their products to 16 x 16 sums of 32 bits, as exactly as any other dot product. Packed weights
// (micro/table.h) are such tiles as they lie: 16 groups of k, each with the columns of a block.
//
// Tiles have one height in a whole call, so that they are configured once: rows are dealt out evenly, and the last tile
// begins early. What is computed twice for that is the same both times.
#include <immintrin.h>

#include "core/kernels/micro/instruction_sets.h"
#include "core/kernels/micro/target.h"

namespace latformer::kernels {
namespace {

constexpr size_t kTileRows = 16;
constexpr size_t kTileStep = 64;                     // of k: bytes of a tile's row
constexpr size_t kStepBytes = kTileStep * kColumns;  // of weights
constexpr size_t kStepLines = kStepBytes / kLineBytes;
constexpr size_t kGroupBytes = kColumns * Int8Dot::kGroup;
constexpr size_t kFewestRows = 4;  // fewer wait for weights, which VNNI takes as they come

static_assert(kVectors == 2 && kWidth * Int8Dot::kGroup == kTileStep);

// What ldtilecfg reads (Intel's manual, volume 1, 18.3).
struct alignas(64) TileConfiguration {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

// Tiles 0 to 3: sums, of two heights by two vectors of columns; 4 and 5: activations; 6 and 7: weights.
void configure_tiles(size_t height) {
  TileConfiguration configuration;
  for (size_t tile = 0; tile < 8; ++tile) {
    configuration.row_bytes[tile] = kTileStep;
    configuration.rows[tile] = static_cast<uint8_t>(tile < 6 ? height : kTileRows);
  }
  _tile_loadconfig(&configuration);
}

// What a call of run_tiles fetches of the next block of weights: of each step, `lines` cache lines from `first`. Tiles
// are loaded too seldom and too far apart for the processor to foresee.
struct NextBlock {
  size_t first, lines;
};

// Rows [first, first + height) of one block and, where kTiles is 2, as many from `second`.
template <int kTiles>
void run_tiles(const Int8Product& product, size_t height, size_t first, size_t second, size_t block, NextBlock next) {
  const size_t in = product.in_padded;
  const auto* x = static_cast<const uint8_t*>(product.x);
  const uint8_t* x0 = x + first * in;
  const uint8_t* x1 = x + second * in;
  const int8_t* w = product.weights + block * in * kColumns;
  _tile_zero(0);
  _tile_zero(1);
  if constexpr (kTiles == 2) {
    _tile_zero(2);
    _tile_zero(3);
  }
  const int8_t* ahead = w + in * kColumns + next.first * kLineBytes;
  for (size_t k = 0; k < in; k += kTileStep, w += kStepBytes, ahead += kStepBytes) {
    for (size_t line = 0; line < next.lines; ++line) _mm_prefetch(ahead + line * kLineBytes, _MM_HINT_T0);
    _tile_loadd(6, w, kGroupBytes);
    _tile_loadd(4, x0 + k, in);
    _tile_dpbusd(0, 4, 6);
    _tile_loadd(7, w + kTileStep, kGroupBytes);
    _tile_dpbusd(1, 4, 7);
    if constexpr (kTiles == 2) {
      _tile_loadd(5, x1 + k, in);
      _tile_dpbusd(2, 5, 6);
      _tile_dpbusd(3, 5, 7);
    }
  }
  alignas(64) Ints sums[kTiles][kTileRows][kVectors];
  constexpr size_t kRowBytes = sizeof(sums[0][0]);
  _tile_stored(0, &sums[0][0][0], kRowBytes);
  _tile_stored(1, &sums[0][0][1], kRowBytes);
  if constexpr (kTiles == 2) {
    _tile_stored(2, &sums[1][0][0], kRowBytes);
    _tile_stored(3, &sums[1][0][1], kRowBytes);
  }
  const Int8Columns columns(product, block);
  for (size_t r = 0; r < height; ++r) columns.store(product, first + r, block, sums[0][r]);
  if constexpr (kTiles == 2) {
    for (size_t r = 0; r < height; ++r) columns.store(product, second + r, block, sums[1][r]);
  }
}

void amx_product(const Int8Product& product, size_t first_block, size_t last_block) {
  const size_t rows = product.rows;
  if (rows < kFewestRows) return run_product<Int8Tile<Int8Dot, kInt8Rows>>(product, first_block, last_block);
  const size_t pairs = (rows + 2 * kTileRows - 1) / (2 * kTileRows);
  const size_t tiles = rows <= kTileRows ? 1 : 2 * pairs;
  const size_t height = (rows + tiles - 1) / tiles;
  const auto row_of = [&](size_t tile) { return tile * height < rows - height ? tile * height : rows - height; };
  configure_tiles(height);
  const size_t share = (kStepLines + pairs - 1) / pairs;
  for (size_t block = first_block; block < last_block; ++block) {
    const auto next_of = [&](size_t pair) {
      const size_t first = pair * share < kStepLines ? pair * share : kStepLines;
      const size_t left = block + 1 < last_block ? kStepLines - first : 0;
      return NextBlock{first, left < share ? left : share};
    };
    if (tiles == 1) run_tiles<1>(product, height, 0, 0, block, next_of(0));
    for (size_t tile = 0; tile + 1 < tiles; tile += 2) {
      run_tiles<2>(product, height, row_of(tile), row_of(tile + 1), block, next_of(tile / 2));
    }
  }
  _tile_release();
}

constexpr MicroKernels amx_table() {
  MicroKernels table = table_of<Int8Dot, kInt8Rows, xnnpack::Avx512>(
      "AMX (f32: fused multiply-add of AVX-512, int8: products of 8-bit tiles; softmax, tanh: XNNPACK)");
  table.int8_step = kTileStep;
  table.int8_product = amx_product;
  return table;
}

}  // namespace

constinit const MicroKernels kAmxKernels = amx_table();

}  // namespace latformer::kernels
