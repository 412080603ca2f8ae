// Any files as the folder of a GPT-2 or a Llama, and any text as its prompts: no crash, no exception but that of no
// memory, and every text is sound, in every precision, at every speed, in every mode, with every option of sampling.
//
// The input is parts with a line "--" between them:
//
//   options         characters in any order: 8 or f (int8 or f32 products), h b q (weights stored as f16, bf16, int8;
//                   else f32), 0 to 9 (how many bytes come at a time), r (bytes of weights are noise, NaN among them),
//                   o (scorers), c (calibrate), t (two threads), L C S (the prompt is made shorter in layers, cut, by
//                   sentences; else as the profile has it), x (texts are drawn), k p m e T u (top_k, top_p, min_p,
//                   repetition_penalty, temperature, a seed), B (beams), P (length penalty), s (stop strings),
//                   i (end tokens are ignored), w (the context slides), a (an end in the middle), G (a Llama where
//                   config.json is empty; else a GPT-2)
//   config.json tokenizer.json tokenizer_config.json generation_config.json profile.json
//                   each: empty for that of a small sound folder, "-" for none
//   the header of model.safetensors
//                   empty: the tensors that config.json asks for, of random numbers
//   prompts         the rest, at most three
#include <cmath>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include "core/tasks/generation.h"
#include "tests/fuzz/encodings.h"
#include "tests/fuzz/folder.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/support/random_decoder.h"

namespace {

using namespace latformer;  // NOLINT(google-build-using-namespace)

constexpr std::string_view kGpt2 = R"({"model_type": "gpt2", "vocab_size": 40, "n_positions": 24, "n_embd": 8,
  "n_layer": 3, "n_head": 2, "n_inner": 12, "eos_token_id": 0})";
constexpr std::string_view kLlama = R"({"model_type": "llama", "vocab_size": 40, "max_position_embeddings": 24,
  "hidden_size": 8, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 12,
  "tie_word_embeddings": true, "eos_token_id": 0})";
constexpr std::string_view kTokenizer = R"({
  "added_tokens": [{"id": 0, "content": "<end>", "special": true}],
  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
  "decoder": {"type": "ByteLevel"},
  "model": {"type": "BPE", "unk_token": "<end>", "vocab": {"<end>": 0, "a": 1, "b": 2, "c": 3, ".": 4, "!": 5, "Ġ": 6,
            "ab": 7, "Ġa": 8, "Ġab": 9, "Ċ": 10, "â": 11, "Ģ": 12, "ĵ": 13, "e": 14, "o": 15},
            "merges": ["a b", "Ġ a", "Ġ ab"]}})";
constexpr std::string_view kProfile =
    R"({"version": 1, "retention": [0.6, 0.4, 0.4], "dropped": "discard", "max_speedup": 3})";

struct Files {
  std::string_view options, config, tokenizer, tokenizer_config, generation_config, profile, header;
  std::vector<std::string_view> prompts;

  bool has(char option) const { return fuzz::has(options, option); }
};

Files read(std::string_view data) {
  Files files;
  files.options = fuzz::next_part(data);
  files.config = fuzz::or_default(fuzz::next_part(data), files.has('G') ? kLlama : kGpt2);
  files.tokenizer = fuzz::or_default(fuzz::next_part(data), kTokenizer);
  files.tokenizer_config = fuzz::or_default(fuzz::next_part(data), "");
  files.generation_config = fuzz::or_default(fuzz::next_part(data), "");
  files.profile = fuzz::or_default(fuzz::next_part(data), kProfile);
  files.header = fuzz::next_part(data);
  do {
    files.prompts.push_back(fuzz::next_part(data));
  } while (!data.empty() && files.prompts.size() < 3);
  return files;
}

bool is_small(const DecoderFacts& facts) {
  const uint64_t widest = std::max<uint64_t>(facts.query_size(), facts.intermediate_size);
  const uint64_t vectors = uint64_t{facts.num_layers} * (4 * uint64_t{facts.hidden_size} + 4 * widest);
  return facts.hidden_size <= 4096 && widest <= 65536 && facts.max_positions <= fuzz::kMostOutputs &&
         facts.num_layers <= 64 && facts.weight_count() + vectors <= fuzz::kMostValues;
}

// The tensors that the configuration asks for, or nothing if they are many.
std::vector<std::byte> random_weights(const Files& files) {
  const DType dtype = fuzz::stored_as(files.options);
  const Result<Gpt2Config> gpt2 = parse_gpt2_config(files.config);
  if (gpt2.ok()) {
    if (!is_small(gpt2->facts())) return {};
    return testing::safetensors_of(testing::random_gpt2(*gpt2, 7, dtype, files.has('o')));
  }
  const Result<LlamaConfig> llama = parse_llama_config(files.config);
  if (!llama.ok() || !is_small(llama->facts())) return {};
  return testing::safetensors_of(testing::random_llama(*llama, 7, dtype, files.has('o')));
}

