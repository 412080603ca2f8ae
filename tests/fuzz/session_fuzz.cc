// The binding's calls (bindings/wasm/session.h) in any order, with any arguments: no crash, and every method gives its
// value or a failure with a code and a message. Afterwards, a sound model of each task still loads and answers.
//
// Each byte of the input chooses a call, or an argument of the call before; when there are no more, they are zero. What
// is staged comes from the files of two small models, a BERT and a GPT-2, whole or in part, or from the input.
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "bindings/wasm/session.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/support/random_bert.h"
#include "tests/unit/support/random_decoder.h"

// What the runtime of WebAssembly has for threads, of which none is started here.
extern "C" {
void latformer_thread(uint32_t /*index*/) {}
void latformer_thread_failed() {}
void _emscripten_stack_restore(uintptr_t /*stack*/) {}
}

namespace {

using namespace latformer;  // NOLINT(google-build-using-namespace)
using emscripten::val;

struct Model {
  const char* task;
  std::string config, tokenizer_name, tokenizer, profile, weights;
};

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const Model& classifier() {
  static const Model model = [] {
    const BertConfig config =
        testing::config_of({.head_size = 4, .intermediate_size = 8, .vocab_size = 12, .positions = 24});
    return Model{.task = "classification",
                 .config = testing::config_json(config),
                 .tokenizer_name = "vocab.txt",
                 .tokenizer = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n##a\n##b\n",
                 .profile = R"({"version": 1, "retention": [0.6, 0.4], "dropped": "merge", "max_speedup": 3})",
                 .weights = text_of(testing::safetensors_of(testing::random_bert(config, 3)))};
  }();
  return model;
}

// The same as an encoder.
const Model& embedder() {
  static const Model model = [] {
    Model changed = classifier();
    changed.task = "embedding";
    return changed;
  }();
  return model;
}

const Model& generator() {
  static const Model model = [] {
    const std::string config = R"({"model_type": "gpt2", "vocab_size": 8, "n_positions": 16, "n_embd": 8, "n_layer": 2,
                                   "n_head": 2, "n_inner": 8, "eos_token_id": 0})";
    const Gpt2Config parsed = parse_gpt2_config(config).value();
    return Model{.task = "generation",
                 .config = config,
                 .tokenizer_name = "tokenizer.json",
                 .tokenizer = R"({"added_tokens": [{"id": 0, "content": "<end>", "special": true}],
                   "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
                   "decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "unk_token": "<end>",
                   "vocab": {"<end>": 0, "a": 1, "b": 2, "ab": 3}, "merges": ["a b"]}})",
                 .profile = R"({"version": 1, "retention": [0.6, 0.4], "dropped": "discard", "max_speedup": 3})",
                 .weights = text_of(testing::safetensors_of(testing::random_gpt2(parsed, 3)))};
  }();
  return model;
}

// A failure has a code and a message, and is none of the core's own.
bool is_sound(const val& value) {
  const val error = value["error"];
  if (error.isUndefined()) return true;
  FUZZ_REQUIRE(!error["code"].as<std::string>().empty() && error["code"].as<std::string>() != "internal");
  FUZZ_REQUIRE(!error["message"].as<std::string>().empty());
  return false;
}

class Caller {
 public:
  explicit Caller(std::string_view input) : input_(input) {}

  void run() {
    for (int calls = 0; !input_.empty() && calls < 60; ++calls) call();
    Session().add_thread();  // one that is let go at once
    for (const Model* model : {&classifier(), &embedder(), &generator()}) must_work(*model);
  }

 private:
  uint8_t byte() {
    if (input_.empty()) return 0;
    const auto first = static_cast<uint8_t>(input_.front());
    input_.remove_prefix(1);
    return first;
  }

  double number() {
    constexpr double kOdd[] = {-1, 0.5, 1e9, 1e300, -1e300, 4294967296.0};
    const uint8_t chosen = byte();
    if (chosen == 255) return std::nan("");
    if (chosen == 254) return std::numeric_limits<double>::infinity();
    return chosen >= 248 ? kOdd[chosen - 248] : chosen / 8.0;
  }

  // Puts a text into the staging block, and says how large it is, nearly always.
  size_t stage(std::string_view text) {
    const val view = session_.stage(text.size());
    if (!is_sound(view)) return 0;
    if (!text.empty()) std::memcpy(view.block(), text.data(), text.size());
    const uint8_t chosen = byte();
    return chosen == 255 ? text.size() + 1000 : chosen == 254 ? std::numeric_limits<size_t>::max() : text.size();
  }

  const Model& model() {
    const uint8_t chosen = byte() % 4;
    return chosen % 2 == 1 ? generator() : chosen == 0 ? classifier() : embedder();
  }

  val lengths(size_t entries) {
    val array = val::array();
    std::string texts;
    for (size_t i = 0; i < entries; ++i) {
      const size_t size = std::min<size_t>(byte() % 32, input_.size());
      texts += input_.substr(0, size);
      input_.remove_prefix(size);
      array.set(i, byte() % 8 == 7 ? number() : static_cast<double>(size));
    }
    stage(texts);
    return array;
  }

  val encode_options() {
    val options = val::object();
    options.set("speedup", number());
    if (byte() % 4 == 0) options.set("budget", number());
    options.set("windows", byte() % 2 == 1);
    options.set("sharedBudget", byte() % 2 == 1);
    options.set("stats", byte() % 2 == 1);
    const uint8_t pooling = byte() % 8;
    if (pooling < 3) options.set("pooling", std::string(pooling == 0 ? "mean" : pooling == 1 ? "cls" : "none"));
    return options;
  }

