#include "core/models/bert_loader.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "core/format/quote.h"

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
  const bool finite = dtype == DType::f32    ? is_finite(bytes, uint32_t{0x7F800000})
                      : dtype == DType::f16  ? is_finite(bytes, uint16_t{0x7C00})
                      : dtype == DType::bf16 ? is_finite(bytes, uint16_t{0x7F80})
                                             : true;
  if (finite) return {};
  return bad_model("model.safetensors: tensor " + quote(name) + " holds a number that is not finite");
}

}  // namespace

// `out` rows of a product: the linear layer `name` of the file, with weight and bias multiplied by `factor`.
struct BertLoader::LinearPart {
  std::string name;
  size_t out;
  float factor = 1;
};

// A product whose parts are still coming.
struct BertLoader::StagedLinear {
  struct Stored {
    StoredMatrix weight;  // (out, in)
    Buffer<float> bias;   // (out)
  };
  std::vector<LinearPart> parts;  // one below the other
  std::vector<Stored> stored;     // of each part
  size_t in;
  size_t missing;  // weights and biases that have not come yet
  std::optional<Precision> precision;

  size_t out() const {
    size_t sum = 0;
    for (const LinearPart& part : parts) sum += part.out;
    return sum;
  }
};

Result<BertWeights> BertLoader::finish() {
  LATFORMER_TRY(stream_.finish());
  return std::move(weights_);
}

Status BertLoader::begin(const SafetensorsHeader& header) {
  takers_.resize(header.tensors.size());
  LATFORMER_ASSIGN(file_, WeightIndex::create(header));
  return expect_model();
}

Status BertLoader::expect_model() {
  for (const char* needed : {"classifier.weight", "pooler.dense.weight"}) {
    if (file_->contains(needed)) continue;
    return unsupported_model(
        "model.safetensors: " + std::string(needed) +
        " is missing, so this is no text classifier yet; fine-tune it as BertForSequenceClassification first");
  }
  const size_t d = config_.hidden_size;
  LATFORMER_TRY(expect_table("word_embeddings", config_.vocab_size, &weights_.word_embeddings));
  LATFORMER_TRY(expect_table("position_embeddings", config_.max_position_embeddings, &weights_.position_embeddings));
  LATFORMER_TRY(expect_table("token_type_embeddings", config_.type_vocab_size, &weights_.token_type_embeddings));
  LATFORMER_TRY(expect_norm("embeddings.LayerNorm", &weights_.embeddings_norm));
  weights_.layers.resize(config_.num_hidden_layers);  // they stay where they are from now on
  for (size_t i = 0; i < weights_.layers.size(); ++i) LATFORMER_TRY(expect_layer(i));
  LATFORMER_TRY(expect_linear({{"pooler.dense", d}}, d, precision_, &weights_.pooler));
  return expect_linear({{"classifier", config_.num_labels()}}, d, Precision::f32, &weights_.classifier);
}

Status BertLoader::expect_layer(size_t index) {
  const std::string layer = "encoder.layer." + std::to_string(index) + ".";
  BertLayerWeights& weights = weights_.layers[index];
  const size_t d = config_.hidden_size;
  const size_t d_ff = config_.intermediate_size;
  const float scale = 1 / std::sqrt(static_cast<float>(config_.head_size()));

  const std::string scorer = layer + "attention.scorer.weight";
  if (file_->contains(scorer)) LATFORMER_TRY(expect_vector(scorer, d, &weights.scorer, {}));

  const LinearPart query{layer + "attention.self.query", d, scale};
  const LinearPart key{layer + "attention.self.key", d};
  const LinearPart value{layer + "attention.self.value", d};
  if (index + 1 < config_.num_hidden_layers) {
    LATFORMER_TRY(expect_linear({query, key, value}, d, precision_, &weights.query_key_value));
  } else {
    LATFORMER_TRY(expect_linear({query}, d, precision_, &weights.query));
    LATFORMER_TRY(expect_linear({key, value}, d, precision_, &weights.key_value));
  }
  LATFORMER_TRY(expect_linear({{layer + "attention.output.dense", d}}, d, precision_, &weights.attention_output));
  LATFORMER_TRY(expect_norm(layer + "attention.output.LayerNorm", &weights.attention_norm));
  LATFORMER_TRY(expect_linear({{layer + "intermediate.dense", d_ff}}, d, precision_, &weights.intermediate));
  LATFORMER_TRY(expect_linear({{layer + "output.dense", d}}, d_ff, precision_, &weights.output));
  return expect_norm(layer + "output.LayerNorm", &weights.output_norm);
}

Status BertLoader::expect_table(const std::string& name, size_t rows, StoredMatrix* table) {
  return expect_matrix("embeddings." + name + ".weight", rows, config_.hidden_size, table, [this, table] {
    // Integers become f32 row by row, as they are read; 4 bits are no wider than int8.
    return precision_ == Precision::int8 && table->dtype != DType::i32 ? table->narrow() : Status{};
  });
}

Status BertLoader::expect_linear(std::vector<LinearPart> parts, size_t in, std::optional<Precision> precision,
                                 kernels::Linear* linear) {
  const size_t count = parts.size();
  auto staged = std::make_shared<StagedLinear>(
      StagedLinear{.parts = std::move(parts), .stored = {}, .in = in, .missing = 2 * count, .precision = precision});
  staged->stored.resize(count);
  const Done arrived = [this, staged, linear] { return --staged->missing == 0 ? pack(*staged, linear) : Status{}; };
  for (size_t i = 0; i < count; ++i) {
    const auto& [name, out, factor] = staged->parts[i];
    LATFORMER_TRY(expect_matrix(name + ".weight", out, in, &staged->stored[i].weight, arrived));
    LATFORMER_TRY(expect_vector(name + ".bias", out, &staged->stored[i].bias, arrived));
  }
  return {};
}

