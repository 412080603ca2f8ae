#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <vector>

#include "core/format/safetensors.h"
#include "core/models/bert/architectures.h"
#include "core/models/bert/config.h"

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
  const std::map<std::string, std::string> folders = {{"bert", "merge-f32"}, {"distilbert", "distilbert"}};
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

TEST(BertArchitectures, FaultsNameTheFieldOfTheFile) {
  const auto message = [](std::string_view json) { return parse_bert_config(json).status().message(); };
  EXPECT_EQ(message(R"({"model_type": "distilbert", "vocab_size": 5})"), "config.json: dim is missing");
  EXPECT_EQ(message(R"({"model_type": "distilbert", "architectures": ["BertModel"]})"),
            "config.json: architectures[0] is \"BertModel\", not \"DistilBertForSequenceClassification\"");
  EXPECT_EQ(message(R"({"model_type": "xlnet"})"),
            "config.json: model_type is \"xlnet\", not \"bert\", \"distilbert\"");
}

}  // namespace
}  // namespace latformer
