// A decoder: tokens of texts -> logits of the token that comes next. This is all that tasks know of GPT-2, Llama, ...
//
// A text goes through it in steps, each of one token or many: its Sequence keeps what the layers have to remember. Many
// texts of any lengths run at once, packed, and give the same bits as each alone, in one step or many.
//
// A layer l of L, x (T, d) of T rows packed:
//
//   k, v    = keys and values of all rows, into the layer's cache
//   stay    = the rows that go on: all; or those that `counts` leaves room for, by what the last queries attend to
//   x       = x[stay] + attention(queries of x[stay], cache) ...      the model's own
//
// so a row that is dropped costs its keys and values, and neither a query nor anything after it. Of the last layer only
// the row that the next token follows from goes on, unless logits of all rows are asked for.
//
// A model derives from it and gives what differs: embeddings, projections, norms, feed-forward.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/elimination/cost.h"
#include "core/elimination/prompt.h"
#include "core/elimination/time/time_model.h"
#include "core/kernels/causal_attention.h"
#include "core/kernels/linear.h"
#include "core/kernels/threads.h"
#include "core/models/decoder/activations.h"
#include "core/models/stored_matrix.h"

namespace latformer {

// What a model is, for those who run it. Query head h shares keys and values with its neighbours: kv_heads <= heads.
struct DecoderFacts {
  uint32_t vocab_size = 0;
  uint32_t hidden_size = 0;  // d
  uint32_t num_layers = 0;   // L
  uint32_t heads = 0, kv_heads = 0, head_size = 0;
  uint32_t intermediate_size = 0;
  uint32_t feed_forward_products = 2;  // of d x intermediate_size: 3 where they are gated
  uint32_t max_positions = 0;
  bool learned_positions = false;  // positions are learned, not rotary
  bool head_apart = false;         // the head does not share the embeddings
  uint32_t num_labels = 0;         // of a classifier: what its head tells apart instead of tokens

  uint32_t query_size() const { return heads * head_size; }
  uint32_t kv_size() const { return kv_heads * head_size; }
  uint32_t outputs() const { return num_labels > 0 ? num_labels : vocab_size; }  // of the head
  uint64_t weight_count() const;                                                 // of all linear layers and embeddings
};

// MACs (docs/method.md). q = query_size, e = kv_size, f = feed_forward_products, w = the queries that score:
//
//   layer:  2 in d e (KV) + [out < in] w (d q + in q) (scores) + out d q (Q) + 2 seen q (QK^T, AV) + out q d (O)
//           + f out d d_ff (FFN)
//   seen:   the keys that the queries see, all together: in (in + 1) / 2 if all stay; else of the t rows of the tail
//           t in - t (t - 1) / 2, and in / 2 of each other one
//   last:   2 in d e + d q + 2 in q + q d + f d d_ff          head:  d outputs
Cost cost_of(const DecoderFacts& facts, const PromptElimination& how, Last last = Last::one_row);

// What the layers remember of one text, and how far it has come.
struct Sequence {
  std::vector<kernels::KeyValueCache> layers;  // (L)
  uint32_t next_position = 0;

  size_t bytes() const;
  bool is_whole() const;  // no layer has dropped anything
  // Forgets all but the first `tokens` of a whole one.
  void truncate(uint32_t tokens);
};

// Some tokens more of one text.
struct DecoderInput {
  std::span<const int32_t> ids;
  std::span<const uint32_t> positions;  // of each, rising; empty: they go on where the text ends
  std::span<const uint32_t> counts;     // (L) rows that leave each layer, of a text that begins; empty: all
  Sequence* sequence = nullptr;
};

struct DecoderOutput {
  std::vector<float> logits;                          // (outputs), or (rows, outputs)
  std::vector<std::vector<uint32_t>> kept_positions;  // of the rows that left each layer
};

class DecoderModel {
 public:
  virtual ~DecoderModel() = default;

  const DecoderFacts& facts() const { return facts_; }
  // Of its linear layers.
  virtual Precision precision() const = 0;

  // An empty text with room for `rows` rows in each layer, or for `counts[l - 1]` and `more` in layer l. Errors:
  // out_of_memory.
  Result<Sequence> begin(uint32_t rows, std::span<const uint32_t> counts = {}, uint32_t more = 0) const;
  // A copy of a text with room for `more` rows beyond. Errors: out_of_memory.
  Result<Sequence> copy(const Sequence& sequence, uint32_t more) const;

