// What a task makes of the rows that leave the last layer of an encoder: logits of [CLS], a mean over all rows, ...
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/status.h"
#include "core/elimination/cost.h"
#include "core/elimination/select.h"
#include "core/kernels/threads.h"
#include "core/models/encoder_model.h"
#include "core/models/stored_matrix.h"
#include "core/models/weight_reader.h"

namespace latformer {

// The rows of all texts of a batch, packed.
struct LastRows {
  const float* x = nullptr;              // (rows of all texts, d)
  size_t d = 0;                          // hidden_size
  std::span<const LiveRows> texts;       // of each: count() rows, one behind the other; one row each where that is read
  std::span<const EncoderInput> inputs;  // what the texts were
  const StoredMatrix* word_embeddings = nullptr;  // (vocab_size, d) that a head may share
};

class Head {
 public:
  virtual ~Head() = default;

  // Which rows it reads: the last layer computes no others.
  virtual Last reads() const = 0;

  // Whether it reads a row of every token, dropped ones too, as LastStates has them; no rest rows then.
  virtual bool reads_dropped() const { return false; }

  // Tokens of the longest text that it was made for, special ones included; what is beyond is cut. Absent: as the
  // tokenizer says.
  virtual std::optional<uint32_t> max_tokens() const { return {}; }

  // Its weights, which are to stay where they are. Errors: those of WeightReader; unsupported_model (the file has no
  // such head).
  virtual Status declare(WeightReader& file) = 0;

  // One result for each text. Errors: out_of_memory.
  virtual Result<std::vector<std::vector<float>>> run(const Threads& threads, const LastRows& rows) = 0;
};

}  // namespace latformer
