#include "core/models/weight_reader.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "core/base/number_text.h"
#include "core/format/quote.h"
#include "core/models/room.h"

namespace latformer {
namespace {

// Whether no number has all bits of the exponent, as infinity and what is no number have.
template <class Bits>
bool is_finite(std::span<const std::byte> bytes, Bits exponent) {
  const auto* numbers = reinterpret_cast<const Bits*>(bytes.data());
  constexpr Bits kSign = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
  Bits largest = 0;
  for (size_t i = 0; i < bytes.size() / sizeof(Bits); ++i) {
    largest = std::max(largest, static_cast<Bits>(numbers[i] & ~kSign));
  }
  return largest < exponent;
}

// Sums and maxima would pass such numbers over here and there, and give answers that look like others.
Status check_finite(const std::string& name, DType dtype, std::span<const std::byte> bytes) {
  const bool finite = dtype == DType::f64    ? is_finite(bytes, uint64_t{0x7FF0000000000000})
                      : dtype == DType::f32  ? is_finite(bytes, uint32_t{0x7F800000})
                      : dtype == DType::f16  ? is_finite(bytes, uint16_t{0x7C00})
                      : dtype == DType::bf16 ? is_finite(bytes, uint16_t{0x7F80})
                                             : true;
  if (finite) return {};
  return bad_model("model.safetensors: tensor " + quote(name) + " holds a number that is not finite");
}

// f64 is more than anything here computes in: it becomes f32 as it comes. Errors: bad_model (beyond the largest f32).
Status narrow_f64(const std::string& name, DType& dtype, Buffer<std::byte>& bytes) {
  if (dtype != DType::f64) return {};
  const size_t count = bytes.size() / sizeof(double);
  LATFORMER_ASSIGN(Buffer<std::byte> narrow, Buffer<std::byte>::allocate(count * sizeof(float)));
  const auto* from = reinterpret_cast<const double*>(bytes.data());
  auto* to = reinterpret_cast<float*>(narrow.data());
  for (size_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]);
  bytes = std::move(narrow);
  dtype = DType::f32;
  return check_finite(name, dtype, bytes.span());
}

// A scale that is no positive number makes weights of nothing or of another sign; one that is too large, of infinity.
Status check_scales(const std::string& name, std::span<const float> scales) {
  constexpr float kLargest = std::numeric_limits<float>::max() / 128;
  for (const float scale : scales) {
    if (scale > 0 && scale <= kLargest) continue;
    return bad_model("model.safetensors: tensor " + quote(name) + " holds " + short_text(scale) +
                     ", but a scale must be " +
                     (scale > 0 ? "at most " + short_text(kLargest) : std::string("above 0")));
  }
  return {};
}

}  // namespace

// A linear layer of the file, of which one or more products are made.
struct WeightReader::Layer {
  StoredMatrix weight;  // (out, in), once it is there
  Buffer<float> bias;   // (out); empty if it has none
  LinearLayout layout = LinearLayout::out_in;
  int missing = 0;                  // of weight and bias
  std::vector<Product*> wanted_by;  // once for each part
  size_t parts_left = 0;            // that are not packed yet
};

// A product whose parts are still coming.
struct WeightReader::Product {
  std::vector<LinearPart> parts;  // one below the other
  std::vector<Layer*> layers;     // of each part
  size_t in = 0;
  size_t missing = 0;  // parts whose layer has not come yet
  std::optional<Precision> precision;
  kernels::Linear* linear = nullptr;

  size_t out() const {
    size_t sum = 0;
    for (const LinearPart& part : parts) sum += part.out;
    return sum;
  }
};

WeightReader::WeightReader(WeightRename rename, std::optional<Precision> precision, Declare declare)
    : rename_(std::move(rename)), precision_(precision), declare_(std::move(declare)), stream_(*this) {}
WeightReader::~WeightReader() = default;

Status WeightReader::share(const std::shared_ptr<WeightShare>& shared) {
  if constexpr (kBuffersAreShared) {
    shared_ = shared;
    const ReadyWeights* ready = shared_ ? shared_->ready() : nullptr;
    if (ready == nullptr) return {};
    LATFORMER_TRY(begin(ready->header));
    return fill(*ready);
  }
  return {};
}

Status WeightReader::finish() {
  if constexpr (kBuffersAreShared) {
    if (shared_ && shared_->ready() != nullptr) return {};
    LATFORMER_TRY(stream_.finish());
    if (shared_) shared_->publish(ready());
    return {};
  }
  return stream_.finish();
}

