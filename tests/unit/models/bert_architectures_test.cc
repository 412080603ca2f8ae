#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <vector>

#include "core/format/safetensors.h"
#include "core/models/bert/architectures.h"
#include "core/models/bert/config.h"
#include "core/models/bert/relative_attention.h"

namespace latformer {
namespace {

const std::string kModels = std::string(LATFORMER_SOURCE_DIR) + "/tests/parity/models/";

// The header of a file that transformers saved.
SafetensorsHeader header_of(const std::string& folder) {
  std::ifstream file(kModels + folder + "/model.safetensors", std::ios::binary);
  std::vector<char> head(8);
  file.read(head.data(), 8);
  head.resize(safetensors_header_size(std::as_bytes(std::span(head))).value());
  file.seekg(0);
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  return parse_safetensors_header(std::as_bytes(std::span(head))).value();
}

const BertArchitecture& architecture(std::string_view model_type) {
  for (const BertArchitecture& each : bert_architectures()) {
    if (each.model_type == model_type) return each;
  }
  return bert_architectures().front();
}

// Whatever a file of transformers holds is written again by the name that it has there.
TEST(BertArchitectures, NameTensorsAsTransformersDoes) {
  const std::map<std::string, std::string> folders = {
      {"bert", "merge-f32"}, {"distilbert", "distilbert"},   {"roberta", "roberta"},          {"electra", "electra"},
      {"mpnet", "mpnet"},    {"xlm-roberta", "xlm-roberta"}, {"camembert", "camembert-int4"}, {"albert", "albert"}};
  EXPECT_EQ(folders.size(), bert_architectures().size()) << "an architecture without a model in tests/parity";
  for (const auto& [model_type, folder] : folders) {
    for (const TensorInfo& tensor : header_of(folder).tensors) {
      const BertArchitecture& row = architecture(model_type);
      EXPECT_EQ(row.stored(row.looked_up(tensor.name)), tensor.name);
    }
  }
}

TEST(BertArchitectures, DistilBertHasFieldsOfItsOwn) {
  const BertConfig config = parse_bert_config(R"({"model_type": "distilbert", "architectures":
      ["DistilBertForSequenceClassification"], "dim": 24, "n_layers": 4, "n_heads": 3, "hidden_dim": 56, "activation":
      "relu", "max_position_embeddings": 256, "vocab_size": 243, "layer_norm_eps": 0.5, "sinusoidal_pos_embds": true,
      "seq_classif_dropout": 0.2})")
                                .value();
  EXPECT_EQ(config.hidden_size, 24U);
  EXPECT_EQ(config.num_hidden_layers, 4U);
  EXPECT_EQ(config.num_attention_heads, 3U);
  EXPECT_EQ(config.intermediate_size, 56U);
  EXPECT_EQ(config.hidden_act, HiddenActivation::relu);
  EXPECT_EQ(config.type_vocab_size, 0U);
  EXPECT_EQ(config.layer_norm_eps, 1e-12F) << "DistilBERT has no such setting";
  EXPECT_EQ(config.architecture->pooler_activation, HiddenActivation::relu);
}

std::string config_of_type(std::string_view model_type, std::string_view fields) {
  return R"({"model_type": ")" + std::string(model_type) + R"(", "vocab_size": 50, "hidden_size": 24,
      "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 40, "max_position_embeddings": 66)" +
         std::string(fields) + "}";
}

TEST(BertArchitectures, PositionsBeginBehindThatOfPadding) {
  for (const char* type : {"roberta", "xlm-roberta", "camembert"}) {
    EXPECT_EQ(parse_bert_config(config_of_type(type, ""))->max_tokens(), 64U) << type;
    const BertConfig config = parse_bert_config(config_of_type(type, R"(, "pad_token_id": 4)")).value();
    EXPECT_EQ(config.first_position, 5U);
    EXPECT_EQ(config.padding_id, 4);
  }
  // Of MPNet's padding the code itself says that it is 1, and ELECTRA counts as BERT does.
  EXPECT_EQ(parse_bert_config(config_of_type("mpnet", R"(, "pad_token_id": 4)"))->max_tokens(), 64U);
  EXPECT_EQ(parse_bert_config(config_of_type("electra", R"(, "pad_token_id": 4)"))->max_tokens(), 66U);
  EXPECT_EQ(parse_bert_config(config_of_type("roberta", R"(, "pad_token_id": 65)")).status().message(),
            "config.json: max_position_embeddings is 66, of which 66 are for padding");
}

TEST(BertArchitectures, ElectrasEmbeddingsHaveASizeOfTheirOwn) {
  EXPECT_EQ(parse_bert_config(config_of_type("electra", ""))->embedding_size, 128U);
  EXPECT_EQ(parse_bert_config(config_of_type("electra", R"(, "embedding_size": 16)"))->embedding_size, 16U);
  EXPECT_EQ(parse_bert_config(config_of_type("bert", R"(, "embedding_size": 16)"))->embedding_size, 24U);
}

TEST(BertArchitectures, MPNetsDistancesNeedAllBuckets) {
  EXPECT_EQ(parse_bert_config(config_of_type("mpnet", ""))->relative_buckets, 32U);
  EXPECT_EQ(parse_bert_config(config_of_type("mpnet", R"(, "relative_attention_num_buckets": 40)"))->relative_buckets,
            40U);
  EXPECT_EQ(parse_bert_config(config_of_type("mpnet", R"(, "relative_attention_num_buckets": 31)")).status().message(),
            "config.json: relative_attention_num_buckets must be at least 32");
  EXPECT_EQ(parse_bert_config(config_of_type("bert", ""))->relative_buckets, 0U);
}

// Where transformers' relative_position_bucket changes; beyond, all are the same.
TEST(BertArchitectures, BucketsOfDistances) {
  for (const auto& [distance, bucket] : std::map<int64_t, uint32_t>{
           {-100000, 15}, {-91, 15}, {-90, 14}, {-64, 14}, {-63, 13}, {-46, 13}, {-45, 12}, {-32, 12}, {-31, 11},
           {-23, 11},     {-22, 10}, {-16, 10}, {-15, 9},  {-12, 9},  {-11, 8},  {-8, 8},   {-7, 7},   {-1, 1},
           {0, 0},        {1, 17},   {7, 23},   {8, 24},   {11, 24},  {12, 25},  {90, 30},  {91, 31},  {100000, 31}}) {
    EXPECT_EQ(relative_bucket(distance), bucket) << distance;
  }
}

TEST(BertArchitectures, FaultsNameTheFieldOfTheFile) {
  const auto message = [](std::string_view json) { return parse_bert_config(json).status().message(); };
  EXPECT_EQ(message(R"({"model_type": "distilbert", "vocab_size": 5})"), "config.json: dim is missing");
  EXPECT_EQ(message(R"({"model_type": "distilbert", "architectures": ["BertModel"]})"),
            "config.json: architectures[0] is \"BertModel\", not \"DistilBertForSequenceClassification\"");
  EXPECT_EQ(message(R"({"model_type": "xlnet"})"),
            "config.json: model_type is \"xlnet\", not \"bert\", \"distilbert\", \"roberta\", \"xlm-roberta\", "
            "\"camembert\", \"electra\", \"mpnet\", \"albert\"");
}

}  // namespace
}  // namespace latformer
