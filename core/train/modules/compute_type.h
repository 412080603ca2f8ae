// Which type the products of a module are faster in on this machine, by trying both.
#pragma once

#include <torch/types.h>

namespace latformer::train {

// bfloat16 where a product as large as a layer's takes clearly less time in it than in float32, else float32.
torch::Dtype faster_compute_type(torch::Device device);

}  // namespace latformer::train
