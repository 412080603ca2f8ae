#include "core/train/run/checkpoint.h"

#include <torch/optim/adamw.h>
#include <torch/serialize.h>

#include <system_error>
#include <vector>

#include "core/files/files.h"
#include "core/train/modules/export_config.h"
#include "core/train/modules/guard.h"
#include "core/train/modules/torch.h"

namespace latformer::train {
namespace fs = std::filesystem;

namespace {

// Writes an archive aside, then renames it.
template <class Fill>
Status write_archive(const fs::path& path, Fill&& fill) {
  fs::path aside = path;
  aside += ".partial";
  const Status written = guarded([&]() -> Status {
    torch::serialize::OutputArchive archive;
    fill(archive);
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

// read(archive) of the file; every error names it.
template <class Read>
Status read_archive(const fs::path& path, Read&& read) {
  const Status done = guarded([&]() -> Status {
    const torch::NoGradGuard no_gradients;
    torch::serialize::InputArchive archive;
    archive.load_from(path.string());
    return read(archive);
  });
  return done.ok() ? done : invalid_argument(path.string() + ": cannot be resumed: " + done.message());
}

void write_weights(const Module& module, torch::serialize::OutputArchive& archive) {
  std::vector<torch::Tensor> weights;
  for (const auto& [name, tensor] : module.weights()) weights.push_back(tensor.detach());
  archive.write("weights", c10::IValue(weights));
}

Status read_weights(torch::serialize::InputArchive& archive, Module& module) {
  c10::IValue value;
  archive.read("weights", value);
  const std::vector<torch::Tensor> weights = value.toTensorVector();
  if (weights.size() != module.weights().size()) return invalid_argument("it is of another model");
  size_t index = 0;
  for (auto& [name, tensor] : module.weights()) tensor.copy_(weights[index++]);
  return {};
}

}  // namespace

Status save_checkpoint(const fs::path& path, const Settings& settings, const Progressed& progressed,
                       const Module& module, const torch::optim::AdamW& optimizer) {
  return write_archive(path, [&](torch::serialize::OutputArchive& archive) {
    archive.write("settings", c10::IValue(settings.to_text()));
    archive.write("step", c10::IValue(static_cast<int64_t>(progressed.step)));
    archive.write("profile", c10::IValue(progressed.profile ? profile_json(*progressed.profile) : std::string()));
    archive.write("best_score", c10::IValue(progressed.best_score));
    archive.write("best_step", c10::IValue(static_cast<int64_t>(progressed.best_step)));
    archive.write("epochs_since", c10::IValue(static_cast<int64_t>(progressed.epochs_since)));
    write_weights(module, archive);
    torch::serialize::OutputArchive of_optimizer;
    optimizer.save(of_optimizer);
    archive.write("optimizer", of_optimizer);
  });
}

Result<Settings> settings_in_checkpoint(const fs::path& path) {
  Settings settings;
  LATFORMER_TRY(read_archive(path, [&](torch::serialize::InputArchive& archive) -> Status {
    c10::IValue value;
    archive.read("settings", value);
    settings = Settings::parse(value.toStringRef());
    return {};
  }));
  return settings;
}

Result<Progressed> load_checkpoint(const fs::path& path, const Settings& settings, Module& module,
                                   torch::optim::AdamW& optimizer) {
  Progressed progressed;
  std::string profile;
  LATFORMER_TRY(read_archive(path, [&](torch::serialize::InputArchive& archive) -> Status {
    c10::IValue value;
    archive.read("settings", value);
    const std::string changes = settings.changes_since(Settings::parse(value.toStringRef()));
    if (!changes.empty()) return invalid_argument("it is of a run with other settings:\n" + changes);
    const auto whole = [&](const char* name) {
      archive.read(name, value);
      return static_cast<uint64_t>(value.toInt());
    };
    progressed.step = whole("step");
    progressed.best_step = whole("best_step");
    progressed.epochs_since = whole("epochs_since");
    archive.read("best_score", value);
    progressed.best_score = value.toDouble();
    archive.read("profile", value);
    profile = value.toStringRef();
    LATFORMER_TRY(read_weights(archive, module));
    torch::serialize::InputArchive of_optimizer;
    archive.read("optimizer", of_optimizer);
    optimizer.load(of_optimizer);
    return {};
  }));
  if (!profile.empty()) {
    LATFORMER_ASSIGN(progressed.profile, parse_profile(profile, module.config().cost.num_layers));
  }
  return progressed;
}

Status save_weights(const fs::path& path, const Module& module) {
  return write_archive(path, [&](torch::serialize::OutputArchive& archive) { write_weights(module, archive); });
}

Status load_weights(const fs::path& path, Module& module) {
  return read_archive(path, [&](torch::serialize::InputArchive& archive) { return read_weights(archive, module); });
}

}  // namespace latformer::train