ReadyWeights WeightReader::ready() const {
  ReadyWeights ready{.header = *header_, .matrices = {}, .vectors = {}, .products = {}};
  for (const StoredMatrix* matrix : matrices_) ready.matrices.push_back(matrix->share());
  for (const Buffer<float>* vector : vectors_) ready.vectors.push_back(vector->share());
  for (const Product& product : products_) ready.products.push_back(product.linear->share());
  return ready;
}

Status WeightReader::fill(const ReadyWeights& ready) {
  const bool is_same = ready.matrices.size() == matrices_.size() && ready.vectors.size() == vectors_.size() &&
                       ready.products.size() == products_.size();
  if (!is_same) return internal_error("the weights that are shared are those of another model");
  for (size_t i = 0; i < matrices_.size(); ++i) *matrices_[i] = ready.matrices[i].share();
  for (size_t i = 0; i < vectors_.size(); ++i) *vectors_[i] = ready.vectors[i].share();
  for (size_t i = 0; i < products_.size(); ++i) *products_[i].linear = ready.products[i].share();
  return {};
}

Status WeightReader::begin(const SafetensorsHeader& header) {
  header_ = &header;
  takers_.resize(header.tensors.size());
  LATFORMER_ASSIGN(file_, WeightIndex::create(header, rename_));
  LATFORMER_TRY(declare_(*this));
  return check_room(bytes_);
}

Status WeightReader::embedding(const std::string& name, size_t rows, size_t columns, StoredMatrix* matrix) {
  if constexpr (kBuffersAreShared) matrices_.push_back(matrix);
  // Integers become f32 row by row, as they are read; 4 bits are no wider than int8.
  const auto is_narrowed = [this, matrix] {
    return precision_.value_or(Precision::f32) != Precision::f32 && matrix->dtype != DType::i32;
  };
  LATFORMER_TRY(expect_matrix(name, rows, columns, matrix, [this, matrix, is_narrowed] {
    if (!is_narrowed()) return Status{};
    return precision_ == Precision::int4 ? matrix->narrow_to_int4() : matrix->narrow();
  }));
  const uint64_t row_bytes = !is_narrowed()                  ? matrix->row_bytes()
                             : precision_ == Precision::int4 ? columns / 2
                                                             : columns;
  bytes_ += uint64_t{rows} * row_bytes;
  return {};
}

Status WeightReader::matrix(const std::string& name, size_t rows, size_t columns, StoredMatrix* matrix) {
  if constexpr (kBuffersAreShared) matrices_.push_back(matrix);
  return expect_matrix(name, rows, columns, matrix, {});
}

Status WeightReader::vector(const std::string& name, size_t size, Buffer<float>* vector) {
  if constexpr (kBuffersAreShared) vectors_.push_back(vector);
  return expect_vector(name, size, vector, {});
}

Status WeightReader::norm(const std::string& name, size_t size, LayerNormWeights* norm) {
  LATFORMER_TRY(vector(name + ".weight", size, &norm->gamma));
  return vector(name + ".bias", size, &norm->beta);
}

Status WeightReader::linear(std::vector<LinearPart> parts, size_t in, std::optional<Precision> precision,
                            kernels::Linear* linear) {
  Product& product = products_.emplace_back();
  product.parts = std::move(parts);
  product.in = in;
  product.missing = product.parts.size();
  product.precision = precision;
  product.linear = linear;
  for (const LinearPart& part : product.parts) {
    const auto [entry, is_new] = layers_.try_emplace(part.name);
    Layer& layer = entry->second;
    if (is_new) LATFORMER_TRY(expect_layer(part, in, layer));
    layer.wanted_by.push_back(&product);
    ++layer.parts_left;
    product.layers.push_back(&layer);
  }
  const bool are_integers = std::ranges::all_of(product.layers, [](const Layer* layer) {
    return layer->weight.dtype == DType::i8 || layer->weight.dtype == DType::i32;
  });
  const uint64_t weights = uint64_t{product.out()} * in;
  const bool int8 = precision ? precision == Precision::int8 : are_integers;
  bytes_ += precision == Precision::int4 ? weights / 2 : int8 ? weights : 4 * weights;
  return {};
}

