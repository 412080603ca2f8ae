// Any text as config.json: no crash, and what is accepted is within the documented bounds.
#include "core/models/bert/config.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace latformer;
  const Result<BertConfig> config = parse_bert_config(fuzz::text_of(data, size));
  fuzz::require_sound(config.status());
  if (!config.ok()) return 0;
  FUZZ_REQUIRE(config->num_attention_heads > 0 && config->hidden_size % config->num_attention_heads == 0);
  FUZZ_REQUIRE(config->vocab_size > 0 && config->num_hidden_layers > 0 && config->intermediate_size > 0);
  FUZZ_REQUIRE(config->max_position_embeddings > 0 && config->num_labels() > 0);
  FUZZ_REQUIRE(config->layer_norm_eps > 0 && config->layer_norm_eps <= 1);
  return 0;
}
