#include "core/models/bert/token_head.h"

#include <vector>

namespace latformer {

std::unique_ptr<Head> TokenHead::of_labels(const BertConfig& config) {
  return std::make_unique<TokenHead>(kTokenClassifier, config.hidden_size, config.num_labels(), "token classification");
}

std::unique_ptr<Head> TokenHead::of_answers(const BertConfig& config) {
  return std::make_unique<TokenHead>(kAnswerSpans, config.hidden_size, 2, "question answering");
}

Status TokenHead::declare(WeightReader& file) {
  const std::string needed = layer_ + ".weight";
  if (!file.contains(needed)) {
    return unsupported_model("model.safetensors: " + needed + " is missing, so this is no model of " + what_);
  }
  // f32 in any precision: it is small and decides.
  return file.linear({{.name = layer_, .out = outputs_}}, width_, Precision::f32, &linear_);
}

Result<std::vector<std::vector<float>>> TokenHead::run(const Threads& threads, const LastRows& rows) {
  size_t tokens = 0;
  for (const LiveRows& text : rows.texts) tokens += text.count();
  LATFORMER_TRY(logits_.reserve(volume({tokens, outputs_})));
  LATFORMER_TRY(linear_.run(threads, tokens, rows.x, logits_.data(), workspace_));
  std::vector<std::vector<float>> results;
  const float* logits = logits_.data();
  for (const LiveRows& text : rows.texts) {
    const float* end = logits + text.count() * outputs_;
    results.emplace_back(logits, end);
    logits = end;
  }
  return results;
}

}  // namespace latformer