Status WeightReader::expect_layer(const LinearPart& part, size_t in, Layer& layer) {
  const size_t out = part.stored_out > 0 ? part.stored_out : part.out;
  const std::string weight = part.name + ".weight";
  const bool transposed = part.layout == LinearLayout::in_out && !file_->has_scales(weight);
  layer.layout = transposed ? LinearLayout::in_out : LinearLayout::out_in;
  layer.missing = part.has_bias ? 2 : 1;
  const Done done = [this, &layer] { return arrived(layer); };
  LATFORMER_TRY(expect_matrix(weight, transposed ? in : out, transposed ? out : in, &layer.weight, done));
  return part.has_bias ? expect_vector(part.name + ".bias", out, &layer.bias, done) : Status{};
}

Status WeightReader::expect_vector(const std::string& name, size_t size, Buffer<float>* vector, Done done) {
  LATFORMER_ASSIGN(const StoredWeight place, file_->find(name, {{size}}));
  auto stored = std::make_shared<StoredMatrix>();
  stored->rows = size;
  stored->columns = 1;
  return expect(name, place, stored.get(), [stored, vector, done = std::move(done)]() -> Status {
    LATFORMER_TRY(vector->reserve(stored->rows));
    for (size_t i = 0; i < stored->rows; ++i) stored->widen_row(i, vector->data() + i);
    *stored = {};
    return done ? done() : Status{};
  });
}

Status WeightReader::expect_matrix(const std::string& name, size_t rows, size_t columns, StoredMatrix* matrix,
                                   Done done) {
  LATFORMER_ASSIGN(const StoredWeight place, file_->find(name, {{rows, columns}}));
  matrix->rows = rows;
  matrix->columns = columns;
  return expect(name, place, matrix, std::move(done));
}

// The values, scales and zero points of one weight, which may come in any order.
Status WeightReader::expect(const std::string& name, const StoredWeight& place, StoredMatrix* matrix, Done done) {
  matrix->dtype = place.dtype;
  matrix->group = place.group;
  auto missing = std::make_shared<int>(1 + (place.scales ? 1 : 0) + (place.zero_points ? 1 : 0));
  const Done arrived = [missing, done = std::move(done)] { return --*missing == 0 && done ? done() : Status{}; };

  takers_[place.values] = [name, matrix, arrived](Buffer<std::byte> bytes) -> Status {
    LATFORMER_TRY(check_finite(name, matrix->dtype, bytes.span()));
    LATFORMER_TRY(narrow_f64(name, matrix->dtype, bytes));
    matrix->values = std::move(bytes);
    return arrived();
  };
  if (place.scales) {
    takers_[*place.scales] = [name = name + "_scale", matrix, arrived,
                              dtype = place.scale_dtype](Buffer<std::byte> bytes) mutable -> Status {
      LATFORMER_TRY(check_finite(name, dtype, bytes.span()));
      LATFORMER_TRY(narrow_f64(name, dtype, bytes));
      const size_t count = matrix->scale_count();
      const StoredMatrix scales{.rows = 1, .columns = count, .dtype = dtype, .values = std::move(bytes), .scales = {}};
      LATFORMER_TRY(matrix->scales.reserve(scales.columns));
      scales.widen_row(0, matrix->scales.data());
      LATFORMER_TRY(check_scales(name, matrix->scales.span().first(count)));
      return arrived();
    };
  }
  if (place.zero_points) {
    takers_[*place.zero_points] = [name, arrived](Buffer<std::byte> bytes) {
      const bool symmetric = std::ranges::all_of(bytes.span(), [](std::byte b) { return b == std::byte{0}; });
      return symmetric
                 ? arrived()
                 : unsupported_model("model.safetensors: tensor " + quote(name) + " has zero points other than 0");
    };
  }
  return {};
}

// Weight or bias of a layer is there.
Status WeightReader::arrived(Layer& layer) {
  if (--layer.missing > 0) return {};
  if (layer.layout == LinearLayout::in_out) LATFORMER_TRY(layer.weight.transpose());
  for (Product* product : layer.wanted_by) {
    if (--product->missing == 0) LATFORMER_TRY(pack(*product));
  }
  return {};
}

// Puts the parts of one product together and packs them.
Status WeightReader::pack(Product& product) {
  bool int8 = product.precision != Precision::f32;
  bool int4 = product.precision == Precision::int4;
  if (int4) {
    for (Layer* layer : product.layers) LATFORMER_TRY(layer->weight.narrow_to_int4());
  }
  const size_t group = product.layers.front()->weight.group;
  for (const Layer* layer : product.layers) {
    const DType dtype = layer->weight.dtype;
    int8 = int8 && (product.precision.has_value() || dtype == DType::i8 || dtype == DType::i32);
    int4 = int4 && dtype == DType::i32 && layer->weight.group == group && kernels::Linear::takes(group);
  }
  if (int4) {
    LATFORMER_TRY(pack_int4(product));
  } else if (int8) {
    for (Layer* layer : product.layers) LATFORMER_TRY(layer->weight.narrow());
    LATFORMER_TRY(pack_int8(product));
  } else {
    LATFORMER_TRY(pack_f32(product));
  }
  for (Layer* layer : product.layers) {
    if (--layer->parts_left > 0) continue;
    layer->weight = {};
    layer->bias = {};
  }
  return {};
}

