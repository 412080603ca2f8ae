#include "core/train/run/label.h"

#include <yyjson.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <system_error>
#include <utility>

#include "core/files/files.h"
#include "core/format/json.h"
#include "core/train/data/random.h"
#include "core/train/data/sentences.h"
#include "core/train/modules/bert_module.h"
#include "core/train/modules/compute_type.h"
#include "core/train/modules/guard.h"
#include "core/train/modules/model_folder.h"
#include "core/train/report/evaluate.h"

namespace latformer::train {
namespace fs = std::filesystem;
namespace {

constexpr size_t kAtOnce = 2048;  // texts between two writings

struct Free {
  void operator()(yyjson_mut_doc* document) const { yyjson_mut_doc_free(document); }
  void operator()(char* text) const { std::free(text); }
};

Result<std::string> line_of(const LabelledText& text, const std::vector<float>& logits, ProblemType problem) {
  const std::unique_ptr<yyjson_mut_doc, Free> document(yyjson_mut_doc_new(nullptr));
  if (!document) return out_of_memory("no memory for a line");
  yyjson_mut_doc* doc = document.get();
  yyjson_mut_val* root = yyjson_mut_obj(doc);
  yyjson_mut_doc_set_root(doc, root);
  const auto add_text = [&](const char* key, const std::string& value) {
    yyjson_mut_obj_add_strncpy(doc, root, key, value.data(), value.size());
  };
  add_text("text", text.text);
  if (text.pair) add_text("text_pair", *text.pair);
  if (problem == ProblemType::single_label) {
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    add_text("label", text.labels.empty() ? std::to_string(best) : text.labels.front());
  } else {
    yyjson_mut_val* labels = yyjson_mut_obj_add_arr(doc, root, "label");
    const auto add = [&](const std::string& label) {
      yyjson_mut_arr_add_strncpy(doc, labels, label.data(), label.size());
    };
    for (const std::string& label : text.labels) add(label);
    for (size_t k = 0; k < logits.size() && !text.is_labelled; ++k) {
      if (problem == ProblemType::regression) add(std::to_string(logits[k]));
      if (problem == ProblemType::multi_label && logits[k] > 0) add(std::to_string(k));
    }
  }
  yyjson_mut_val* numbers = yyjson_mut_obj_add_arr(doc, root, "logits");
  for (const float logit : logits) yyjson_mut_arr_add_real(doc, numbers, std::round(logit * 1e5) / 1e5);
  size_t size = 0;
  const std::unique_ptr<char, Free> json(yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, &size));
  if (!json) return out_of_memory("no memory for a line");
  return std::string(json.get(), size) + "\n";
}

std::vector<LabelledText> parted(std::vector<LabelledText> texts) {
  std::vector<LabelledText> sentences;
  for (const LabelledText& text : texts) {
    for (std::string& sentence : sentences_of(text.text)) {
      LabelledText part = text;  // but for its labels: what holds of the whole need not hold of each sentence
      part.text = std::move(sentence);
      part.labels.clear();
      part.is_labelled = false;
      sentences.push_back(std::move(part));
    }
  }
  return sentences;
}

// How many whole lines `partial` has; what is behind the last one is cut off. Errors: they are not of these texts.
Result<size_t> lines_there(const fs::path& partial, std::span<const LabelledText> texts) {
  if (!is_file(partial)) return size_t{0};
  LATFORMER_ASSIGN(std::string text, read_file(partial, std::numeric_limits<uint64_t>::max()));
  text.resize(text.rfind('\n') + 1);  // of npos: nothing is left
  const auto lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  if (lines > 0) {
    const size_t begin = text.size() < 2 ? 0 : text.rfind('\n', text.size() - 2) + 1;
    LATFORMER_ASSIGN(const JsonDocument last,
                     JsonDocument::parse(partial.string(), std::string_view(text).substr(begin)));
    LATFORMER_ASSIGN(const std::string_view said, last.root()["text"].string());
    if (lines > texts.size() || texts[lines - 1].text != said) {
      return invalid_argument(partial.string() + " is of other texts: remove it to begin anew");
    }
  }
  std::error_code error;
  fs::resize_file(partial, text.size(), error);
  if (error) return invalid_argument(partial.string() + ": " + error.message());
  return lines;
}

}  // namespace

