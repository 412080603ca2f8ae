// Any files as a model folder, and any text as what the model is asked: no crash, no exception but that of no memory,
// and every answer is sound, in every precision, at every speed, calibrated or not.
//
// The input is parts with a line "--" between them:
//
//   options         characters in any order: 8 or f (int8 or f32 products), h b q (weights stored as f16, bf16, int8;
//                   else f32), 0 to 9 (how many bytes come at a time: 2 to that power squared), r (bytes of weights are
//                   noise, NaN among them), w (windows), c (calibrate), t (two threads)
//   config.json tokenizer.json tokenizer_config.json vocab.txt profile.json
//                   each: empty for that of a small sound folder, "-" for none
//   the header of model.safetensors
//                   empty: the tensors that config.json asks for, of random numbers
//   a text, and its pair (none if there is no separator)
#include <cmath>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "core/tasks/classification.h"
#include "tests/fuzz/folder.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/support/random_bert.h"

namespace {

using namespace latformer;  // NOLINT(google-build-using-namespace)

constexpr std::string_view kTokenizer = R"({
  "added_tokens": [{"content": "[MASK]", "lstrip": true, "special": true}],
  "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
                 "lowercase": true},
  "pre_tokenizer": {"type": "BertPreTokenizer"},
  "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 1], "sep": ["[SEP]", 2]},
  "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 9,
            "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "[MASK]": 3, "in": 4, "a": 5, "##a": 6, "ab": 7, "b": 8}}})";

struct Files {
  std::string_view options, config, tokenizer, tokenizer_config, vocab, profile, header, text;
  std::optional<std::string_view> pair;

  bool has(char option) const { return fuzz::has(options, option); }
};

Files read(std::string_view data) {
  static const std::string config = testing::config_json(testing::config_of({.vocab_size = 12, .positions = 24}));
  Files files;
  files.options = fuzz::next_part(data);
  files.config = fuzz::or_default(fuzz::next_part(data), config);
  files.tokenizer = fuzz::or_default(fuzz::next_part(data), kTokenizer);
  files.tokenizer_config = fuzz::or_default(fuzz::next_part(data), "");
  files.vocab = fuzz::or_default(fuzz::next_part(data), "");
  files.profile = fuzz::or_default(fuzz::next_part(data), "");
  files.header = fuzz::next_part(data);
  files.text = fuzz::next_part(data);
  if (!data.empty()) files.pair = fuzz::next_part(data);
  return files;
}

// The tensors that the configuration asks for, or nothing if they are many.
std::vector<std::byte> random_weights(const Files& files) {
  const Result<BertConfig> config = parse_bert_config(files.config);
  if (!config.ok()) return {};
  const uint64_t d = config->hidden_size;
  const uint64_t layer = 4 * d * d + 2 * d * config->intermediate_size;
  const uint64_t tables =
      d * (uint64_t{config->vocab_size} + config->max_position_embeddings + config->type_vocab_size);
  const uint64_t outputs = std::max<uint64_t>(config->num_labels(), config->max_position_embeddings);
  if (d > 4096 || outputs > fuzz::kMostOutputs || config->intermediate_size > 65536) return {};
  if (tables + d * config->num_labels() + config->num_hidden_layers * layer > fuzz::kMostValues) return {};
  return testing::safetensors_of(testing::random_bert(*config, 7, fuzz::stored_as(files.options)));
}

// keeps_first: as BERT does its [CLS]; GPT-2 tells by the last token of a text.
void check(const Classifier& classifier, const Classification& answer, bool is_plain, bool keeps_first) {
  const EncoderConfig& config = classifier.config();
  FUZZ_REQUIRE(answer.logits.size() == config.num_labels() && answer.scores.size() == config.num_labels());
  FUZZ_REQUIRE(!answer.windows.empty());
  double sum = 0;
  for (const float score : answer.scores) {
    FUZZ_REQUIRE(!is_plain || std::isfinite(score));
    sum += score;
  }
  if (is_plain && config.problem_type == ProblemType::single_label) FUZZ_REQUIRE(std::abs(sum - 1) < 1e-3);
  for (const Trace& window : answer.windows) {
    const size_t tokens = window.encoding.ids.size();
    FUZZ_REQUIRE(tokens <= classifier.max_tokens());
    FUZZ_REQUIRE(window.kept_positions.size() == config.num_hidden_layers);
    for (const std::vector<uint32_t>& kept : window.kept_positions) {
      FUZZ_REQUIRE(!kept.empty() && (!keeps_first || kept[0] == 0));
      for (size_t i = 0; i < kept.size(); ++i) FUZZ_REQUIRE(kept[i] < tokens && (i == 0 || kept[i - 1] < kept[i]));
    }
  }
}

void ask(Classifier& classifier, const Files& files) {
  const bool is_plain = files.header.empty() && !files.has('r');
  const bool keeps_first = parse_bert_config(files.config).ok();
  const TextInput one{.text = files.text, .text_pair = files.pair};
  const TextInput inputs[] = {one, {.text = "a b in", .text_pair = {}}, one};
  RunOptions options{.long_text = files.has('w') ? LongText::windows : LongText::truncate};
  for (const double speedup : {1.0, 2.0, 3.7, classifier.max_speedup(), 0.5, std::nan("")}) {
    options.speedup = speedup;
    const auto answers = classifier.run(inputs, options);
    fuzz::require_sound(answers.status());
    if (!answers.ok()) continue;
    FUZZ_REQUIRE(speedup >= 1 && answers->size() == 3);
    for (const Classification& answer : *answers) check(classifier, answer, is_plain, keeps_first);
    if (is_plain) FUZZ_REQUIRE((*answers)[0].logits == (*answers)[2].logits);
  }
  if (!files.has('c')) return;
  if (!classifier.calibrate(0.1, 2).ok()) return;
  FUZZ_REQUIRE(classifier.restore_calibration(to_json(*classifier.time_model())).ok());
  for (const double budget : {1e-6, 1.0, 1e6, -1.0}) {
    options.budget = budget;
    const auto answers = classifier.run(inputs, options);
    fuzz::require_sound(answers.status());
    if (!answers.ok()) continue;
    for (const Classification& answer : *answers) check(classifier, answer, is_plain, keeps_first);
  }
}

void load_and_ask(const Files& files) {
  std::vector<std::byte> weights = files.header.empty() ? random_weights(files) : fuzz::weights_for(files.header);
  if (files.has('r')) fuzz::make_noise(weights);
  double now = 0;
  LoadOptions options{.threads = files.has('t') ? size_t{2} : size_t{1}, .clock = [&now] { return now += 0.01; }};
  if (files.has('8')) options.precision = Precision::int8;
  if (files.has('f')) options.precision = Precision::f32;
  auto loader = ClassifierLoader::create({.config_json = files.config,
                                          .tokenizer_json = files.tokenizer,
                                          .tokenizer_config_json = files.tokenizer_config,
                                          .vocab_txt = files.vocab,
                                          .profile_json = files.profile},
                                         options);
  fuzz::require_sound(loader.status());
  if (!loader.ok()) return;

  if (!fuzz::append(*loader, weights, files.options)) return;
  auto classifier = loader->finish();
  fuzz::require_sound(classifier.status());
  if (classifier.ok() && classifier->config().num_labels() <= fuzz::kMostOutputs) ask(*classifier, files);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    load_and_ask(read(fuzz::text_of(data, size)));
  } catch (const std::bad_alloc&) {  // as at the edge of the bindings
  }
  return 0;
}
