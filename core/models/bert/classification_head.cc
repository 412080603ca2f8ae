#include "core/models/bert/classification_head.h"

#include <string>

namespace latformer {

Result<std::unique_ptr<Head>> ClassificationHead::create(const BertConfig& config) {
  auto head = std::make_unique<ClassificationHead>();
  head->config_ = config;
  LATFORMER_ASSIGN(head->activation_, kernels::Activation::create(config.architecture->pooler_activation));
  return std::unique_ptr<Head>(std::move(head));
}

Status ClassificationHead::declare(WeightReader& file) {
  const std::string pooler(config_.architecture->modules.pooler);
  const std::string classifier(config_.architecture->modules.classifier);
  for (const std::string& needed : {classifier + ".weight", pooler + ".weight"}) {
    if (file.contains(needed)) continue;
    return unsupported_model("model.safetensors: " + needed +
                             " is missing, so this is no text classifier yet; fine-tune it as " +
                             std::string(config_.architecture->classifier) + " first");
  }
  const size_t d = config_.hidden_size;
  LATFORMER_TRY(file.linear({{.name = pooler, .out = d}}, d, file.precision(), &pooler_));
  return file.linear({{.name = classifier, .out = config_.num_labels()}}, d, Precision::f32, &classifier_);
}

Result<std::vector<std::vector<float>>> ClassificationHead::run(const Threads& threads, const LastRows& rows) {
  const size_t texts = rows.texts.size();
  const size_t labels = config_.num_labels();
  LATFORMER_TRY(pooled_.reserve(volume({texts, rows.d})));
  LATFORMER_TRY(logits_.reserve(volume({texts, labels})));
  LATFORMER_TRY(pooler_.run(threads, texts, rows.x, pooled_.data(), workspace_));
  LATFORMER_TRY(activation_.run(threads, texts * rows.d, pooled_.data(), pooled_.data()));
  LATFORMER_TRY(classifier_.run(threads, texts, pooled_.data(), logits_.data(), workspace_));
  std::vector<std::vector<float>> results;
  results.reserve(texts);
  for (size_t t = 0; t < texts; ++t) {
    const float* of_text = logits_.data() + t * labels;
    results.emplace_back(of_text, of_text + labels);
  }
  return results;
}

}  // namespace latformer
