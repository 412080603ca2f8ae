// Any text as config.json and as profile.json: no crash, and what is accepted is within the documented bounds.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/elimination/profile.h"
#include "core/format/config.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace latformer;
  const std::string_view json(reinterpret_cast<const char*>(data), size);

  const Result<BertConfig> config = parse_bert_config(json);
  if (config.ok()) {
    require(config->num_attention_heads > 0 && config->hidden_size % config->num_attention_heads == 0);
    require(config->vocab_size > 0 && config->num_hidden_layers > 0 && config->intermediate_size > 0);
    require(config->max_position_embeddings > 0 && config->type_vocab_size > 0 && config->num_labels() > 0);
    require(config->layer_norm_eps > 0 && config->layer_norm_eps <= 1);
  } else {
    require(!config.status().message().empty());
  }

  for (const uint32_t num_layers : {1U, 6U}) {
    const Result<Profile> profile = parse_profile(json, num_layers);
    if (!profile.ok()) continue;
    require(profile->retention.size() == num_layers && profile->max_speedup >= 1);
    double before = 1;
    for (const double retention : profile->retention) {
      require(retention > 0 && retention <= before);
      before = retention;
    }
  }
  return 0;
}
