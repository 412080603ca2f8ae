// Text classification: files of a Hugging Face BERT folder in, labels with scores out, at a chosen speedup.
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

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/profile.h"
#include "core/elimination/schedule.h"
#include "core/elimination/time/calibration.h"
#include "core/kernels/linear.h"
#include "core/models/bert/config.h"
#include "core/text/tokenizer.h"

namespace latformer {

// The small files of a model folder, whole; empty means absent. config_json and one of tokenizer_json, vocab_txt are
// required, model.safetensors comes by ClassifierLoader::append.
struct ModelFiles {
  std::string_view config_json;
  std::string_view tokenizer_json;
  std::string_view tokenizer_config_json;
  std::string_view vocab_txt;
  std::string_view profile_json;
};

// Milliseconds of the machine's steady clock.
double steady_milliseconds();

// How a model is to run, decided when it is loaded.
struct LoadOptions {
  size_t threads = 1;                    // including the caller's own
  std::optional<Precision> precision{};  // absent: int8 where the file's linear layers are int8, else f32
  Clock clock = steady_milliseconds;
};

struct TextInput {
  std::string_view text;  // UTF-8
  std::optional<std::string_view> text_pair;
};

// windows: logits and scores are the mean over consecutive windows, of which neighbours share 64 tokens (a quarter of
// max_tokens where that is less).
enum class LongText { truncate, windows };

struct RunOptions {
  double speedup = 1;  // 1 <= speedup <= Classifier::max_speedup()
  LongText long_text = LongText::truncate;
  // Instead of speedup: milliseconds for each text, its windows together, above 0. The model must be calibrated.
  std::optional<double> budget{};
};

// What happened inside, for one window of one text.
struct Trace {
  Encoding encoding;                                  // spans in UTF-8 bytes; see to_utf16
  std::vector<std::vector<uint32_t>> kept_positions;  // per layer: original token positions of the ordinary rows left
  std::vector<uint32_t> tokens_per_layer;             // per layer: rows that left it, the rest row included
  Schedule schedule;
};

struct Classification {
  std::vector<float> logits;  // (num_labels); for windows the mean
  std::vector<float> scores;  // softmax, sigmoid or identity of the logits by config.problem_type; for windows the mean
  std::vector<Trace> windows;  // at least one
  // What nearly all calls with this text alone stay below, if the model is calibrated. It is above the budget where
  // even max_speedup is too slow for it.
  std::optional<double> predicted_milliseconds;
};

class Classifier {
 public:
  // All texts are packed without padding, in chunks of bounded size, and give what each gives alone.
  // Errors: invalid_argument (speedup not finite, below 1 or above max_speedup; a budget not finite or not above 0, or
  // without calibration; a pair with LongText::windows), out_of_memory. After an error the classifier works on.
  Result<std::vector<Classification>> run(std::span<const TextInput> inputs, const RunOptions& options);

  // Times the model on this device for about `milliseconds` (core/elimination/time/calibration.h): from then on
  // speedups are of time instead of MACs, and budgets are possible. `outside`: what a call takes before and after
  // run(), in milliseconds. Errors: invalid_argument (the clock is of no use), out_of_memory; nothing changes then.
  Status calibrate(double outside = 0, double milliseconds = CalibrationPlan().milliseconds);
  // The same from a calibration that was kept (to_json). Errors: bad_model (it is no calibration).
  Status restore_calibration(std::string_view json);
  const std::optional<TimeModel>& time_model() const;
  // Of a text of 1 <= tokens <= max_tokens() at speedup 1, as predicted. The model is calibrated.
  double milliseconds_in_full(uint32_t tokens) const;

  const BertConfig& config() const;
  const Profile& profile() const;
  const Tokenizer& tokenizer() const;
  double max_speedup() const;   // profile().max_speedup
  Precision precision() const;  // of the linear layers
  // Tokens of the longest input, special tokens included.
  uint32_t max_tokens() const;

  Classifier(Classifier&&) noexcept;
  Classifier& operator=(Classifier&&) noexcept;
  ~Classifier();

 private:
  friend class ClassifierLoader;
  struct State;
  explicit Classifier(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class ClassifierLoader {
 public:
  // Reads the small files. Errors: bad_model, unsupported_model, each naming the file.
  static Result<ClassifierLoader> create(const ModelFiles& files, const LoadOptions& options = {});

  // The next bytes of model.safetensors, in order, in parts of any size. Errors: bad_model, unsupported_model,
  // out_of_memory; after an error the loader is of no further use.
  Status append(std::span<const std::byte> bytes);

  // All bytes were given. Errors: bad_model (bytes or tensors are missing).
  Result<Classifier> finish();

  ClassifierLoader(ClassifierLoader&&) noexcept;
  ClassifierLoader& operator=(ClassifierLoader&&) noexcept;
  ~ClassifierLoader();

 private:
  struct State;
  explicit ClassifierLoader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace latformer
