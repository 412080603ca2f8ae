#include "core/train/modules/row_map.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "core/train/modules/torch.h"

namespace latformer::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// y[to[k]] += weight[k] * x[from[k]] for every k. Threads share the columns, so that sums have one order.
template <typename Scalar>
void add_rows_on_cpu(const int64_t* from, const int64_t* to, const float* weight, int64_t count, int64_t d,
                     const Scalar* x, Scalar* y) {
  constexpr int64_t kColumns = 64;  // at least so many for a thread
  at::parallel_for(0, d, kColumns, [&](int64_t first, int64_t last) {
    for (int64_t k = 0; k < count; ++k) {
      const Scalar* a = x + from[k] * d;
      Scalar* b = y + to[k] * d;
      const float w = weight[k];
      for (int64_t column = first; column < last; ++column) {
        b[column] = static_cast<Scalar>(static_cast<float>(b[column]) + w * static_cast<float>(a[column]));
      }
    }
  });
}

// The same for any device.
torch::Tensor add_rows(const torch::Tensor& from, const torch::Tensor& to, const torch::Tensor& weight, int64_t out,
                       const torch::Tensor& x) {
  torch::Tensor y = torch::zeros({out, x.size(1)}, x.options());
  const auto on_cpu = [&]<typename Scalar>(Scalar* sums) {
    const torch::Tensor rows = x.contiguous();
    add_rows_on_cpu(from.data_ptr<int64_t>(), to.data_ptr<int64_t>(), weight.data_ptr<float>(), from.numel(), x.size(1),
                    static_cast<const Scalar*>(rows.data_ptr<Scalar>()), sums);
    return y;
  };
  if (x.device().is_cpu() && x.scalar_type() == torch::kFloat) return on_cpu(y.data_ptr<float>());
  if (x.device().is_cpu() && x.scalar_type() == torch::kBFloat16) return on_cpu(y.data_ptr<at::BFloat16>());
  return y.index_add_(0, to, x.index_select(0, from) * weight.to(x.scalar_type()).unsqueeze(1));
}

class MapRows : public torch::autograd::Function<MapRows> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& from,
                               const torch::Tensor& to, const torch::Tensor& weight, int64_t out) {
    context->save_for_backward({from, to, weight});
    context->saved_data["in"] = x.size(0);
    return add_rows(from, to, weight, out, x);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const int64_t in = context->saved_data["in"].toInt();
    const torch::Tensor gradient = add_rows(saved[1], saved[0], saved[2], in, gradients[0]);
    return {gradient, torch::Tensor(), torch::Tensor(), torch::Tensor(), torch::Tensor()};
  }
};

}  // namespace

torch::Tensor map_rows(const RowMap& map, const torch::Tensor& x) {
  std::vector<int64_t> to(map.source.size());
  for (int64_t row = 0; row < map.rows(); ++row) {
    const auto i = static_cast<size_t>(row);
    std::fill(to.begin() + map.begin[i], to.begin() + map.begin[i + 1], row);
  }
  const auto on_device = [&](const auto& values) { return torch::tensor(values).to(x.device()); };
  return MapRows::apply(x, on_device(map.source), on_device(to), on_device(map.weight), map.rows());
}

}  // namespace latformer::train
