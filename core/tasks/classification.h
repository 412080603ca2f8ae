// Text classification: files of a Hugging Face folder of BERT, a sibling or GPT-2 in, labels with scores out, at a
// chosen speedup.
//
// This is the face that bindings and tools see:
//
//   ClassifierLoader loader = ClassifierLoader::create(files).value();
//   while (bytes of model.safetensors arrive) loader.append(bytes);       // weights are packed as they come
//   Classifier classifier = loader.finish().value();
//   classifier.run({{"A joy from start to finish."}}, {.speedup = 4.8});
//   classifier.calibrate();                                               // once, to count in milliseconds
//   classifier.run({{"A joy from start to finish."}}, {.budget = 20});
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/tasks/encoder.h"

namespace latformer {

struct Classification {
  std::vector<float> logits;   // (num_labels); for windows the mean
  std::vector<float> scores;   // of the logits, by config().problem_type; for windows the mean
  std::vector<Trace> windows;  // at least one
  // What nearly all calls with this text alone stay below, if the model is calibrated. It is above the budget where
  // even max_speedup is too slow for it.
  std::optional<double> predicted_milliseconds;
};

class Classifier : public Encoder {
 public:
  struct Settings {};  // config.json says all
  static Result<std::unique_ptr<EncoderModelLoader>> open(const ModelFiles& files, std::optional<Precision> precision,
                                                          Settings& settings);
  Classifier(Encoder encoder, const Settings&) : Encoder(std::move(encoder)) {}

  // Errors: those of encode().
  Result<std::vector<Classification>> run(std::span<const TextInput> inputs, const RunOptions& options);
  // What run() makes of texts that start() has encoded. Scores are a softmax over labels, a sigmoid each, or the logits
  // themselves for regression.
  std::vector<Classification> answers_of(std::vector<Encoded> texts) const;
};

using ClassifierLoader = TaskLoader<Classifier>;

}  // namespace latformer
