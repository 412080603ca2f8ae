#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/models/bert/config.h"

namespace latformer {
namespace {

// A small config.json; `fields` (each `"key": value`) come in place of or on top of its own; an empty value takes one
// away.
std::string config_with(const std::vector<std::pair<std::string, std::string>>& fields = {}) {
  std::vector<std::pair<std::string, std::string>> all = {
      {"model_type", R"("bert")"},       {"vocab_size", "30522"},       {"hidden_size", "384"},
      {"num_hidden_layers", "6"},        {"num_attention_heads", "12"}, {"intermediate_size", "1536"},
      {"max_position_embeddings", "512"}};
  for (const auto& [key, value] : fields) {
    std::erase_if(all, [&](const auto& field) { return field.first == key; });
    if (!value.empty()) all.emplace_back(key, value);
  }
  std::string json = "{";
  for (const auto& [key, value] : all) json += (json.size() > 1 ? ", \"" : "\"") + key + "\": " + value;
  return json + "}";
}

BertConfig parsed(const std::vector<std::pair<std::string, std::string>>& fields = {}) {
  Result<BertConfig> config = parse_bert_config(config_with(fields));
  EXPECT_TRUE(config.ok()) << config.status().message();
  return std::move(config).value();
}

void expect_error(ErrorCode code, const std::string& key, const std::string& value, std::string_view part) {
  const Result<BertConfig> config = parse_bert_config(config_with({{key, value}}));
  EXPECT_EQ(config.status().code(), code) << key << ": " << value << " -> " << config.status().message();
  EXPECT_TRUE(config.status().message().starts_with("config.json: ")) << config.status().message();
  EXPECT_NE(config.status().message().find(part), std::string::npos) << config.status().message();
}
void expect_bad(const std::string& key, const std::string& value, std::string_view part) {
  expect_error(ErrorCode::bad_model, key, value, part);
}
void expect_unsupported(const std::string& key, const std::string& value, std::string_view part) {
  expect_error(ErrorCode::unsupported_model, key, value, part);
}

TEST(Config, ReadsSizesAndHasTransformersDefaults) {
  const BertConfig config = parsed();
  EXPECT_EQ(config.vocab_size, 30522u);
  EXPECT_EQ(config.hidden_size, 384u);
  EXPECT_EQ(config.num_hidden_layers, 6u);
  EXPECT_EQ(config.num_attention_heads, 12u);
  EXPECT_EQ(config.intermediate_size, 1536u);
  EXPECT_EQ(config.max_position_embeddings, 512u);
  EXPECT_EQ(config.head_size(), 32u);
  EXPECT_EQ(config.type_vocab_size, 2u);
  EXPECT_EQ(config.hidden_act, HiddenActivation::gelu);
  EXPECT_EQ(config.layer_norm_eps, 1e-12F);
  EXPECT_EQ(config.problem_type, ProblemType::single_label);
  EXPECT_EQ(config.labels, (std::vector<std::string>{"LABEL_0", "LABEL_1"}));
  EXPECT_FALSE(config.quantized);
}

TEST(Config, ReadsWhatIsGiven) {
  const BertConfig config = parsed({{"architectures", R"(["BertForSequenceClassification"])"},
                                    {"type_vocab_size", "1"},
                                    {"hidden_act", R"("relu")"},
                                    {"layer_norm_eps", "1e-5"},
                                    {"position_embedding_type", R"("absolute")"},
                                    {"is_decoder", "false"},
                                    {"pruned_heads", "{}"},
                                    {"auto_map", R"({"AutoTokenizer": ["x", null]})"},
                                    {"some_new_field", "[1, {}]"},
                                    {"id2label", R"({"1": "gut", "0": "schlecht", "2": "egal"})"},
                                    {"problem_type", R"("multi_label_classification")"}});
  EXPECT_EQ(config.architecture->model_type, "bert");
  EXPECT_EQ(config.type_vocab_size, 1u);
  EXPECT_EQ(config.hidden_act, HiddenActivation::relu);
  EXPECT_EQ(config.layer_norm_eps, 1e-5F);
  EXPECT_EQ(config.labels, (std::vector<std::string>{"schlecht", "gut", "egal"}));
  EXPECT_EQ(config.problem_type, ProblemType::multi_label);
}

TEST(Config, NullMeansTheDefault) {
  const BertConfig config = parsed({{"architectures", "null"},
                                    {"type_vocab_size", "null"},
                                    {"hidden_act", "null"},
                                    {"layer_norm_eps", "null"},
                                    {"problem_type", "null"},
                                    {"id2label", "null"},
                                    {"quantization_config", "null"}});
  EXPECT_EQ(config.type_vocab_size, 2u);
  EXPECT_EQ(config.num_labels(), 2u);
}

TEST(Config, KnowsTheNamesOfEachActivation) {
  for (const char* name : {"gelu", "gelu_python"}) {
    EXPECT_EQ(parsed({{"hidden_act", "\"" + std::string(name) + "\""}}).hidden_act, HiddenActivation::gelu);
  }
  for (const char* name : {"gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_python_tanh", "gelu_accurate"}) {
    EXPECT_EQ(parsed({{"hidden_act", "\"" + std::string(name) + "\""}}).hidden_act, HiddenActivation::gelu_tanh);
  }
  expect_unsupported("hidden_act", R"("silu")", "hidden_act is \"silu\"");
  expect_bad("hidden_act", "3", "hidden_act must be a string");
}

TEST(Config, RefusesBrokenDocuments) {
  for (const char* json : {"", "{", "[]", "3", "null", "{\"model_type\": \"bert\",}"}) {
    EXPECT_EQ(parse_bert_config(json).status().code(), ErrorCode::bad_model) << json;
  }
  EXPECT_EQ(parse_bert_config(R"({"model_type": "bert", "model_type": "bert"})").status().code(), ErrorCode::bad_model);
}

TEST(Config, RefusesOtherArchitectures) {
  expect_bad("model_type", "", "model_type is missing");
  expect_bad("model_type", "null", "model_type must be a string");
  expect_unsupported("model_type", R"("deberta")", "model_type is \"deberta\", not \"bert\"");
  expect_unsupported("model_type", R"("gpt2")", "model_type is \"gpt2\"");
  expect_unsupported("architectures", R"(["RobertaForSequenceClassification"])",
                     "\"RobertaForSequenceClassification\"");
  expect_unsupported("architectures", R"(["BertForMultipleChoice"])", "architectures[0] is");
  expect_bad("architectures", R"("BertModel")", "architectures must be an array");
  expect_bad("architectures", "[1]", "architectures[0] must be a string");
  EXPECT_EQ(parsed({{"architectures", R"(["BertModel"])"}}).hidden_size, 384u);
  EXPECT_EQ(parsed({{"architectures", "[]"}}).hidden_size, 384u);
  expect_unsupported("position_embedding_type", R"("relative_key")", "position_embedding_type is \"relative_key\"");
  expect_unsupported("is_decoder", "true", "is_decoder is true");
  expect_unsupported("add_cross_attention", "true", "add_cross_attention is true");
  expect_bad("is_decoder", "1", "is_decoder must be true or false");
  expect_unsupported("pruned_heads", R"({"1": [0]})", "pruned_heads is not empty");
  expect_unsupported("auto_map", R"({"AutoModel": "code.py"})", "auto_map names Python code");
}

TEST(Config, ChecksEverySize) {
  for (const char* key : {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
                          "max_position_embeddings"}) {
    expect_bad(key, "", std::string(key) + " is missing");
    expect_bad(key, "null", std::string(key) + " must be an integer");
  }
  for (const char* key : {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
                          "max_position_embeddings", "type_vocab_size"}) {
    expect_bad(key, "0", std::string(key) + " must be between 1 and");
    expect_bad(key, "-1", std::string(key) + " must be between 1 and");
    expect_bad(key, "1000000000", std::string(key) + " must be between 1 and");
    expect_bad(key, "18446744073709551615", std::string(key) + " must be between 1 and");
    expect_bad(key, "12.0", std::string(key) + " must be an integer");
    expect_bad(key, "\"12\"", std::string(key) + " must be an integer");
    expect_bad(key, "true", std::string(key) + " must be an integer");
  }
  expect_bad("hidden_size", "385", "hidden_size is 385, not a multiple of the 12 attention heads");
  expect_bad("layer_norm_eps", "0", "layer_norm_eps must be above 0");
  expect_bad("layer_norm_eps", "-1e-12", "layer_norm_eps must be above 0");
  expect_bad("layer_norm_eps", "1e-60", "layer_norm_eps must be above 0");
  expect_bad("layer_norm_eps", "1e300", "layer_norm_eps must be above 0");
  expect_bad("layer_norm_eps", "\"1e-5\"", "layer_norm_eps must be a number");
}

TEST(Config, ChecksTheLabels) {
  expect_bad("id2label", "[]", "id2label must be an object");
  expect_bad("id2label", "{}", "id2label is empty");
  expect_bad("id2label", R"({"0": "a", "2": "b"})", "id2label leaves out ids between 0 and 2");
  expect_bad("id2label", R"({"1": "a"})", "id2label leaves out ids between 0 and 1");
  expect_bad("id2label", R"({"0": "a", "0": "b"})", "twice");
  expect_bad("id2label", R"({"0": "a", "one": "b"})", "the key \"one\", which is no id");
  for (const char* key : {"01", "-1", "+1", " 1", "1.0", "", "4294967297"}) {
    expect_bad("id2label", R"({"0": "a", ")" + std::string(key) + R"(": "b"})", "which is no id");
  }
  expect_bad("id2label", R"({"0": "a", "1": [1]})", "must be a string");
  EXPECT_EQ(parsed({{"id2label", R"({"0": "same", "1": "same"})"}}).num_labels(), 2u);

  EXPECT_EQ(parsed({{"num_labels", "3"}}).labels, (std::vector<std::string>{"LABEL_0", "LABEL_1", "LABEL_2"}));
  EXPECT_EQ(parsed({{"num_labels", "1"}, {"id2label", R"({"0": "x"})"}}).labels, (std::vector<std::string>{"x"}));
  expect_bad("num_labels", "0", "num_labels must be between");
  expect_bad("num_labels", "100000", "num_labels must be between");
  const Result<BertConfig> at_odds =
      parse_bert_config(config_with({{"num_labels", "3"}, {"id2label", R"({"0": "a", "1": "b"})"}}));
  EXPECT_EQ(at_odds.status().code(), ErrorCode::bad_model);
  EXPECT_EQ(at_odds.status().message(), "config.json: id2label has 2 labels, but num_labels is 3");
}

TEST(Config, TakesLabelsFromLabel2idAlone) {
  EXPECT_EQ(parsed({{"label2id", R"({"b": 1, "a": 0, "c": 2})"}}).labels, (std::vector<std::string>{"a", "b", "c"}));
  expect_bad("label2id", R"({"a": 0, "b": 0})", "label2id has the id 0 twice");
  expect_bad("label2id", R"({"a": 0, "b": 2})", "label2id leaves out ids");
  expect_bad("label2id", R"({"a": "zero"})", "label2id.a is no id");
  // id2label decides where both are there, as in transformers.
  EXPECT_EQ(parsed({{"label2id", R"({"x": 5})"}, {"id2label", R"({"0": "a"})"}}).labels,
            (std::vector<std::string>{"a"}));
}

TEST(Config, SettlesTheProblemTypeAsTransformersPipelineDoes) {
  EXPECT_EQ(parsed({{"num_labels", "1"}}).problem_type, ProblemType::multi_label);
  EXPECT_EQ(parsed({{"num_labels", "3"}}).problem_type, ProblemType::single_label);
  EXPECT_EQ(parsed({{"problem_type", R"("regression")"}, {"num_labels", "1"}}).problem_type, ProblemType::regression);
  EXPECT_EQ(parsed({{"problem_type", R"("regression")"}}).problem_type, ProblemType::regression);
  EXPECT_EQ(parsed({{"problem_type", R"("single_label_classification")"}}).problem_type, ProblemType::single_label);
  expect_unsupported("problem_type", R"("ranking")", "problem_type is \"ranking\"");
  expect_bad("problem_type", "1", "problem_type must be a string");
  EXPECT_EQ(parse_bert_config(config_with({{"problem_type", R"("single_label_classification")"}, {"num_labels", "1"}}))
                .status()
                .code(),
            ErrorCode::bad_model);
}

// A quantization_config as latformer-quantize writes it, with one piece of text replaced.
std::string quantization(std::string_view old_part = "", std::string_view new_part = "") {
  std::string json = R"({"quant_method": "compressed-tensors", "format": "int-quantized", )"
                     R"("quantization_status": "compressed", "ignore": ["classifier"], "kv_cache_scheme": null, )"
                     R"("config_groups": {"group_0": {"targets": ["Linear"], "format": "int-quantized", )"
                     R"("input_activations": null, "weights": {"num_bits": 8, "type": "int", "symmetric": true, )"
                     R"("strategy": "channel", "dynamic": false, "group_size": null}}}})";
  if (!old_part.empty()) json.replace(json.find(old_part), old_part.size(), new_part);
  return json;
}

TEST(Config, AcceptsInt8PerChannel) {
  EXPECT_TRUE(parsed({{"quantization_config", quantization()}}).quantized);
  EXPECT_TRUE(parsed({{"quantization_config", quantization(R"("format": "int-quantized", )"
                                                           R"("input_activations": null, )",
                                                           "")}})
                  .quantized);
  EXPECT_TRUE(parsed({{"quantization_config", quantization("compressed\"", "frozen\"")}}).quantized);
}

// The 4-bit form of it.
std::string packed(std::string_view old_part = "", std::string_view new_part = "") {
  std::string json = quantization();
  for (const auto& [from, to] : {std::pair<std::string_view, std::string_view>{"int-quantized", "pack-quantized"},
                                 {"int-quantized", "pack-quantized"},
                                 {"\"num_bits\": 8", "\"num_bits\": 4"},
                                 {"channel", "group"},
                                 {"\"group_size\": null", "\"group_size\": 64"}}) {
    json.replace(json.find(from), from.size(), to);
  }
  if (!old_part.empty()) json.replace(json.find(old_part), old_part.size(), new_part);
  return json;
}

TEST(Config, AcceptsFourBitsPerGroup) {
  EXPECT_TRUE(parsed({{"quantization_config", packed()}}).quantized);
  EXPECT_TRUE(parsed({{"quantization_config", packed("\"group\"", "\"channel\"")}}).quantized);
  expect_unsupported("quantization_config", packed("\"num_bits\": 4", "\"num_bits\": 3"), "weights are not 4-bit");
  expect_unsupported("quantization_config", packed("\"group\"", "\"block\""), "weights are not 4-bit");
  expect_unsupported("quantization_config", packed("\"symmetric\": true", "\"symmetric\": false"), "are not 4-bit");
}

TEST(Config, RefusesOtherQuantisation) {
  const auto refused = [](std::string_view old_part, std::string_view new_part, std::string_view part) {
    expect_unsupported("quantization_config", quantization(old_part, new_part), part);
  };
  refused("compressed-tensors", "bitsandbytes", "quant_method is \"bitsandbytes\"");
  refused("int-quantized", "float-quantized", "quantization_config.format is \"float-quantized\"");
  refused(R"("format": "int-quantized", "input)", R"("format": "float-quantized", "input)",
          "config_groups.group_0.format is \"float-quantized\"");
  refused("compressed\",", "calibration\",", "quantization_status is \"calibration\"");
}

TEST(Config, RefusesOtherWeightSchemes) {
  const auto refused = [](std::string_view old_part, std::string_view new_part, std::string_view part) {
    expect_unsupported("quantization_config", quantization(old_part, new_part), part);
  };
  refused("\"num_bits\": 8", "\"num_bits\": 4", "weights are not int8");
  refused("\"type\": \"int\"", "\"type\": \"float\"", "weights are not int8");
  refused("\"symmetric\": true", "\"symmetric\": false", "weights are not int8");
  refused("\"strategy\": \"channel\"", "\"strategy\": \"group\"", "weights are not int8");
  refused("\"dynamic\": false", "\"dynamic\": true", "weights are not int8");
  refused("\"input_activations\": null", "\"input_activations\": {\"num_bits\": 8}", "input_activations are quantised");
  refused("\"kv_cache_scheme\": null", "\"kv_cache_scheme\": {}", "kv_cache_scheme is for generators");
  refused("\"ignore\"", "\"transform_config\": {\"x\": 1}, \"ignore\"", "transform_config is not empty");
}

TEST(Config, RefusesBrokenQuantisationSettings) {
  expect_bad("quantization_config", "3", "quantization_config must be an object");
  expect_bad("quantization_config", "{}", "quantization_config.quant_method is missing");
  expect_bad("quantization_config", R"({"quant_method": "compressed-tensors"})",
             "quantization_config.format is missing");
  expect_bad("quantization_config", quantization("config_groups", "groups"), "config_groups is missing");
  expect_bad("quantization_config", quantization("\"weights\"", "\"heavies\""), "weights is missing");
}

}  // namespace
TEST(BertConfig, HeadsOfOtherTasksAreRefused) {
  const auto head_of = [](const char* name) {
    return parse_bert_config(config_with({{"architectures", std::string("[\"") + name + "\"]"}})).value();
  };
  const BertConfig texts = head_of("BertForSequenceClassification");
  const BertConfig tokens = head_of("BertForTokenClassification");
  const BertConfig answers = head_of("BertForQuestionAnswering");
  const BertConfig encoder = head_of("BertModel");
  for (const BertHead read : {BertHead::texts, BertHead::tokens, BertHead::answers}) {
    EXPECT_TRUE(check_head(encoder, read).ok());
    EXPECT_EQ(check_head(texts, read).ok(), read == BertHead::texts);
    EXPECT_EQ(check_head(tokens, read).ok(), read == BertHead::tokens);
    EXPECT_EQ(check_head(answers, read).ok(), read == BertHead::answers);
  }
  EXPECT_NE(check_head(tokens, BertHead::texts).message().find("token-classification"), std::string::npos);
}

}  // namespace latformer
