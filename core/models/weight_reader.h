// model.safetensors -> the weights of a model in the form that its forward pass wants them, while its bytes arrive.
//
//   header  -> the model says what it consists of: every tensor of it is there, in the right shape and a type that can
//              be read
//   tensor  -> embeddings stay as stored; of linear layers the parts of one product (query, key, value) wait for each
//   other
//              and for the scales of integers, then are packed, as int8, as 4 bits or widened to f32, and let go
//
//   WeightReader reader(rename, precision, [&](WeightReader& file) -> Status {
//     LATFORMER_TRY(file.embedding("wte.weight", vocab_size, d, &weights.tokens));
//     LATFORMER_TRY(file.norm("ln_f", d, &weights.norm));
//     return file.linear({{.name = "lm_head", .out = vocab_size, .has_bias = false}}, d, file.precision(),
//     &weights.head);
//   });
//   while (bytes arrive) reader.append(bytes);
//   reader.finish();
//
// Tensors may come in any order; number formats are those of core/format/weights.h. Tensors that nobody asked for are
// passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/format/safetensors.h"
#include "core/format/weights.h"
#include "core/kernels/linear.h"
#include "core/models/shared_weights.h"
#include "core/models/stored_matrix.h"
#include "core/models/tensor_stream.h"

namespace latformer {

struct LayerNormWeights {
  Buffer<float> gamma;  // (d)
  Buffer<float> beta;   // (d)
};

// How the file holds a matrix of floats: as torch.nn.Linear has it, or as GPT-2's Conv1D. Integers always stand as
// (out, in), with one scale, or one row of scales, for each output.
enum class LinearLayout { out_in, in_out };

// Some outputs of a product: linear layer `name` of the file, tensors "<name>.weight" and "<name>.bias", times
// `factor`. Of a layer that is several in one (query, key and value as c_attn), `out` outputs from `first` on, of
// `stored_out`.
struct LinearPart {
  std::string name;
  size_t out = 0;
  float factor = 1;
  LinearLayout layout = LinearLayout::out_in;
  bool has_bias = true;
  size_t first = 0;
  size_t stored_out = 0;  // 0: `out`, all of them
};

class WeightReader final : private TensorSink {
 public:
  // What the model consists of: calls embedding(), norm(), vector(), linear(), whose targets must stay where they are.
  using Declare = std::function<Status(WeightReader&)>;

  // rename: see WeightIndex. precision: of embeddings and linear layers; absent: as the file has them, 4 bits as int8.
  // int4 rounds what the file does not have in 4 bits to such; matrices whose columns are no multiple of 8 become int8.
  WeightReader(WeightRename rename, std::optional<Precision> precision, Declare declare);
  ~WeightReader() override;
  WeightReader(const WeightReader&) = delete;  // tensors on their way point to it
  WeightReader& operator=(const WeightReader&) = delete;

  // Before the first byte: what the file becomes is shared with other readers of it. Where `shared` is ready the
  // targets are filled at once, and no bytes are to come; else finish() publishes. Errors: those of `declare`; internal
  // (it is of another model).
  Status share(const std::shared_ptr<WeightShare>& shared);

  // The next bytes of model.safetensors. Errors: bad_model (naming the tensor and what was expected),
  // unsupported_model (a type that cannot be read), out_of_memory (once the header is there, if the weights can never
  // fit), those of `declare`.
  Status append(std::span<const std::byte> bytes) { return stream_.append(bytes); }

  // All bytes were given, and all targets are filled. Errors: bad_model (the file is too short). The reader is of no
  // further use.
  Status finish();

  // For `declare`. Each is checked against the header now, and stored at its target as it comes.
  // What embeddings and products that were asked for will take, in bytes, once they are loaded: at
  // least, for what cannot be 4 bits becomes int8.
  uint64_t bytes() const { return bytes_; }
  bool contains(std::string_view name) const { return file_->contains(name); }
  std::optional<Precision> precision() const { return precision_; }
  // (rows, columns): stays in its stored type, or becomes int8 row by row where that is the precision.
  Status embedding(const std::string& name, size_t rows, size_t columns, StoredMatrix* matrix);
  // As stored, in any precision.
  Status matrix(const std::string& name, size_t rows, size_t columns, StoredMatrix* matrix);
  Status vector(const std::string& name, size_t size, Buffer<float>* vector);
  // "<name>.weight" and "<name>.bias", each (size).
  Status norm(const std::string& name, size_t size, LayerNormWeights* norm);
  // One product of `parts`, one below the other, (sum of out, in). Parts of one layer of the file are to be asked for
  // with one precision.
  Status linear(std::vector<LinearPart> parts, size_t in, std::optional<Precision> precision, kernels::Linear* linear);

 private:
  using Done = std::function<Status()>;  // called once, when what was expected is complete
  struct Product;
  struct Layer;

  Status begin(const SafetensorsHeader& header) override;
  bool wants(size_t index) const override { return takers_[index] != nullptr; }
  Status take(size_t index, Buffer<std::byte> bytes) override { return takers_[index](std::move(bytes)); }

  Status fill(const ReadyWeights& ready);
  ReadyWeights ready() const;

  Status expect_layer(const LinearPart& part, size_t in, Layer& layer);
  Status expect_vector(const std::string& name, size_t size, Buffer<float>* vector, Done done);
  Status expect_matrix(const std::string& name, size_t rows, size_t columns, StoredMatrix* matrix, Done done);
  Status expect(const std::string& name, const StoredWeight& place, StoredMatrix* matrix, Done done);
  Status arrived(Layer& layer);
  Status pack(Product& product);
  Status pack_f32(const Product& product);
  Status pack_int8(const Product& product);
  Status pack_int4(const Product& product);

  WeightRename rename_;
  std::optional<Precision> precision_;
  Declare declare_;
  TensorStream stream_;
  std::shared_ptr<WeightShare> shared_;
  const SafetensorsHeader* header_ = nullptr;
  std::optional<WeightIndex> file_;                               // the header's tensors by name
  std::vector<std::function<Status(Buffer<std::byte>)>> takers_;  // of each tensor of the header; null: not wanted
  std::map<std::string, Layer> layers_;                           // linear layers of the file by name
  std::deque<Product> products_;
  std::vector<StoredMatrix*> matrices_;  // targets
  std::vector<Buffer<float>*> vectors_;  // targets, of norms too
  uint64_t bytes_ = 0;

  // Of the product that is being packed.
  Buffer<float> staged_weight_, staged_bias_, staged_scales_;
  Buffer<int8_t> staged_int8_;
};

}  // namespace latformer
