// model.safetensors with tensors of LibTorch on this side.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/base/buffer.h"
#include "core/base/status.h"
#include "core/files/files.h"
#include "core/format/safetensors.h"
#include "core/format/weights.h"

namespace latformer::train {

// A file, and where its tensors stand.
struct WeightFile {
  InputFile file;
  SafetensorsHeader header;

  static Result<WeightFile> open(const std::filesystem::path& path);
  // The float tensor of this shape at `place`, as float32.
  Result<torch::Tensor> tensor(const StoredWeight& place, const std::vector<uint64_t>& extents);

 private:
  Status read(const TensorInfo& tensor, Buffer<std::byte>& bytes);
};

// Writes them all, as f32 or f16, in the order of their names. Errors: bad_model (a value that is not finite),
// invalid_argument (the file cannot be written).
Status write_tensors(const std::filesystem::path& path, const std::map<std::string, torch::Tensor>& tensors,
                     DType dtype);

}  // namespace latformer::train