Status BertLoader::expect_norm(const std::string& name, LayerNormWeights* norm) {
  LATFORMER_TRY(expect_vector(name + ".weight", config_.hidden_size, &norm->gamma, {}));
  return expect_vector(name + ".bias", config_.hidden_size, &norm->beta, {});
}

Status BertLoader::expect_vector(const std::string& name, size_t size, Buffer<float>* vector, Done done) {
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

Status BertLoader::expect_matrix(const std::string& name, size_t rows, size_t columns, StoredMatrix* matrix,
                                 Done done) {
  LATFORMER_ASSIGN(const StoredWeight place, file_->find(name, {{rows, columns}}));
  matrix->rows = rows;
  matrix->columns = columns;
  return expect(name, place, matrix, std::move(done));
}

// The values, scales and zero points of one weight, which may come in any order.
Status BertLoader::expect(const std::string& name, const StoredWeight& place, StoredMatrix* matrix, Done done) {
  matrix->dtype = place.dtype;
  matrix->group = place.group;
  auto missing = std::make_shared<int>(1 + (place.scales ? 1 : 0) + (place.zero_points ? 1 : 0));
  const Done arrived = [missing, done = std::move(done)] { return --*missing == 0 && done ? done() : Status{}; };

  takers_[place.values] = [name, matrix, arrived](Buffer<std::byte> bytes) -> Status {
    LATFORMER_TRY(check_finite(name, matrix->dtype, bytes.span()));
    matrix->values = std::move(bytes);
    return arrived();
  };
  if (place.scales) {
    takers_[*place.scales] = [name, matrix, arrived, dtype = place.scale_dtype](Buffer<std::byte> bytes) -> Status {
      LATFORMER_TRY(check_finite(name + "_scale", dtype, bytes.span()));
      const size_t count = matrix->scale_count();
      const StoredMatrix scales{.rows = 1, .columns = count, .dtype = dtype, .values = std::move(bytes), .scales = {}};
      LATFORMER_TRY(matrix->scales.reserve(scales.columns));
      scales.widen_row(0, matrix->scales.data());
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

// Puts the parts of one product together and packs them.
Status BertLoader::pack(StagedLinear& staged, kernels::Linear* linear) {
  bool int8 = staged.precision != Precision::f32;
  for (const StagedLinear::Stored& part : staged.stored) {
    const DType dtype = part.weight.dtype;
    int8 = int8 && (staged.precision == Precision::int8 || dtype == DType::i8 || dtype == DType::i32);
  }
  for (StagedLinear::Stored& part : staged.stored) {
    if (int8) LATFORMER_TRY(part.weight.narrow());  // 4 bits too: there are no products of them
  }
  LATFORMER_TRY(int8 ? pack_int8(staged, linear) : pack_f32(staged, linear));
  staged.stored.clear();
  return {};
}

Status BertLoader::pack_f32(const StagedLinear& staged, kernels::Linear* linear) {
  const size_t in = staged.in;
  const size_t out = staged.out();
  LATFORMER_TRY(staged_weight_.reserve(volume({out, in})));
  LATFORMER_TRY(staged_bias_.reserve(out));
  float* weight = staged_weight_.data();
  float* bias = staged_bias_.data();
  for (size_t i = 0; i < staged.parts.size(); ++i) {
    const auto& [name, rows, factor] = staged.parts[i];
    for (size_t row = 0; row < rows; ++row, weight += in) {
      staged.stored[i].weight.widen_row(row, weight);
      for (size_t k = 0; k < in; ++k) weight[k] *= factor;
      *bias++ = staged.stored[i].bias[row] * factor;
    }
  }
  LATFORMER_ASSIGN(*linear, kernels::Linear::create(in, out, std::span<const float>(staged_weight_.data(), out * in),
                                                    staged_bias_.span().first(out)));
  return {};
}

Status BertLoader::pack_int8(const StagedLinear& staged, kernels::Linear* linear) {
  const size_t in = staged.in;
  const size_t out = staged.out();
  LATFORMER_TRY(staged_int8_.reserve(volume({out, in})));
  LATFORMER_TRY(staged_scales_.reserve(out));
  LATFORMER_TRY(staged_bias_.reserve(out));
  int8_t* values = staged_int8_.data();
  float* scales = staged_scales_.data();
  float* bias = staged_bias_.data();
  for (size_t i = 0; i < staged.parts.size(); ++i) {
    const auto& [name, rows, factor] = staged.parts[i];
    const auto& [weight, part_bias] = staged.stored[i];
    values = std::copy_n(reinterpret_cast<const int8_t*>(weight.values.data()), rows * in, values);
    for (size_t row = 0; row < rows; ++row) {
      *scales++ = weight.scales[row] * factor;
      *bias++ = part_bias[row] * factor;
    }
  }
  LATFORMER_ASSIGN(*linear, kernels::Linear::create(in, out, std::span<const int8_t>(staged_int8_.data(), out * in),
                                                    staged_scales_.span().first(out), staged_bias_.span().first(out)));
  return {};
}

}  // namespace latformer
