#include "tests/unit/models/reference_bert.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>

namespace latformer::testing {
namespace {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

class Reference {
 public:
  Reference(const BertConfig& config, const std::vector<NamedTensor>& tensors) : config_(config) {
    for (const NamedTensor& tensor : tensors) {
      const bool prefixed = tensor.name.rfind("bert.", 0) == 0;
      tensors_[prefixed ? tensor.name.substr(5) : tensor.name] = &tensor;
    }
  }

  ReferenceOutput run(const std::vector<int32_t>& ids, const std::vector<uint8_t>& type_ids,
                      const std::vector<uint32_t>& counts, Dropped dropped) {
    ReferenceOutput output;
    Rows x;
    std::vector<double> size;         // of each row
    std::vector<uint32_t> positions;  // of the ordinary rows
    for (size_t i = 0; i < ids.size(); ++i) {
      Row row = matrix_row("embeddings.word_embeddings.weight", ids[i]);
      add(row, matrix_row("embeddings.position_embeddings.weight", i));
      add(row, matrix_row("embeddings.token_type_embeddings.weight", type_ids[i]));
      x.push_back(norm("embeddings.LayerNorm", row));
      size.push_back(1);
      positions.push_back(static_cast<uint32_t>(i));
    }

    for (uint32_t l = 0; l < config_.num_hidden_layers; ++l) {
      const std::string layer = "encoder.layer." + std::to_string(l) + ".";
      std::vector<double> score;
      Rows context = attention(layer + "attention.self.", x, size, score);
      raise(layer + "attention.scorer.weight", x, score);

      const bool last = l + 1 == config_.num_hidden_layers;
      if (!last && counts[l] < x.size()) eliminate(counts[l], dropped, score, x, context, size, positions, output);

      for (size_t i = 0; i < x.size(); ++i) {
        add(x[i], linear(layer + "attention.output.dense", context[i]));
        x[i] = norm(layer + "attention.output.LayerNorm", x[i]);
        Row middle = linear(layer + "intermediate.dense", x[i]);
        for (double& value : middle) value = activation(value);
        add(x[i], linear(layer + "output.dense", middle));
        x[i] = norm(layer + "output.LayerNorm", x[i]);
      }
      if (last) positions = {0};
      output.kept_positions.push_back(positions);
      output.tokens_per_layer.push_back(last ? 1 : static_cast<uint32_t>(x.size()));
    }

    Row pooled = linear("pooler.dense", x[0]);
    for (double& value : pooled) value = std::tanh(value);
    output.logits = linear("classifier", pooled);
    return output;
  }

 private:
  static void add(Row& y, const Row& x, double factor = 1) {
    for (size_t k = 0; k < y.size(); ++k) y[k] += factor * x[k];
  }

  const std::vector<double>& values(const std::string& name) const { return tensors_.at(name)->values; }

  Row matrix_row(const std::string& name, size_t i) const {
    const NamedTensor& tensor = *tensors_.at(name);
    const size_t columns = tensor.shape[1];
    Row row(tensor.values.begin() + i * columns, tensor.values.begin() + (i + 1) * columns);
    if (tensor.dtype == DType::i8) {
      for (double& value : row) value *= values(name + "_scale")[i];
    }
    return row;
  }

  Row linear(const std::string& name, const Row& x) const {
    const std::vector<double>& weight = values(name + ".weight");
    const bool scaled = tensors_.at(name + ".weight")->dtype == DType::i8;
    Row y = values(name + ".bias");
    for (size_t i = 0; i < y.size(); ++i) {
      double dot = 0;
      for (size_t k = 0; k < x.size(); ++k) dot += weight[i * x.size() + k] * x[k];
      y[i] += dot * (scaled ? values(name + ".weight_scale")[i] : 1);
    }
    return y;
  }

  Row norm(const std::string& name, const Row& x) const {
    double mean = 0;
    double variance = 0;
    for (const double value : x) mean += value / static_cast<double>(x.size());
    for (const double value : x) variance += (value - mean) * (value - mean) / static_cast<double>(x.size());
    const std::vector<double>& gamma = values(name + ".weight");
    const std::vector<double>& beta = values(name + ".bias");
    Row y = x;
    for (size_t k = 0; k < x.size(); ++k) {
      y[k] = (x[k] - mean) / std::sqrt(variance + static_cast<double>(config_.layer_norm_eps)) * gamma[k] + beta[k];
    }
    return y;
  }

