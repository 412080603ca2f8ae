// A Hugging Face folder of a BERT classifier, or of an architecture beside it, of a GPT-2 or a Llama -> the same model
// with int8 or 4-bit weights, in a folder that Latformer loads like any other, and Python's transformers too (with
// compressed-tensors; not of a GPT-2, whose matrices are no torch.nn.Linear there).
//
//   matrices of embeddings, attention, feed-forward and pooler   int8, one scale for each row
//   (core/kernels/int8_rows.h),
//                                                                or 4 bits, one scale for each group of columns
//   biases, LayerNorm, scales, classifier, token types           f32
//
//   4 bits:  q = clamp(round(w / scale), -8, 7);  scale = f max |w| / 7.5 of the group, f of 0.75 .. 1 with the least
//            square error
// The source's numbers are F32, F16 or BF16. Names of the target are those of transformers, number formats those of
// core/format/weights.h; GPT-2's matrices stand as (out, in). The file's tensors stand in safetensors' usual order:
// i64, f32, integers of weights, then by name; so each begins at a multiple of its size, and the scales arrive before
// the weights. Weights are read row by row and, but for GPT-2's, never held as a whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/status.h"

namespace latformer {

struct QuantizeOptions {
  int bits = 8;        // or 4
  bool force = false;  // replace the model in a folder that is there already (its other files stay)
};

// What became of the tensors of one part of the model.
struct QuantizedPart {
  std::string name;
  uint64_t bytes_before = 0;
  uint64_t bytes_after = 0;
  double largest_error = 0;  // of its tensors' |W - quantised W| / |W|, Frobenius norms; 0 for what stays float
  std::string worst_tensor;
};

struct QuantizeReport {
  std::vector<QuantizedPart> parts;
  uint64_t file_before = 0;  // bytes of model.safetensors
  uint64_t file_after = 0;
};

// Nothing is left at `target` on an error. Errors: invalid_argument (files that cannot be read or written, a target
// that is there), bad_model and unsupported_model as for loading; a model that is quantised already; 4 bits of a matrix
// with an odd number of columns, or holds numbers that are not finite.
Result<QuantizeReport> quantize_folder(const std::filesystem::path& source, const std::filesystem::path& target,
                                       const QuantizeOptions& options = {});

// The report as a table, lines ending in '\n'.
std::string to_text(const QuantizeReport& report);

}  // namespace latformer
