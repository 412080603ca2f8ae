// What the tasks of an encoder know of a model: packed texts in, what a head makes of each out. BERT and its siblings
// are such, with a head of any task (bert/encoder.h), and a decoder that was made a classifier (gpt2/classifier.h).
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
#include "core/elimination/cost.h"
#include "core/elimination/profile.h"
#include "core/elimination/time/time_model.h"
#include "core/format/labels.h"
#include "core/kernels/linear.h"
#include "core/kernels/threads.h"
#include "core/models/weight_reader.h"

namespace latformer {

// What config.json says of it, by BERT's names.
struct EncoderConfig {
  uint32_t vocab_size = 0;
  uint32_t hidden_size = 0;
  uint32_t num_hidden_layers = 0;
  uint32_t num_attention_heads = 0;
  uint32_t intermediate_size = 0;
  uint32_t max_position_embeddings = 0;  // those that tokens can have
  ProblemType problem_type = ProblemType::single_label;
  std::vector<std::string> labels;

  uint32_t num_labels() const { return static_cast<uint32_t>(labels.size()); }
};

// One text, n tokens.
struct EncoderInput {
  std::span<const int32_t> ids;       // (n), special tokens included
  std::span<const uint8_t> type_ids;  // (n)
  std::span<const uint32_t> counts;   // (L) rows that are to leave each layer: Schedule::counts
};

struct EncoderOutput {
  std::vector<float> result;  // what the head makes of it: logits (num_labels), say
  // Of each layer: positions of the ordinary rows that left it, and the number of all that did, the rest row included.
  std::vector<std::vector<uint32_t>> kept_positions;
  std::vector<uint32_t> tokens_per_layer;
};

class EncoderModel {
 public:
  virtual ~EncoderModel() = default;

  // What each text gives; a batch gives what its texts give one by one.
  // Errors: invalid_argument (no tokens; an id, type or length that the model has no embedding for), out_of_memory. The
  // model works on after an error.
  Result<std::vector<EncoderOutput>> run(std::span<const EncoderInput> texts, Dropped dropped) {
    LATFORMER_TRY(start(texts, dropped));
    while (!done()) LATFORMER_TRY(step());
    return finish();
  }

  // The same in steps, between which the caller may do other things, or let it be: start, step until done, finish. What
  // the inputs point to must stay until then. Errors: those of run(), after which another start() is all that is left.
  virtual Status start(std::span<const EncoderInput> texts, Dropped dropped) = 0;
  virtual bool done() const = 0;
  virtual Status step() = 0;  // a layer
  virtual Result<std::vector<EncoderOutput>> finish() = 0;

  // Of the linear layers.
  virtual Precision precision() const = 0;

  // One part of the model over a made-up text, for a calibration to time; an inner layer is `index` (below L - 1).
  // work.in is at most max_position_embeddings. Errors: out_of_memory.
  virtual Status rehearse(const Workload& work, size_t index, Dropped dropped) = 0;
};

// model.safetensors, while its bytes arrive -> an EncoderModel.
class EncoderModelLoader {
 public:
  virtual ~EncoderModelLoader() = default;

  virtual EncoderConfig config() const = 0;
  // Tokens of the longest text that the model's head was made for, special ones included; absent: as the tokenizer
  // says.
  virtual std::optional<uint32_t> max_tokens() const { return {}; }
  // Of profile.json; empty: what it runs with without one. Errors: bad_model, unsupported_model.
  virtual Result<Profile> profile(std::string_view json) const = 0;
  virtual Cost cost(const Profile& profile) const = 0;

  // Takes the bytes of model.safetensors, or what another loader has made of them.
  virtual WeightReader& reader() = 0;
  Status append(std::span<const std::byte> bytes) { return reader().append(bytes); }
  // All bytes were given. Errors: bad_model (the file is too short). The loader is of no further use.
  virtual Result<std::unique_ptr<EncoderModel>> finish(Threads threads, const Profile& profile) = 0;
};

}  // namespace latformer
