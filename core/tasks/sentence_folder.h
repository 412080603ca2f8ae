// What a folder of sentence-transformers says of its embeddings, beside what every model says:
//
//   modules.json                 Transformer, Pooling, then Dense and Normalize where there are any, in this order
//   sentence_bert_config.json    max_seq_length; without it, the tokenizer's limit holds
//   1_Pooling/config.json        which pooling
//   2_Dense/config.json          out_features, bias, activation_function; model.safetensors beside it
//   config_sentence_transformers.json
//                                prompts: texts to put before a text, by name; default_prompt_name
//
// A folder without modules.json is an encoder by itself: the mean, not normalised.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/base/status.h"
#include "core/models/bert/config.h"
#include "core/models/pooling_head.h"
#include "core/tasks/model_files.h"

namespace latformer {

struct SentenceSettings {
  bool is_plain = true;  // no folder of sentence-transformers
  PoolingSettings pooling;
  std::shared_ptr<Pooling> asked;  // of the next call, by ask(); the head's pooling.asked
  size_t dimensions = 0;           // of a pooled vector
  bool normalize = false;
  std::map<std::string, std::string> prompts;
  std::optional<std::string> default_prompt;  // its name
};

// Errors: bad_model (damaged files, sizes that do not fit the model), unsupported_model (other modules, other poolings,
// texts in lower case first, prompts that do not count in the mean).
Result<SentenceSettings> parse_sentence_folder(const BertConfig& config, const ModelFiles& files);

}  // namespace latformer
