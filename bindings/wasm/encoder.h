// Encoders for JavaScript: texts in, what the model's head makes of each window out. One class for all tasks of an
// encoder: what answers are made of the results is up to TypeScript (bindings/tasks/).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/value/value.h"
#include "bindings/wasm/staging.h"
#include "core/base/status.h"
#include "core/tasks/encoder.h"
#include "core/tasks/sentence_folder.h"

namespace latformer {

class BoundEncoder {
 public:
  // Whether `task` is one of an encoder.
  static bool knows(const std::string& task);

  BoundEncoder() = default;
  explicit BoundEncoder(std::string task) : task_(std::move(task)) {}

  Status open(const ModelFiles& files, const LoadOptions& options);
  Status append(std::span<const std::byte> bytes);
  // All bytes were appended. Gives what the model is.
  val finish();

  // The texts lie in the staging block, which is taken, back to back as UTF-8; `lengths` has two entries for each
  // input, the bytes of text and of text_pair, -1 where there is no pair. `options`: EncodeOptions of engine.ts.
  // Nothing is computed yet: go_on().
  val start(Staging& staging, const val& lengths, const val& options);
  // Computes for about `milliseconds`. Gives {}, or in the end the results, and the milliseconds of the core alone.
  val go_on(double milliseconds);
  // Ends what start() began, done or not.
  void stop() { call_.reset(); }

  // Null before finish().
  const Tokenizer* tokenizer() const { return encoder_ ? &encoder_->tokenizer() : nullptr; }

  // Times the model; `outside` is what a call takes around it, in milliseconds.
  val calibrate(double outside);
  // The same from what an earlier calibration gave as json.
  val restore_calibration(std::string_view json);

 private:
  // Texts on their way.
  struct Call {
    Block block;  // where they stand
    std::vector<TextInput> inputs;
    EncoderCall run;
    bool traces;
    double milliseconds = 0;
  };

  val results(const Call& call, const std::vector<Encoded>& answers) const;
  val window_of(const Trace& trace) const;
  val calibration() const;
  val settings() const;

  std::string task_;
  size_t threads_ = 1;
  std::optional<SentenceSettings> sentences_;  // of embeddings
  std::shared_ptr<int32_t> mask_;              // of masked language models: the id of [MASK]
  std::optional<EncoderLoader> loader_;
  std::optional<Encoder> encoder_;
  std::optional<Call> call_;  // must not outlive its encoder
};

}  // namespace latformer