  val options() {
    val options = val::object();
    options.set("maxNewTokens", byte() % 4 == 0 ? number() : 4.0);
    for (const char* name : {"temperature", "topP", "repetitionPenalty", "lengthPenalty", "speedup"}) {
      options.set(name, byte() % 4 == 0 ? number() : 1.0);
    }
    for (const char* name : {"topK", "minP", "seed"}) options.set(name, byte() % 4 == 0 ? number() : 0.0);
    options.set("numBeams", static_cast<double>(byte() % 4));
    options.set("doSample", byte() % 2 == 1);
    options.set("slide", byte() % 2 == 1);
    val stop = val::array();
    if (byte() % 4 == 0) stop.set(size_t{0}, std::string("b"));
    options.set("stop", stop);
    const uint8_t mode = byte() % 8;
    if (mode < 4) {
      options.set("mode", std::string(mode == 0 ? "layers" : mode == 1 ? "cut" : mode == 2 ? "sentences" : "other"));
    }
    if (byte() % 8 == 0) options.set("budget", number());
    return options;
  }

  // Whether it is there.
  bool load(const Model& model) {
    const auto file = [&](const std::string& name, std::string_view text) {
      return is_sound(session_.file(name, stage(text)));
    };
    bool sound = file("config.json", model.config);
    sound &= file(model.tokenizer_name, model.tokenizer);
    sound &= file("profile.json", model.profile);
    sound &= is_sound(session_.open(model.task, 1, byte() % 2 == 0 ? "" : "q8", "its file"));
    sound &= is_sound(session_.append(stage(model.weights)));
    sound &= is_sound(session_.finish());
    return sound;
  }

  void call() {
    switch (byte() % 19) {
      case 0:
        load(model());
        return;
      case 1: {
        const Model& from = model();
        const std::string_view texts[] = {from.config, from.tokenizer, from.profile, input_};
        const std::string names[] = {"config.json", from.tokenizer_name, "profile.json", "no such file"};
        const std::string_view text = texts[byte() % 4];
        is_sound(session_.file(names[byte() % 4], stage(text)));
        return;
      }
      case 2:
        is_sound(
            session_.open(byte() % 4 == 3 ? "" : model().task, byte() % 4, byte() % 2 == 0 ? "fp32" : "?", "a file"));
        return;
      case 3: {
        const std::string_view weights = model().weights;
        is_sound(session_.append(stage(weights.substr(0, weights.size() / (1 + byte() % 4)))));
        return;
      }
      case 4:
        is_sound(session_.finish());
        return;
      case 5:
        is_sound(session_.start_encoding(lengths(2 * (byte() % 4)), encode_options()));
        return;
      case 6:
        is_sound(session_.go_on_encoding(number()));
        return;
      case 7:
        is_sound(session_.stop_encoding());
        return;
      case 8:
        is_sound(session_.start_generation(lengths(byte() % 4), options()));
        return;
      case 9:
        is_sound(session_.next_pieces(number()));
        return;
      case 10:
        is_sound(session_.generation_stats());
        return;
      case 11:
        is_sound(session_.stop_generation());
        return;
      case 12:
        // By the clock of the machine: seldom, so that most runs are short.
        if (byte() % 32 == 31 && !std::exchange(calibrated_, true)) is_sound(session_.calibrate(number()));
        return;
      case 13:
        is_sound(session_.restore_calibration(stage(input_)));
        is_sound(session_.describe(stage(byte() % 2 == 0 ? std::string_view(model().weights) : input_)));
        return;
      case 14:
        is_sound(session_.stage(static_cast<size_t>(byte()) << (byte() % 40)));
        return;
      case 15:
        is_sound(session_.open_tokenizer());
        return;
      case 16:
        is_sound(session_.tokenize(lengths(byte() % 4), byte() % 2 == 1));
        return;
      case 17: {
        val ids = val::array();
        for (size_t i = 0; i < byte() % 8u; ++i)
          ids.set(i, byte() % 4 == 0 ? number() : static_cast<double>(byte() % 16) - 1);
        is_sound(session_.texts_of(ids, byte() % 2 == 1));
        return;
      }
      default:
        if (threads_++ < 3) is_sound(session_.add_thread());
    }
  }

  void must_work(const Model& model) {
    input_ = {};
    is_sound(session_.open(model.task, 1, "", ""));  // with the files that are left of other calls
    FUZZ_REQUIRE(load(model));
    if (model.task != std::string("generation")) {
      val sizes = val::array();
      sizes.set(size_t{0}, 4.0);
      sizes.set(size_t{1}, -1.0);
      stage("a ba");
      val options = val::object();
      options.set("speedup", 1.0);
      options.set("stats", true);
      FUZZ_REQUIRE(is_sound(session_.start_encoding(sizes, options)));
      FUZZ_REQUIRE(session_.go_on_encoding(1e9)["results"].elements().size() == 1);
    } else {
      val sizes = val::array();
      sizes.set(size_t{0}, 3.0);
      stage("aba");
      val options = val::object();
      for (const char* name : {"temperature", "topP", "repetitionPenalty", "lengthPenalty", "speedup", "numBeams"}) {
        options.set(name, 1.0);
      }
      for (const char* name : {"topK", "minP", "seed"}) options.set(name, 0.0);
      options.set("maxNewTokens", 2.0);
      FUZZ_REQUIRE(is_sound(session_.start_generation(sizes, options)));
      for (bool done = false; !done;) {
        const val step = session_.next_pieces(1e9);
        FUZZ_REQUIRE(is_sound(step));
        done = step["done"].as<bool>();
      }
      FUZZ_REQUIRE(is_sound(session_.stop_generation()));
    }
  }

  std::string_view input_;
  Session session_;
  bool calibrated_ = false;
  int threads_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Caller(fuzz::text_of(data, size)).run();
  return 0;
}