  // Logits of what follows each text, or each of its tokens where all rows are read; sequences go on by their tokens.
  // Errors: invalid_argument (no tokens, one outside of the vocabulary, a position the model has not, counts for a text
  // that has begun), out_of_memory. After an error the sequences are of no further use.
  Result<std::vector<DecoderOutput>> run(std::span<const DecoderInput> texts, const PromptElimination& how,
                                         Last read = Last::one_row);

  // The same in steps, between which the caller may do other things, or let it be, and the sequences with it: start,
  // step until done, finish. Counts and sequences must stay where they are until then. Errors: those of run().
  Status start(std::span<const DecoderInput> texts, const PromptElimination& how, Last read = Last::one_row);
  bool done() const { return next_layer_ == facts_.num_layers; }
  Status step();  // a layer
  Result<std::vector<DecoderOutput>> finish();

  // Does the work of a part of the model once, for calibration. Errors: out_of_memory.
  Status rehearse(const Workload& work, size_t index, const PromptElimination& how);

  // y (d) = what token `id` is before its position is known.
  void embedding(int32_t id, float* y) const { token_embeddings().widen_row(static_cast<size_t>(id), y); }

 protected:
  // The rows of one text, on their way through the layers.
  struct Text {
    std::vector<uint32_t> positions;   // of the rows that are left
    std::vector<uint32_t> visible;     // how many rows of this layer's cache each sees; empty: they are its last rows
    std::span<const uint32_t> counts;  // (L), or empty
    Sequence* sequence = nullptr;
  };

  // sizes: of what its layers compute in.
  DecoderModel(const DecoderFacts& facts, const DecoderActivations::Sizes& sizes, Threads threads);

  // Of the model: x (n, d) are rows, positions (n) theirs.
  virtual const StoredMatrix& token_embeddings() const = 0;
  virtual const StoredMatrix& head_weights() const = 0;
  virtual Status prepare_positions(uint32_t /*positions*/) { return {}; }  // those below `positions` are about to come
  virtual void embed(std::span<const int32_t> ids, std::span<const uint32_t> positions, float* x) = 0;
  // y (n, q): what queries of layer `index` are made of, 1 / sqrt(head_size) included.
  virtual Status queries(size_t index, std::span<const uint32_t> positions, const float* x, float* y) = 0;
  // The whole of layer `index`, from a.hidden (rows(), d) to the same.
  virtual Status layer(size_t index) = 0;
  // y (d) = the norm behind the last layer, of x (d).
  virtual void last_norm(const float* x, float* y) = 0;
  // u (d) of a layer that was taught what to keep: scores of rows x, as products read them, are times exp(u . x).
  // Empty: it was not.
  virtual std::span<const float> scorer(size_t index) const = 0;

  // Steps of a layer, for all texts.
  size_t rows() const { return positions_.size(); }
  std::span<const uint32_t> positions() const { return positions_; }
  // Keys and values side by side (rows(), 2 e) go to the layer's caches.
  void remember(size_t index, const float* keys_values);
  // a.hidden and a.normed (rows(), d) become those of the rows that go on; rows() is then theirs.
  Status drop(size_t index);
  // context (rows(), q) of query (rows(), q).
  void attend(size_t index, const float* query, float* context);

  Threads threads_;
  DecoderActivations activations_;

 private:
  Status check(const DecoderInput& text) const;
  Status prepare(std::span<const DecoderInput> texts);
  uint32_t count_behind(size_t index, const Text& text) const;
  Result<std::vector<uint32_t>> choose(size_t index, const Text& text, uint32_t count, const float* x);
  Status score(size_t index, const Text& text, const float* x);
  Status logits(std::span<DecoderOutput> outputs);

  DecoderFacts facts_;
  DecoderActivations::Sizes sizes_;
  PromptElimination how_;
  Last read_ = Last::one_row;
  kernels::CausalAttention attention_;
  std::vector<Text> texts_;
  std::vector<DecoderOutput> outputs_;  // of each text that was started
  size_t next_layer_ = 0;
  std::vector<uint32_t> positions_;  // of all texts' rows
  Buffer<float> last_;               // (d)
  Sequence rehearsal_;
};

}  // namespace latformer
