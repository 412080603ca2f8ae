// config.json -> the loader of the decoder that it is of: the one list of decoders that Latformer runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/models/decoder/loader.h"

namespace latformer {

// precision: see WeightReader. Errors: bad_model, unsupported_model (naming model_type, if that is no decoder's),
// out_of_memory (weights in that precision do not fit into the address space; where it is absent, that shows when the
// file's header has come).
Result<std::unique_ptr<DecoderLoader>> open_decoder(std::string_view config_json, std::optional<Precision> precision);

// The tokens that end a text: eos_token_id of generation_config.json, or else of config.json, a number or several; none
// if it is null or absent in both. Errors: bad_model (no token of the vocabulary).
Result<std::vector<int32_t>> parse_end_tokens(std::string_view config_json, std::string_view generation_config_json,
                                              uint32_t vocab_size);

}  // namespace latformer
