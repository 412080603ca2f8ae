// Any text as config.json and generation_config.json of a decoder (two parts with a line "--" between them): no crash,
// and what is accepted is within the documented bounds.
#include "core/models/decoders.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace latformer;
  std::string_view rest = fuzz::text_of(data, size);
  const std::string_view config = fuzz::next_part(rest);
  const auto loader = open_decoder(config, {});
  fuzz::require_sound(loader.status());
  uint32_t vocab_size = 100;
  if (loader.ok()) {
    const DecoderFacts& facts = (*loader)->facts();
    vocab_size = facts.vocab_size;
    FUZZ_REQUIRE(facts.vocab_size > 0 && facts.num_layers > 0 && facts.max_positions > 0);
    FUZZ_REQUIRE(facts.heads > 0 && facts.kv_heads > 0 && facts.heads % facts.kv_heads == 0 && facts.head_size > 0);
    FUZZ_REQUIRE(uint64_t{facts.heads} * facts.head_size == facts.query_size() && facts.query_size() <= 1 << 24);
    FUZZ_REQUIRE(facts.hidden_size > 0 && facts.intermediate_size > 0 && facts.weight_count() > 0);
  }
  for (const Precision precision : {Precision::f32, Precision::int8}) {
    const auto opened = open_decoder(config, precision);
    FUZZ_REQUIRE(opened.ok() == loader.ok() || opened.status().code() == ErrorCode::out_of_memory);
  }
  const auto ends = parse_end_tokens(config, rest, vocab_size);
  fuzz::require_sound(ends.status());
  if (!ends.ok()) return 0;
  for (const int32_t id : *ends) FUZZ_REQUIRE(id >= 0 && static_cast<uint32_t>(id) < vocab_size);
  return 0;
}