GenerationOptions options_of(const Files& files) {
  GenerationOptions options{.max_new_tokens = 6};
  options.sampling.do_sample = files.has('x');
  if (files.has('k')) options.sampling.top_k = 3;
  if (files.has('p')) options.sampling.top_p = 0.7;
  if (files.has('m')) options.sampling.min_p = 0.2;
  if (files.has('e')) options.sampling.repetition_penalty = 1.3;
  if (files.has('T')) options.sampling.temperature = 1e-3;
  if (files.has('u')) options.sampling.seed = std::numeric_limits<uint64_t>::max();
  if (files.has('B')) options.beams.num_beams = 3;
  if (files.has('P')) options.beams.length_penalty = -2;
  if (files.has('s')) options.stop = {"ab", ".", "\xe2\x80\x93"};
  options.ignore_end = files.has('i');
  if (files.has('w')) options.context_limit = ContextLimit::slide;
  if (files.has('L')) options.mode = PromptMode::layers;
  if (files.has('C')) options.mode = PromptMode::cut;
  if (files.has('S')) options.mode = PromptMode::sentences;
  return options;
}

struct Written {
  std::string text;
  std::vector<int32_t> tokens;
};

// Generates to the end, or for two steps; gives what became of each prompt, nothing after an error.
std::vector<Written> generate(Generator& generator, const Files& files, const GenerationOptions& options) {
  auto generation = generator.start(files.prompts, options);
  fuzz::require_sound(generation.status());
  if (!generation.ok()) return {};
  FUZZ_REQUIRE(generator.start(files.prompts, options).status().code() == ErrorCode::invalid_argument);
  std::vector<Written> texts(files.prompts.size());
  std::vector<bool> ended(texts.size());
  for (int step = 0; !generation->done(); ++step) {
    if (files.has('a') && step == 2) return {};
    FUZZ_REQUIRE(step < 2000);
    const auto pieces = generation->next();
    fuzz::require_sound(pieces.status());
    if (!pieces.ok()) {
      FUZZ_REQUIRE(generation->done());
      return {};
    }
    for (const Piece& piece : *pieces) {
      FUZZ_REQUIRE(piece.prompt < texts.size() && !ended[piece.prompt] && fuzz::is_utf8(piece.text));
      for (const int32_t token : piece.tokens) {
        FUZZ_REQUIRE(token >= 0 && static_cast<uint32_t>(token) < generator.facts().vocab_size);
      }
      Written& text = texts[piece.prompt];
      text.text += piece.text;
      text.tokens.insert(text.tokens.end(), piece.tokens.begin(), piece.tokens.end());
      ended[piece.prompt] = piece.finish.has_value();
    }
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    FUZZ_REQUIRE(ended[i] && !texts[i].tokens.empty() && texts[i].tokens.size() <= options.max_new_tokens);
    for (const std::string& stop : options.stop) FUZZ_REQUIRE(texts[i].text.find(stop) == std::string::npos);
    const GenerationStats& stats = generation->stats()[i];
    FUZZ_REQUIRE(stats.new_tokens == texts[i].tokens.size() && stats.achieved_speedup >= 1);
    for (const std::vector<uint32_t>& kept : stats.kept_positions) {
      for (size_t k = 0; k < kept.size(); ++k) {
        FUZZ_REQUIRE(kept[k] < stats.prompt_tokens && (k == 0 || kept[k - 1] < kept[k]));
      }
    }
  }
  return texts;
}

void ask(Generator& generator, const Files& files) {
  const bool is_plain = files.header.empty() && !files.has('r');
  GenerationOptions options = options_of(files);
  for (const double speedup : {1.0, 2.0, generator.max_speedup(), 0.5, std::nan("")}) {
    options.speedup = speedup;
    const std::vector<Written> once = generate(generator, files, options);
    FUZZ_REQUIRE(once.empty() || speedup >= 1);
    if (!is_plain || once.empty()) continue;
    // The same again, of which a beginning may be known by now: not a bit changes.
    const std::vector<Written> again = generate(generator, files, options);
    FUZZ_REQUIRE(again.size() == once.size());
    for (size_t i = 0; i < once.size(); ++i) FUZZ_REQUIRE(again[i].tokens == once[i].tokens);
  }
  if (!files.has('c') || !generator.calibrate(0.1, 2).ok()) return;
  FUZZ_REQUIRE(generator.restore_calibration(to_json(*generator.time_model())).ok());
  options.speedup = 1;
  for (const double budget : {1e-6, 1.0, 1e6, -1.0}) {
    options.budget = budget;
    FUZZ_REQUIRE(generate(generator, files, options).empty() || budget > 0);
  }
}

void load_and_ask(const Files& files) {
  std::vector<std::byte> weights = files.header.empty() ? random_weights(files) : fuzz::weights_for(files.header);
  if (files.has('r')) fuzz::make_noise(weights);
  double now = 0;
  LoadOptions options{.threads = files.has('t') ? size_t{2} : size_t{1}, .clock = [&now] { return now += 0.01; }};
  if (files.has('8')) options.precision = Precision::int8;
  if (files.has('f')) options.precision = Precision::f32;
  auto loader = GeneratorLoader::create({.config_json = files.config,
                                         .tokenizer_json = files.tokenizer,
                                         .tokenizer_config_json = files.tokenizer_config,
                                         .generation_config_json = files.generation_config,
                                         .profile_json = files.profile},
                                        options);
  fuzz::require_sound(loader.status());
  if (!loader.ok() || !fuzz::append(*loader, weights, files.options)) return;
  auto generator = loader->finish();
  fuzz::require_sound(generator.status());
  if (generator.ok() && is_small(generator->facts())) ask(*generator, files);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    load_and_ask(read(fuzz::text_of(data, size)));
  } catch (const std::bad_alloc&) {  // as at the edge of the bindings
  }
  return 0;
}
