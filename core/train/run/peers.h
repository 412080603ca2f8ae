// Several processes that train one model together, on one machine or many: each takes its share of every batch, and the
// gradients are summed over all before each step, so that all keep the same weights.
//
// Who they are stands in the environment variables that torchrun sets: RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT.
// They talk by Gloo, over TCP. All must see the same files: the model, the data, and WORK when resuming.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/status.h"

namespace latformer::train {

class Peers {
 public:
  // A process by itself.
  Peers();
  // Errors: invalid_argument: variables that are no numbers or do not fit together, peers that do not come, a LibTorch
  // without Gloo.
  static Result<Peers> from_environment();
  static Result<Peers> connect(int rank, int size, const std::string& host, uint16_t port, bool host_store);

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool is_first() const { return rank_ == 0; }

  // Every value becomes its sum over all processes. All call it with tensors of the same shapes, in the same order.
  void sum(const std::vector<torch::Tensor>& tensors) const;

  Peers(Peers&&) noexcept;
  Peers& operator=(Peers&&) noexcept;
  ~Peers();

 private:
  struct Group;
  int rank_ = 0;
  int size_ = 1;
  std::unique_ptr<Group> group_;  // null for a process by itself
};

}  // namespace latformer::train