  double activation(double x) const {
    switch (config_.hidden_act) {
      case HiddenActivation::gelu:
        return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
      case HiddenActivation::gelu_tanh:
        return 0.5 * x * (1 + std::tanh(std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
      case HiddenActivation::relu:
        return std::max(0.0, x);
      default:
        std::abort();  // no BERT has it
    }
  }

  // The context of every row, and every row's score.
  Rows attention(const std::string& name, const Rows& x, const std::vector<double>& size,
                 std::vector<double>& score) const {
    const size_t n = x.size();
    const size_t dh = config_.head_size();
    Rows query, key, value;
    for (const Row& row : x) {
      query.push_back(linear(name + "query", row));
      key.push_back(linear(name + "key", row));
      value.push_back(linear(name + "value", row));
    }
    Rows context(n, Row(config_.hidden_size, 0));
    score.assign(n, 0);
    for (size_t h = 0; h < config_.num_attention_heads; ++h) {
      for (size_t i = 0; i < n; ++i) {
        Row weight(n);
        double sum = 0;
        for (size_t j = 0; j < n; ++j) {
          double dot = 0;
          for (size_t k = h * dh; k < (h + 1) * dh; ++k) dot += query[i][k] * key[j][k];
          weight[j] = size[j] * std::exp(dot / std::sqrt(static_cast<double>(dh)));
          sum += weight[j];
        }
        for (size_t j = 0; j < n; ++j) {
          const double probability = weight[j] / sum;
          score[j] += probability / static_cast<double>(config_.num_attention_heads * n);
          for (size_t k = h * dh; k < (h + 1) * dh; ++k) context[i][k] += probability * value[j][k];
        }
      }
    }
    return context;
  }

  void raise(const std::string& scorer, const Rows& x, std::vector<double>& score) const {
    if (!tensors_.contains(scorer)) return;
    for (size_t i = 0; i < x.size(); ++i) {
      double dot = 0;
      for (size_t k = 0; k < x[i].size(); ++k) dot += x[i][k] * values(scorer)[k];
      score[i] *= std::exp(dot);
    }
  }

  // Drops rows of x, context and size until `count` are left.
  static void eliminate(uint32_t count, Dropped dropped, const std::vector<double>& score, Rows& x, Rows& context,
                        std::vector<double>& size, std::vector<uint32_t>& positions, ReferenceOutput& output) {
    const size_t ordinary = positions.size();
    const size_t keep = dropped == Dropped::merge ? count - 1 : count;
    std::vector<bool> stays(x.size(), false);
    stays[0] = true;
    double last_score = 1;
    for (size_t chosen = 1; chosen < keep; ++chosen) {
      size_t best = 0;
      for (size_t j = 1; j < ordinary; ++j) {
        if (!stays[j] && (best == 0 || score[j] > score[best])) best = j;
      }
      stays[best] = true;
      last_score = score[best];
    }
    Rows kept_x, kept_context;
    std::vector<double> kept_size;
    std::vector<uint32_t> kept_positions;
    Row rest_x(x[0].size(), 0), rest_context(x[0].size(), 0);
    double rest_size = 0;
    double sum = 0;
    for (size_t j = 0; j < x.size(); ++j) sum += stays[j] ? 0 : score[j];
    for (size_t j = 0; j < x.size(); ++j) {
      if (stays[j]) {
        kept_x.push_back(x[j]);
        kept_context.push_back(context[j]);
        kept_size.push_back(size[j]);
        kept_positions.push_back(positions[j]);
      } else {
        add(rest_x, x[j], score[j] / sum);
        add(rest_context, context[j], score[j] / sum);
        rest_size += size[j];
        if (j < ordinary && keep > 1) output.margin = std::min(output.margin, last_score / score[j] - 1);
      }
    }
    if (dropped == Dropped::merge) {
      kept_x.push_back(rest_x);
      kept_context.push_back(rest_context);
      kept_size.push_back(rest_size);
    }
    x = kept_x;
    context = kept_context;
    size = kept_size;
    positions = kept_positions;
  }

  const BertConfig& config_;
  std::map<std::string, const NamedTensor*> tensors_;
};

}  // namespace

ReferenceOutput reference_bert(const BertConfig& config, const std::vector<NamedTensor>& tensors,
                               const std::vector<int32_t>& ids, const std::vector<uint8_t>& type_ids,
                               const std::vector<uint32_t>& counts, Dropped dropped) {
  return Reference(config, tensors).run(ids, type_ids, counts, dropped);
}

}  // namespace latformer::testing
