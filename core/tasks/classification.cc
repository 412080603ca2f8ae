#include "core/tasks/classification.h"

#include <algorithm>
#include <cmath>

#include "core/format/json.h"
#include "core/models/bert/classification_head.h"
#include "core/models/bert/encoder.h"
#include "core/models/gpt2/classifier.h"

namespace latformer {
namespace {

std::vector<float> scores_of(std::span<const float> logits, ProblemType problem) {
  std::vector<float> scores(logits.begin(), logits.end());
  if (problem == ProblemType::multi_label) {
    for (float& score : scores) score = 1 / (1 + std::exp(-score));
  }
  if (problem == ProblemType::single_label) {
    const float most = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit - most));
    for (float& score : scores) score = static_cast<float>(std::exp(static_cast<double>(score - most)) / sum);
  }
  return scores;
}

// sum += values; an empty sum is zero.
void accumulate(std::vector<float>& sum, std::span<const float> values) {
  sum.resize(values.size(), 0);
  for (size_t i = 0; i < values.size(); ++i) sum[i] += values[i];
}

void divide(std::vector<float>& sum, size_t count) {
  for (float& value : sum) value /= static_cast<float>(count);
}

}  // namespace

Result<std::unique_ptr<EncoderModelLoader>> Classifier::open(const ModelFiles& files,
                                                             std::optional<Precision> precision,
                                                             Settings& /*settings*/) {
  LATFORMER_ASSIGN(const JsonDocument config,
                   JsonDocument::parse("config.json", files.config_json, {.max_bytes = 16 << 20}));
  LATFORMER_ASSIGN(const std::string_view type, config.root()["model_type"].string_or(""));
  if (type == "gpt2") return Gpt2ClassifierLoader::create(files.config_json, precision);
  LATFORMER_ASSIGN(const BertConfig bert, parse_bert_config(files.config_json));
  LATFORMER_TRY(check_head(bert, BertHead::texts));
  LATFORMER_ASSIGN(std::unique_ptr<Head> head, ClassificationHead::create(bert));
  return std::unique_ptr<EncoderModelLoader>(std::make_unique<BertEncoderLoader>(bert, std::move(head), precision));
}

Result<std::vector<Classification>> Classifier::run(std::span<const TextInput> inputs, const RunOptions& options) {
  LATFORMER_ASSIGN(std::vector<Encoded> texts, encode(inputs, options));
  return answers_of(std::move(texts));
}

std::vector<Classification> Classifier::answers_of(std::vector<Encoded> texts) const {
  std::vector<Classification> answers;
  answers.reserve(texts.size());
  for (Encoded& text : texts) {
    Classification& answer = answers.emplace_back();
    for (const std::vector<float>& logits : text.results) {
      accumulate(answer.logits, logits);
      accumulate(answer.scores, scores_of(logits, config().problem_type));
    }
    divide(answer.logits, text.windows.size());
    divide(answer.scores, text.windows.size());
    answer.windows = std::move(text.windows);
    answer.predicted_milliseconds = text.predicted_milliseconds;
  }
  return answers;
}

}  // namespace latformer
