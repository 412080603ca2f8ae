#include "core/train/run/checkpoint.h"

#include <torch/serialize.h>
#include <torch/torch.h>

#include <system_error>
#include <vector>

#include "core/files/files.h"
#include "core/train/modules/export_config.h"
#include "core/train/modules/guard.h"

namespace latformer::train {
namespace fs = std::filesystem;

Status save_checkpoint(const fs::path& path, const std::string& settings, const Progressed& progressed,
                       const BertModule& module, const torch::optim::AdamW& optimizer) {
  fs::path aside = path;
  aside += ".partial";
  const Status written = guarded([&]() -> Status {
    std::vector<torch::Tensor> weights;
    for (const auto& [name, tensor] : module.weights()) weights.push_back(tensor.detach());
    torch::serialize::OutputArchive archive, of_optimizer;
    archive.write("settings", c10::IValue(settings));
    archive.write("step", c10::IValue(static_cast<int64_t>(progressed.step)));
    archive.write("profile", c10::IValue(progressed.profile ? profile_json(*progressed.profile) : std::string()));
    archive.write("weights", c10::IValue(weights));
    optimizer.save(of_optimizer);
    archive.write("optimizer", of_optimizer);
    // Through a function of ours, for LibTorch's own writer ends the program when the disk is full.
    LATFORMER_ASSIGN(OutputFile file, OutputFile::create(aside));
    Status status;
    archive.save_to([&](const void* bytes, size_t size) {
      if (status.ok()) status = file.write({static_cast<const std::byte*>(bytes), size});
      return size;
    });
    LATFORMER_TRY(status);
    return file.close();
  });
  std::error_code error;
  if (written.ok()) {
    fs::rename(aside, path, error);
    if (!error) return {};
  }
  const std::string why = written.ok() ? error.message() : written.message();
  fs::remove(aside, error);
  return invalid_argument(path.string() + ": the checkpoint cannot be written: " + why);
}

Result<Progressed> load_checkpoint(const fs::path& path, const std::string& settings, BertModule& module,
                                   torch::optim::AdamW& optimizer) {
  Progressed progressed;
  std::string profile;
  const Status read = guarded([&]() -> Status {
    const torch::NoGradGuard no_gradients;
    torch::serialize::InputArchive archive, of_optimizer;
    archive.load_from(path.string());
    c10::IValue value;
    archive.read("settings", value);
    if (value.toStringRef() != settings) {
      return invalid_argument("it is of a run with other settings:\n  then " + value.toStringRef() + "\n  now  " +
                              settings);
    }
    archive.read("step", value);
    progressed.step = static_cast<uint64_t>(value.toInt());
    archive.read("profile", value);
    profile = value.toStringRef();
    archive.read("weights", value);
    const std::vector<torch::Tensor> weights = value.toTensorVector();
    if (weights.size() != module.weights().size()) return invalid_argument("it is of another model");
    size_t index = 0;
    for (auto& [name, tensor] : module.weights()) tensor.copy_(weights[index++]);
    archive.read("optimizer", of_optimizer);
    optimizer.load(of_optimizer);
    return {};
  });
  if (!read.ok()) return invalid_argument(path.string() + ": cannot be resumed: " + read.message());
  if (!profile.empty()) {
    LATFORMER_ASSIGN(progressed.profile, parse_profile(profile, module.config().num_hidden_layers));
  }
  return progressed;
}

}  // namespace latformer::train
