#include <gtest/gtest.h>

#include <string>

#include "core/models/llama/config.h"

namespace latformer {
namespace {

std::string config(const std::string& more) {
  return R"({"model_type": "llama", "vocab_size": 40, "max_position_embeddings": 24, "hidden_size": 8,
             "num_hidden_layers": 3, "intermediate_size": 12, )" +
         more + "}";
}

TEST(LlamaConfig, HeadsAndTheirSizeTogetherAreNoLargerThanAnyOtherSize) {
  // 2^16 heads of 2^16: 32 bits would make nothing of it, and tensors of no rows would pass for the weights.
  const auto huge = parse_llama_config(config(R"("num_attention_heads": 65536, "head_dim": 65536)"));
  EXPECT_EQ(huge.status().code(), ErrorCode::bad_model);
  EXPECT_NE(huge.status().message().find("head_dim"), std::string::npos);
  const auto largest = parse_llama_config(config(R"("num_attention_heads": 256, "head_dim": 65536)"));
  ASSERT_TRUE(largest.ok()) << largest.status().message();
  EXPECT_EQ(largest->facts().query_size(), 1U << 24);
}

}  // namespace
}  // namespace latformer
