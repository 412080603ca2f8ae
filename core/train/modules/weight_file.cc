#include "core/train/modules/weight_file.h"

#include <array>
#include <span>
#include <utility>

#include "core/models/stored_matrix.h"
#include "core/train/modules/torch.h"

namespace latformer::train {

Result<WeightFile> WeightFile::open(const std::filesystem::path& path) {
  LATFORMER_ASSIGN(InputFile file, InputFile::open(path));
  std::array<std::byte, 8> first;
  LATFORMER_TRY(file.read(0, first));
  LATFORMER_ASSIGN(const uint64_t size, safetensors_header_size(first));
  if (size > file.size()) return bad_model(path.string() + ": is too short for its header");
  std::vector<std::byte> head(size);
  LATFORMER_TRY(file.read(0, head));
  LATFORMER_ASSIGN(SafetensorsHeader header, parse_safetensors_header(head));
  if (header.file_size() != file.size()) return bad_model(path.string() + ": is not as long as its header says");
  return WeightFile{std::move(file), std::move(header)};
}

Status WeightFile::read(const TensorInfo& tensor, Buffer<std::byte>& bytes) {
  LATFORMER_ASSIGN(bytes, Buffer<std::byte>::allocate(tensor.end - tensor.begin));
  return file.read(header.data_begin + tensor.begin, bytes.span());
}

Result<torch::Tensor> WeightFile::tensor(const StoredWeight& place, const std::vector<uint64_t>& extents) {
  const std::vector<int64_t> shape(extents.begin(), extents.end());
  torch::Tensor result = torch::empty(shape, torch::kFloat);
  StoredMatrix matrix;
  matrix.rows = static_cast<size_t>(extents.front());
  matrix.columns = static_cast<size_t>(result.numel()) / matrix.rows;
  matrix.dtype = place.dtype;
  matrix.group = place.group;
  LATFORMER_TRY(read(header.tensors[place.values], matrix.values));
  if (place.scales) {
    StoredMatrix scales;
    scales.rows = 1;
    scales.columns = matrix.scale_count();
    scales.dtype = place.scale_dtype;
    LATFORMER_TRY(read(header.tensors[*place.scales], scales.values));
    LATFORMER_ASSIGN(matrix.scales, Buffer<float>::allocate(scales.columns));
    scales.widen_row(0, matrix.scales.data());
  }
  for (size_t row = 0; row < matrix.rows; ++row) {
    matrix.widen_row(row, result.data_ptr<float>() + row * matrix.columns);
  }
  return result;
}

Status write_tensors(const std::filesystem::path& path, const std::map<std::string, torch::Tensor>& tensors,
                     DType dtype) {
  std::vector<TensorInfo> infos;
  for (const auto& [name, tensor] : tensors) {
    const std::vector<uint64_t> shape(tensor.sizes().begin(), tensor.sizes().end());
    infos.push_back({.name = name, .dtype = dtype, .shape = shape});
  }
  const std::string head = make_safetensors_head(infos);
  LATFORMER_ASSIGN(OutputFile file, OutputFile::create(path));
  LATFORMER_TRY(file.write(std::as_bytes(std::span(head))));
  for (const auto& [name, tensor] : tensors) {
    const torch::Tensor values =
        tensor.detach().to(torch::kCPU).to(dtype == DType::f16 ? torch::kHalf : torch::kFloat).contiguous();
    if (!values.isfinite().all().item<bool>()) {
      return bad_model(name + " has values that are not finite" +
                       (dtype == DType::f16 ? " as 16-bit floats; export as f32" : ""));
    }
    LATFORMER_TRY(file.write({static_cast<const std::byte*>(values.data_ptr()), values.nbytes()}));
  }
  return file.close();
}

}  // namespace latformer::train
