#include "bench/decoders/arms.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "bench/native/model_folder.h"
#include "core/models/decoders.h"
#include "core/tasks/generation/sentences.h"

namespace latformer {
namespace {

std::vector<std::string> parts_of(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    parts.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return parts;
}

// A way to make prompts shorter, as the profile of a model would have it.
Result<Profile> profile_of(std::string_view arm, const Profile& own, uint32_t layers, uint32_t prompt, double tail) {
  Profile profile = own;
  profile.max_speedup = 1000;
  if (arm == "profile") return profile;
  profile = default_decoder_profile(layers);
  profile.max_speedup = 1000;
  profile.prompt.tail_share = tail;
  const size_t at = arm.find('@');
  if (at == std::string_view::npos) {
    LATFORMER_ASSIGN(profile.prompt.mode, parse_prompt_mode(arm));
    return profile;
  }
  profile.prompt.mode = PromptMode::layers;
  bool known = arm.substr(0, at) == "h2o";
  if (known) {  // heavy hitters: what all queries together attend to, and as many of the most recent
    profile.prompt.score = PromptScore::mean;
    profile.prompt.window = prompt;
    profile.prompt.smooth = 1;
    profile.prompt.tail_share = 0.5;
  }
  for (const PromptScore score : {PromptScore::contrast, PromptScore::largest_head, PromptScore::mean,
                                  PromptScore::learned, PromptScore::recent, PromptScore::random}) {
    if (name_of(score) != arm.substr(0, at)) continue;
    profile.prompt.score = score;
    known = true;
  }
  const auto layer = static_cast<uint32_t>(std::atoi(std::string(arm.substr(at + 1)).c_str()));
  if (!known || layer >= layers) return invalid_argument("no arm is called " + std::string(arm));
  profile.retention = one_drop(layers, layer, 0.5);
  if (arm.ends_with('+')) {
    for (uint32_t l = layer; l < layers; ++l) {
      profile.retention[l] = std::pow(0.5, static_cast<double>(l - layer + 1) / (layers - layer));
    }
  }
  return profile;
}

}  // namespace

Result<Settings> parse_settings(std::span<char*> arguments) {
  Settings settings;
  if (arguments.size() % 2 != 0) return invalid_argument("options come with a value each");
  for (size_t i = 0; i < arguments.size(); i += 2) {
    const std::string_view name = arguments[i];
    const char* value = arguments[i + 1];
    if (name == "--arms") {
      settings.arms = parts_of(value);
    } else if (name == "--speedups") {
      settings.speedups.clear();
      for (const std::string& part : parts_of(value)) settings.speedups.push_back(std::atof(part.c_str()));
    } else if (name == "--prompt") {
      settings.prompts.clear();
      for (const std::string& part : parts_of(value)) {
        settings.prompts.push_back(static_cast<uint32_t>(std::atoi(part.c_str())));
      }
    } else if (name == "--tokens") {
      settings.tokens = static_cast<uint32_t>(std::atoi(value));
    } else if (name == "--count") {
      settings.count = static_cast<uint32_t>(std::atoi(value));
    } else if (name == "--tail") {
      settings.tail = std::atof(value);
    } else if (name == "--csv") {
      settings.csv = value;
    } else if (name == "--threads") {
      settings.load.threads = static_cast<size_t>(std::max(1, std::atoi(value)));
    } else if (name == "--dtype") {
      settings.dtype = value;
      if (settings.dtype != "fp32" && settings.dtype != "q8" && settings.dtype != "q4") {
        return invalid_argument("--dtype is fp32, q8 or q4, not " + settings.dtype);
      }
      settings.load.precision = settings.dtype == "q8"   ? Precision::int8
                                : settings.dtype == "q4" ? Precision::int4
                                                         : Precision::f32;
    } else {
      return invalid_argument("no option is called " + std::string(name));
    }
  }
  if (!settings.load.precision) settings.load.precision = Precision::f32;
  return settings;
}

Result<Arms> Arms::open(const std::string& folder, const Settings& settings) {
  const FolderTexts small(folder);
  LATFORMER_ASSIGN(std::unique_ptr<DecoderLoader> loader,
                   open_decoder(small.files.config_json, settings.load.precision));
  const uint32_t layers = loader->facts().num_layers;
  LATFORMER_ASSIGN(Profile own, small.files.profile_json.empty()
                                    ? Result<Profile>(default_decoder_profile(layers))
                                    : parse_decoder_profile(small.files.profile_json, layers));
  LATFORMER_ASSIGN(Tokenizer tokenizer, open_tokenizer(small.files, loader->facts().vocab_size));
  LATFORMER_TRY(read_weights(folder, *loader));
  LATFORMER_ASSIGN(Threads threads, Threads::create(settings.load.threads));
  LATFORMER_ASSIGN(std::unique_ptr<DecoderModel> model, loader->finish(std::move(threads)));
  std::vector<bool> ends(model->facts().vocab_size);
  for (size_t id = 0; id < std::min(ends.size(), tokenizer.vocabulary_size()); ++id) {
    const auto token = static_cast<int32_t>(id);
    ends[id] = may_end_sentence(tokenizer.decode({&token, 1}, true));
  }
  return Arms{.model = std::move(model),
              .tokenizer = std::move(tokenizer),
              .ends = std::move(ends),
              .own = std::move(own),
              .tail = settings.tail};
}

Result<std::vector<int32_t>> Arms::encode(std::string_view text) const {
  LATFORMER_ASSIGN(Encoding encoding, tokenizer.encode(text, {}, size_t{1} << 30));
  return std::move(encoding.ids);
}

Result<PromptPlan> Arms::plan(std::string_view arm, std::span<const int32_t> prompt, double speedup,
                              PromptElimination& how) const {
  const DecoderFacts& facts = model->facts();
  LATFORMER_ASSIGN(Profile profile, profile_of(arm == "whole" ? "cut" : arm, own, facts.num_layers,
                                               static_cast<uint32_t>(prompt.size()), tail));
  how = profile.prompt;
  const DecoderModel* embeddings = model.get();
  SentenceFinder sentences(
      facts.hidden_size, [embeddings](int32_t id, float* y) { embeddings->embedding(id, y); }, ends);
  return PromptPlanner(facts, profile, std::move(sentences)).plan(prompt, speedup, {}, how.mode);
}

}  // namespace latformer
