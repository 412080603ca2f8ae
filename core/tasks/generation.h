// Text generation: files of a decoder's Hugging Face folder in, texts that go on from prompts out, a token at a time.
//
// This is the face that bindings and tools see:
//
//   GeneratorLoader loader = GeneratorLoader::create(files).value();
//   while (bytes of model.safetensors arrive) loader.append(bytes);
//   Generator generator = loader.finish().value();
//
//   Generation text = generator.start({{"Once upon a time"}}, {.max_new_tokens = 40, .speedup = 2}).value();
//   while (!text.done()) {
//     for (const Piece& piece : text.next().value()) show(piece.prompt, piece.text);
//   }                                                   // letting go of it between two calls cancels it
//
// The first calls of next() read the prompts, the others a token of each; what comes first can be made sooner by
// speedup, for which parts of the prompts are eliminated (core/elimination/prompt.h).
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
#include "core/elimination/time/time_model.h"
#include "core/models/decoder/decoder.h"
#include "core/tasks/generation/options.h"
#include "core/tasks/load_options.h"
#include "core/tasks/model_files.h"
#include "core/text/tokenizer.h"

namespace latformer {

// What one step added to one text.
struct Piece {
  size_t prompt = 0;            // which one
  std::string text;             // whole characters; empty while one is incomplete, or while a stop string may be coming
  std::vector<int32_t> tokens;  // mostly one; all of them where beams end
  std::optional<Finish> finish{};  // it ended with this
};

// Of one prompt, so far.
struct GenerationStats {
  uint32_t prompt_tokens = 0;
  uint32_t reused_tokens = 0;                // of its beginning: as an earlier call left them, not computed again
  std::vector<uint32_t> tokens_per_layer{};  // rows of the prompt that each layer's cache holds
  std::vector<std::vector<uint32_t>> kept_positions{};  // of those that left each layer
  double requested_speedup = 1, achieved_speedup = 1;
  uint64_t macs = 0;              // of reading the prompt
  size_t cache_bytes = 0;         // keys and values, as allocated
  double first_milliseconds = 0;  // from start() to the first token: of all prompts of the call together
  uint32_t new_tokens = 0;
  double tokens_per_second = 0;  // of those behind the first, all texts of the call together
};

// Texts on their way. One at a time for a model; it must not outlive its generator.
class Generation {
 public:
  // One token more of each text that has not ended; empty if all have, and while prompts are read, of which each call
  // is a layer of the model. Errors: out_of_memory, bad_model (logits that are not finite). After an error the
  // generation has ended, and the generator works on.
  Result<std::vector<Piece>> next();
  bool done() const;
  const std::vector<GenerationStats>& stats() const;

  Generation(Generation&&) noexcept;
  Generation& operator=(Generation&&) noexcept;
  ~Generation();  // cancels what has not ended

 private:
  friend class Generator;
  struct State;
  explicit Generation(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Generator {
 public:
  // Begins texts that go on from each of `prompts`. The prompts are packed and give what each gives alone. What the
  // last call computed of a prompt's beginning is used again, where nothing of it was dropped; that changes no bit.
  // Errors: invalid_argument (options out of their range; no prompt, an empty one, or one longer than the context; a
  // generation of this model has not ended), out_of_memory.
  Result<Generation> start(std::span<const std::string_view> prompts, const GenerationOptions& options);
  // The same from tokens. Errors: also invalid_argument (a token that the model has not).
  Result<Generation> start_tokens(std::span<const std::vector<int32_t>> prompts, const GenerationOptions& options);

  // As Encoder::calibrate; of the time to the first token.
  Status calibrate(double outside = 0, double milliseconds = 220);
  Status restore_calibration(std::string_view json);
  const std::optional<TimeModel>& time_model() const;

  const DecoderFacts& facts() const;  // sizes of the model
  const Profile& profile() const;
  const Tokenizer& tokenizer() const;
  const std::vector<int32_t>& end_tokens() const;  // of generation_config.json, or else config.json
  double max_speedup() const;
  Precision precision() const;
  uint32_t max_tokens() const;  // positions of the model
  // Forgets what start() might use again.
  void forget();

  Generator(Generator&&) noexcept;
  Generator& operator=(Generator&&) noexcept;
  ~Generator();

 private:
  friend class GeneratorLoader;
  friend class Generation;
  struct State;
  explicit Generator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class GeneratorLoader {
 public:
  // Reads the small files. Errors: bad_model, unsupported_model (no decoder that Latformer runs: an encoder, say), each
  // naming the file; out_of_memory (the model cannot fit, before any byte of it is read).
  static Result<GeneratorLoader> create(const ModelFiles& files, const LoadOptions& options = {});
  Status append(std::span<const std::byte> bytes);
  Result<Generator> finish();

  GeneratorLoader(GeneratorLoader&&) noexcept;
  GeneratorLoader& operator=(GeneratorLoader&&) noexcept;
  ~GeneratorLoader();

 private:
  struct State;
  explicit GeneratorLoader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace latformer
