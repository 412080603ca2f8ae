// Sentence embeddings: files of an encoder's folder in, plain or of sentence-transformers, a vector for each text out,
// at a chosen speedup.
//
//   EmbedderLoader loader = EmbedderLoader::create(files).value();
//   while (bytes of model.safetensors arrive) loader.append(bytes);
//   Embedder embedder = loader.finish().value();
//   embedder.run({{"A joy from start to finish."}}, {.speedup = 2});
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/tasks/encoder.h"
#include "core/tasks/sentence_folder.h"

namespace latformer {

struct EmbedOptions : RunOptions {
  std::optional<Pooling> pooling{};          // absent: as the model says
  std::optional<bool> normalize{};           // to length 1; absent: as the model says
  std::optional<std::string> prompt_name{};  // one of settings().prompts, put before each text; absent: the default
};

// Has the head pool as `options` ask for, from the next start() on. Errors: invalid_argument (every token's vector at a
// speedup or in a budget, which may have dropped some).
Status ask(const SentenceSettings& settings, const EmbedOptions& options);

struct Embedding {
  std::vector<float> values;   // (d), or what a dense layer makes of it; of windows the mean. Not pooled: (tokens, d)
  std::vector<Trace> windows;  // at least one
  std::optional<double> predicted_milliseconds;
};

class Embedder : public Encoder {
 public:
  using Settings = SentenceSettings;
  static Result<std::unique_ptr<EncoderModelLoader>> open(const ModelFiles& files, std::optional<Precision> precision,
                                                          Settings& settings);
  Embedder(Encoder encoder, Settings settings) : Encoder(std::move(encoder)), settings_(std::move(settings)) {
    settings_.pooling.dense.reset();  // it points to a file that is gone; the head has its weights
  }

  // Errors: those of encode(); invalid_argument (a prompt that the model does not have).
  Result<std::vector<Embedding>> run(std::span<const TextInput> inputs, const EmbedOptions& options);

  const Settings& settings() const { return settings_; }

 private:
  Settings settings_;
};

using EmbedderLoader = TaskLoader<Embedder>;

}  // namespace latformer
