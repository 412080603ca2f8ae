#include "core/train/modules/compute_type.h"

#include <algorithm>
#include <chrono>

#include "core/train/modules/torch.h"

namespace latformer::train {
namespace {

constexpr int64_t kRows = 512, kIn = 768, kOut = 3072;  // of BERT-base
constexpr int kRounds = 5;
constexpr double kClearly = 1.2;

double seconds_of(const torch::Tensor& x, const torch::Tensor& weight) {
  const auto start = std::chrono::steady_clock::now();
  const float first = torch::linear(x, weight)[0][0].item<float>();  // waits for a GPU
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return first == first ? seconds : 1e9;
}

}  // namespace

torch::Dtype faster_compute_type(torch::Device device) {
  const torch::NoGradGuard no_gradients;
  const torch::Tensor x = torch::ones({kRows, kIn}, device), weight = torch::ones({kOut, kIn}, device);
  const torch::Tensor x16 = x.to(torch::kBFloat16), weight16 = weight.to(torch::kBFloat16);
  double in_f32 = 1e9, in_bf16 = 1e9;
  for (int round = 0; round < kRounds; ++round) {  // in turn, so that a busy machine disturbs both alike
    in_f32 = std::min(in_f32, seconds_of(x, weight));
    in_bf16 = std::min(in_bf16, seconds_of(x16, weight16));
  }
  return in_f32 > kClearly * in_bf16 ? torch::kBFloat16 : torch::kFloat;
}

}  // namespace latformer::train
