#include "core/tasks/embedding.h"

#include <algorithm>
#include <cmath>

#include "core/format/quote.h"
#include "core/models/bert/encoder.h"

namespace latformer {
namespace {

constexpr double kShortest = 1e-12;  // a vector of no length stays as it is, as in torch.nn.functional.normalize

std::vector<float> mean_of(const std::vector<std::vector<float>>& vectors) {
  if (vectors.size() == 1) return vectors.front();
  std::vector<float> mean(vectors.front().size());
  for (size_t k = 0; k < mean.size(); ++k) {
    double sum = 0;
    for (const std::vector<float>& vector : vectors) sum += vector[k];
    mean[k] = static_cast<float>(sum / static_cast<double>(vectors.size()));
  }
  return mean;
}

void normalize(std::vector<float>& vector) {
  double squares = 0;
  for (const float value : vector) squares += static_cast<double>(value) * value;
  const double length = std::max(std::sqrt(squares), kShortest);
  for (float& value : vector) value = static_cast<float>(value / length);
}

}  // namespace

Result<std::unique_ptr<EncoderModelLoader>> Embedder::open(const ModelFiles& files, std::optional<Precision> precision,
                                                           Settings& settings) {
  LATFORMER_ASSIGN(const BertConfig config, parse_bert_config(files.config_json));
  LATFORMER_ASSIGN(settings, parse_sentence_folder(config, files));
  settings.asked = std::make_shared<Pooling>(settings.pooling.pooling);
  settings.pooling.asked = settings.asked;
  LATFORMER_ASSIGN(std::unique_ptr<Head> head, PoolingHead::create(settings.pooling, config.hidden_size));
  return std::unique_ptr<EncoderModelLoader>(std::make_unique<BertEncoderLoader>(config, std::move(head), precision));
}

Status ask(const SentenceSettings& settings, const EmbedOptions& options) {
  const Pooling pooling = options.pooling.value_or(settings.pooling.pooling);
  if (pooling == Pooling::none && (options.speedup != 1 || options.budget)) {
    return invalid_argument("the vectors of all tokens are there at speedup 1 only; choose a pooling");
  }
  if (pooling == Pooling::none && options.long_text == LongText::windows) {
    return invalid_argument("windows share tokens, so their vectors cannot stand in a row; choose a pooling");
  }
  *settings.asked = pooling;
  return {};
}

Result<std::vector<Embedding>> Embedder::run(std::span<const TextInput> inputs, const EmbedOptions& options) {
  LATFORMER_TRY(ask(settings_, options));
  std::string prompt;
  if (const auto& name = options.prompt_name ? options.prompt_name : settings_.default_prompt) {
    const auto found = settings_.prompts.find(*name);
    if (found == settings_.prompts.end()) return invalid_argument("the model has no prompt " + quote(*name));
    prompt = found->second;
  }
  std::vector<std::string> prompted;
  std::vector<TextInput> texts(inputs.begin(), inputs.end());
  prompted.reserve(prompt.empty() ? 0 : texts.size());
  for (TextInput& text : texts) {
    if (!prompt.empty()) text.text = prompted.emplace_back(prompt + std::string(text.text));
  }
  LATFORMER_ASSIGN(std::vector<Encoded> encoded, encode(texts, options));
  std::vector<Embedding> embeddings;
  embeddings.reserve(encoded.size());
  for (Encoded& text : encoded) {
    Embedding& embedding = embeddings.emplace_back();
    embedding.values = mean_of(text.results);
    if (options.normalize.value_or(settings_.normalize)) normalize(embedding.values);
    embedding.windows = std::move(text.windows);
    embedding.predicted_milliseconds = text.predicted_milliseconds;
  }
  return embeddings;
}

}  // namespace latformer
