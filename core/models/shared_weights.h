// Weights that all models of a process hold together which were opened for the same file: whoever comes first makes
// them ready, the others take what it has made (WeightReader::share()) and read no byte of the file.
//
//   std::shared_ptr<WeightShare> share = WeightShare::join(key);
//   if (!share) come again later;                             // somebody is loading them
//   if (share->ready() == nullptr) read the file, publish();  // letting go of it before leaves nothing behind
//
// The last share that is let go frees them, but for what models still use.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/buffer.h"
#include "core/format/safetensors.h"
#include "core/kernels/linear.h"
#include "core/models/stored_matrix.h"

namespace latformer {

// What a model has declared, in that order, as it was made ready for this machine.
struct ReadyWeights {
  SafetensorsHeader header;  // of the file
  std::vector<StoredMatrix> matrices;
  std::vector<Buffer<float>> vectors;
  std::vector<kernels::Linear> products;
};

class WeightShare {
 public:
  // `key` says all that the weights follow from: the file's content, config.json, precision, the model's task. Null
  // while another share of it has not published yet. For any thread.
  static std::shared_ptr<WeightShare> join(const std::string& key);

  // What another one has published, or null: this one is the first.
  const ReadyWeights* ready() const;
  // Once, by the first.
  void publish(ReadyWeights weights);

  ~WeightShare();
  WeightShare(const WeightShare&) = delete;
  WeightShare& operator=(const WeightShare&) = delete;

 private:
  struct Weights;
  struct Registry;
  static Registry& registry();
  WeightShare(std::string key, std::shared_ptr<Weights> weights);

  std::string key_;
  std::shared_ptr<Weights> weights_;
};

}  // namespace latformer