Status WeightReader::pack_f32(const Product& product) {
  const size_t in = product.in;
  const size_t out = product.out();
  LATFORMER_TRY(staged_weight_.reserve(volume({out, in})));
  LATFORMER_TRY(staged_bias_.reserve(out));
  float* weight = staged_weight_.data();
  float* bias = staged_bias_.data();
  for (size_t i = 0; i < product.parts.size(); ++i) {
    const LinearPart& part = product.parts[i];
    const Layer& layer = *product.layers[i];
    for (size_t row = part.first; row < part.first + part.out; ++row, weight += in) {
      layer.weight.widen_row(row, weight);
      for (size_t k = 0; k < in; ++k) weight[k] *= part.factor;
      *bias++ = part.has_bias ? layer.bias[row] * part.factor : 0;
    }
  }
  LATFORMER_ASSIGN(*product.linear,
                   kernels::Linear::create(in, out, std::span<const float>(staged_weight_.data(), out * in),
                                           staged_bias_.span().first(out)));
  return {};
}

Status WeightReader::pack_int8(const Product& product) {
  const size_t in = product.in;
  const size_t out = product.out();
  LATFORMER_TRY(staged_int8_.reserve(volume({out, in})));
  LATFORMER_TRY(staged_scales_.reserve(out));
  LATFORMER_TRY(staged_bias_.reserve(out));
  int8_t* values = staged_int8_.data();
  float* scales = staged_scales_.data();
  float* bias = staged_bias_.data();
  for (size_t i = 0; i < product.parts.size(); ++i) {
    const LinearPart& part = product.parts[i];
    const Layer& layer = *product.layers[i];
    const auto* stored = reinterpret_cast<const int8_t*>(layer.weight.values.data());
    values = std::copy_n(stored + part.first * in, part.out * in, values);
    for (size_t row = part.first; row < part.first + part.out; ++row) {
      *scales++ = layer.weight.scales[row] * part.factor;
      *bias++ = part.has_bias ? layer.bias[row] * part.factor : 0;
    }
  }
  LATFORMER_ASSIGN(*product.linear,
                   kernels::Linear::create(in, out, std::span<const int8_t>(staged_int8_.data(), out * in),
                                           staged_scales_.span().first(out), staged_bias_.span().first(out)));
  return {};
}

Status WeightReader::pack_int4(const Product& product) {
  const size_t in = product.in;
  const size_t out = product.out();
  const size_t row_bytes = product.layers.front()->weight.row_bytes();
  const size_t group = product.layers.front()->weight.group;
  const size_t groups = in / group;
  LATFORMER_TRY(staged_int8_.reserve(volume({out, row_bytes})));
  LATFORMER_TRY(staged_scales_.reserve(volume({out, groups})));
  LATFORMER_TRY(staged_bias_.reserve(out));
  int8_t* values = staged_int8_.data();
  float* scales = staged_scales_.data();
  float* bias = staged_bias_.data();
  for (size_t i = 0; i < product.parts.size(); ++i) {
    const LinearPart& part = product.parts[i];
    const Layer& layer = *product.layers[i];
    const auto* stored = reinterpret_cast<const int8_t*>(layer.weight.values.data());
    values = std::copy_n(stored + part.first * row_bytes, part.out * row_bytes, values);
    for (size_t row = part.first; row < part.first + part.out; ++row) {
      for (size_t g = 0; g < groups; ++g) *scales++ = layer.weight.scales[row * groups + g] * part.factor;
      *bias++ = part.has_bias ? layer.bias[row] * part.factor : 0;
    }
  }
  const kernels::Int4Rows rows{.values = reinterpret_cast<const uint8_t*>(staged_int8_.data()),
                               .row_bytes = row_bytes,
                               .scales = staged_scales_.data(),
                               .group = group};
  LATFORMER_ASSIGN(*product.linear, kernels::Linear::create(in, out, rows, staged_bias_.span().first(out)));
  return {};
}

}  // namespace latformer
