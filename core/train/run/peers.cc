#include "core/train/run/peers.h"

#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "core/format/quote.h"
#include "core/train/modules/guard.h"
#include "core/train/modules/torch.h"

// PyTorch's own packages come without Gloo's headers, which ProcessGroupGloo.hpp needs; Debian's libgloo-dev has them.
#if defined(USE_C10D_GLOO) && __has_include(<gloo/algorithm.h>)
#define LATFORMER_GLOO 1
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif

namespace latformer::train {

#ifdef LATFORMER_GLOO

struct Peers::Group {
  c10::intrusive_ptr<c10d::TCPStore> store;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> processes;
};

Result<Peers> Peers::connect(int rank, int size, const std::string& host, uint16_t port, bool host_store) {
  return guarded([&]() -> Result<Peers> {
    c10d::TCPStoreOptions where;
    where.port = port;
    where.isServer = host_store;
    where.numWorkers = static_cast<size_t>(size);
    where.waitWorkers = false;
    auto options = c10d::ProcessGroupGloo::Options::create();
    options->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
    Peers peers;
    peers.rank_ = rank;
    peers.size_ = size;
    peers.group_ = std::make_unique<Group>();
    peers.group_->store = c10::make_intrusive<c10d::TCPStore>(host, where);
    peers.group_->processes =
        c10::make_intrusive<c10d::ProcessGroupGloo>(peers.group_->store, rank, size, std::move(options));
    return peers;
  });
}

void Peers::sum(const std::vector<torch::Tensor>& tensors) const {
  if (!group_) return;
  const torch::NoGradGuard no_gradients;
  std::vector<torch::Tensor> flat;
  for (const torch::Tensor& tensor : tensors) flat.push_back(tensor.reshape(-1).to(torch::kCPU));
  std::vector<torch::Tensor> together = {torch::cat(flat)};
  group_->processes->allreduce(together)->wait();
  int64_t at = 0;
  for (const torch::Tensor& tensor : tensors) {
    torch::Tensor target = tensor;
    target.copy_(together[0].slice(0, at, at + tensor.numel()).view(tensor.sizes()));
    at += tensor.numel();
  }
}

#else

struct Peers::Group {};

Result<Peers> Peers::connect(int, int, const std::string&, uint16_t, bool) {
  return invalid_argument("this latformer-train was built without Gloo, so it trains in one process only");
}

void Peers::sum(const std::vector<torch::Tensor>&) const {}

#endif

Peers::Peers() = default;
Peers::Peers(Peers&&) noexcept = default;
Peers& Peers::operator=(Peers&&) noexcept = default;
Peers::~Peers() = default;

Result<Peers> Peers::from_environment() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string_view(value != nullptr ? value : "");
  };
  const auto number = [&](const char* name, long least, long most, long& value) -> Status {
    const std::string_view text = variable(name);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && value >= least && value <= most) return {};
    return invalid_argument(std::string(name) + " is " + quote(text) + ", not a number from " + std::to_string(least) +
                            " to " + std::to_string(most));
  };
  if (variable("WORLD_SIZE").empty() || variable("WORLD_SIZE") == "1") return Peers();
  long size = 0, rank = 0, port = 0;
  LATFORMER_TRY(number("WORLD_SIZE", 1, 1 << 16, size));
  LATFORMER_TRY(number("RANK", 0, size - 1, rank));
  LATFORMER_TRY(number("MASTER_PORT", 1, 65535, port));
  const std::string host(variable("MASTER_ADDR"));
  if (host.empty()) return invalid_argument("WORLD_SIZE is set, but MASTER_ADDR is not");
  const bool torchrun_hosts = variable("TORCHELASTIC_USE_AGENT_STORE") == "True";
  return connect(static_cast<int>(rank), static_cast<int>(size), host, static_cast<uint16_t>(port),
                 rank == 0 && !torchrun_hosts);
}

}  // namespace latformer::train