Result<size_t> label(const LabelOptions& options, const std::function<void(const std::string&)>& tell) {
  return guarded([&]() -> Result<size_t> {
    if (options.target.extension() != ".jsonl") {
      return invalid_argument(options.target.string() + ": its name does not end in .jsonl");
    }
    if (fs::exists(options.target)) return invalid_argument(options.target.string() + " is there already");
    LATFORMER_ASSIGN(const ModelFolder model, ModelFolder::open(options.model));
    if (!model.has_classifier) return unsupported_model(options.model.string() + ": has no classifier to label with");
    const ProblemType problem = model.config.problem_type;
    ColumnNames columns = options.columns;
    columns.label_optional = true;
    LATFORMER_ASSIGN(std::vector<LabelledText> texts, read_labelled_texts(options.data, columns, problem));
    if (options.sentences) texts = parted(std::move(texts));
    if (options.limit > 0) {
      Random(options.seed, "limit").shuffle(texts);
      texts.resize(std::min(texts.size(), options.limit));
    }
    const size_t positions = model.config.max_position_embeddings;
    const size_t max_tokens = options.max_tokens > 0 ? std::min(options.max_tokens, positions) : positions;
    LATFORMER_ASSIGN(std::vector<Example> examples, encode_examples(texts, model.tokenizer, model.config, max_tokens));
    size_t left = 0;
    for (size_t i = 0; i < texts.size(); ++i) {
      if (examples[i].tokens.ids.size() < options.min_tokens) continue;
      if (left != i) {
        texts[left] = std::move(texts[i]);
        examples[left] = std::move(examples[i]);
      }
      ++left;
    }
    texts.resize(left);
    examples.resize(left);

    fs::path partial = options.target;
    partial += ".partial";
    LATFORMER_ASSIGN(size_t done, lines_there(partial, texts));
    File file(std::fopen(partial.c_str(), "ab"));
    if (!file) return invalid_argument(partial.string() + ": " + std::strerror(errno));
    LATFORMER_ASSIGN(auto weights, model.weights(model.config, 0));
    BertModule module(model.config, std::move(weights));
    const torch::Dtype automatic = options.bf16 ? torch::kFloat : faster_compute_type(torch::kCPU);
    module.compute_in(options.bf16 ? (*options.bf16 ? torch::kBFloat16 : torch::kFloat) : automatic);
    Scheduler scheduler(module.config().cost, default_profile(model.config.num_hidden_layers));
    const auto start = std::chrono::steady_clock::now();
    for (const size_t first = done; done < texts.size();) {
      const size_t count = std::min(kAtOnce, texts.size() - done);
      const auto some = std::span<const Example>(examples).subspan(done, count);
      LATFORMER_ASSIGN(const auto logits, logits_of(module, some, scheduler, 1, options.batches));
      std::string lines;
      for (size_t i = 0; i < count; ++i) {
        LATFORMER_ASSIGN(const std::string line, line_of(texts[done + i], logits[i], problem));
        lines += line;
      }
      if (std::fwrite(lines.data(), 1, lines.size(), file.get()) != lines.size() || std::fflush(file.get()) != 0) {
        return invalid_argument(partial.string() + ": " + std::strerror(errno));
      }
      done += count;
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      const auto rest = static_cast<double>(texts.size() - done) * seconds / static_cast<double>(done - first);
      tell(std::to_string(done) + " of " + std::to_string(texts.size()) + " texts, " +
           std::to_string(static_cast<long>(rest / 60)) + " min left");
    }
    file.reset();
    std::error_code error;
    fs::rename(partial, options.target, error);
    if (error) return invalid_argument(options.target.string() + ": " + error.message());
    return texts.size();
  });
}

}  // namespace latformer::train
