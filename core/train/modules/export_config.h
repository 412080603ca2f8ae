// config.json and profile.json of a trained model, as text.
#pragma once

#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/elimination/profile.h"
#include "core/format/safetensors.h"
#include "core/models/bert/config.h"

namespace latformer::train {

// The text `json` of the model that was started from, made that of its architecture's classifier with the labels, the
// problem type and the number of layers of `config` and weights of `dtype`; all else stays. That of embeddings stays
// what it is, with such weights. Errors: invalid_argument (two labels of one name: label2id would have it twice, and
// nobody could load the model), bad_model, out_of_memory.
Result<std::string> exported_config(std::string_view json, const BertConfig& config, DType dtype);

// As docs/profile.schema.json has it. Numbers are written so that they are read as the same.
std::string profile_json(const Profile& profile);
// The same of a decoder: with how prompts are made shorter.
std::string decoder_profile_json(const Profile& profile);

// The same JSON in one line; no string in it holds a line end.
std::string compact(std::string json);

}  // namespace latformer::train
