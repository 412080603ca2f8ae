#include "core/train/modules/export_config.h"

#include <yyjson.h>

#include <cstdlib>
#include <memory>
#include <set>
#include <vector>

#include "core/base/number_text.h"
#include "core/format/quote.h"

namespace latformer::train {
namespace {

struct Free {
  void operator()(yyjson_doc* document) const { yyjson_doc_free(document); }
  void operator()(yyjson_mut_doc* document) const { yyjson_mut_doc_free(document); }
  void operator()(char* text) const { std::free(text); }
};

std::string list_of(const std::vector<double>& numbers) {
  std::string text;
  for (const double number : numbers) text += (text.empty() ? "" : ", ") + exact_text(number);
  return "[" + text + "]";
}

// Makes it the config.json of a classifier, whose keys it lacks or has otherwise.
bool add_classifier(yyjson_mut_doc* document, yyjson_mut_val* root, const BertConfig& config) {
  for (const char* old : {"architectures", "id2label", "label2id", "num_labels", "problem_type"}) {
    yyjson_mut_obj_remove_key(root, old);
  }
  yyjson_mut_val* architectures = yyjson_mut_arr(document);
  yyjson_mut_val* id2label = yyjson_mut_obj(document);
  yyjson_mut_val* label2id = yyjson_mut_obj(document);
  bool complete = yyjson_mut_arr_add_strncpy(document, architectures, config.architecture->classifier.data(),
                                             config.architecture->classifier.size()) &&
                  yyjson_mut_obj_add_val(document, root, "architectures", architectures);
  for (size_t id = 0; id < config.labels.size(); ++id) {
    const std::string number = std::to_string(id);
    const std::string& label = config.labels[id];
    complete = complete &&
               yyjson_mut_obj_add(id2label, yyjson_mut_strncpy(document, number.data(), number.size()),
                                  yyjson_mut_strncpy(document, label.data(), label.size())) &&
               yyjson_mut_obj_add(label2id, yyjson_mut_strncpy(document, label.data(), label.size()),
                                  yyjson_mut_uint(document, id));
  }
  return complete && yyjson_mut_obj_add_val(document, root, "id2label", id2label) &&
         yyjson_mut_obj_add_val(document, root, "label2id", label2id) &&
         yyjson_mut_obj_add_str(document, root, "problem_type", name_of(config.problem_type).data());
}

}  // namespace

Result<std::string> exported_config(std::string_view json, const BertConfig& config, DType dtype) {
  std::set<std::string_view> names;
  for (const std::string& label : config.labels) {
    if (!names.insert(label).second) return invalid_argument("two labels have the name " + quote(label));
  }
  const std::unique_ptr<yyjson_doc, Free> source(yyjson_read(json.data(), json.size(), YYJSON_READ_NOFLAG));
  if (!source) return bad_model("config.json: cannot be read");
  const std::unique_ptr<yyjson_mut_doc, Free> copy(yyjson_doc_mut_copy(source.get(), nullptr));
  if (!copy) return out_of_memory("no memory to rewrite config.json");

  yyjson_mut_doc* document = copy.get();
  yyjson_mut_val* root = yyjson_mut_doc_get_root(document);
  const std::string layers(config.architecture->fields.num_hidden_layers);
  for (const char* old : {"_name_or_path", "torch_dtype", "dtype", "quantization_config", layers.c_str()}) {
    yyjson_mut_obj_remove_key(root, old);
  }
  bool complete = yyjson_mut_obj_add_uint(document, root, layers.c_str(), config.num_hidden_layers) &&
                  yyjson_mut_obj_add_str(document, root, "dtype", dtype == DType::f16 ? "float16" : "float32");
  if (config.problem_type != ProblemType::embedding) complete = complete && add_classifier(document, root, config);
  size_t size = 0;
  const std::unique_ptr<char, Free> text(complete ? yyjson_mut_write(document, YYJSON_WRITE_PRETTY_TWO_SPACES, &size)
                                                  : nullptr);
  if (!text) return out_of_memory("no memory to rewrite config.json");
  return std::string(text.get(), size) + "\n";
}

std::string profile_json(const Profile& profile) {
  std::string text = "{\n  \"version\": 1,\n";
  if (!profile.acc.empty()) text += "  \"acc\": " + list_of(profile.acc) + ",\n";
  text += "  \"retention\": " + list_of(profile.retention) + ",\n";
  text += std::string("  \"dropped\": \"") + (profile.dropped == Dropped::merge ? "merge" : "discard") + "\",\n";
  return text + "  \"max_speedup\": " + exact_text(profile.max_speedup) + "\n}\n";
}

std::string decoder_profile_json(const Profile& profile) {
  const PromptElimination& how = profile.prompt;
  const std::string prompt =
      "  \"prompt\": {\"mode\": " + quote(name_of(how.mode)) + ", \"score\": " + quote(name_of(how.score)) +
      ", \"tail_share\": " + exact_text(how.tail_share) + ", \"window\": " + std::to_string(how.window) +
      ", \"before\": " + std::to_string(how.before) + ", \"smooth\": " + std::to_string(how.smooth) +
      ", \"question\": " + std::to_string(how.question) + "}";
  std::string text = profile_json(profile);
  text.replace(text.rfind("\n}"), 1, ",\n" + prompt + "\n");
  return text;
}

std::string compact(std::string json) {
  std::erase(json, '\n');
  return json;
}

}  // namespace latformer::train
