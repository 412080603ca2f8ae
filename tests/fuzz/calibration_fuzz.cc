// Any text as a calibration that was kept: what is accepted is written and read back as it was, predicts finite times,
// and schedules by it keep their promise.
#include <cmath>

#include "core/elimination/schedule.h"
#include "core/elimination/time/time_model.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/elimination/encoder_cost.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace latformer;
  const Result<TimeModel> model = parse_time_model(fuzz::text_of(data, size));
  fuzz::require_sound(model.status());
  if (!model.ok()) return 0;
  const std::string written = to_json(*model);
  const Result<TimeModel> reread = parse_time_model(written);
  FUZZ_REQUIRE(reread.ok() && to_json(*reread) == written);

  Scheduler scheduler(testing::encoder_cost(3, 64, 256), default_profile(3));
  scheduler.set_time_model(*model);
  for (const uint32_t tokens : {1U, 2U, 17U, 512U}) {
    for (const double speedup : {1.0, 2.0, 8.0}) {
      const Schedule& schedule = scheduler.solve(tokens, speedup);
      FUZZ_REQUIRE(schedule.counts.size() == 3 && schedule.counts.back() == 1 && schedule.counts[0] <= tokens);
      FUZZ_REQUIRE(schedule.milliseconds && !std::isnan(*schedule.milliseconds) && *schedule.milliseconds >= 0);
    }
  }
  const uint32_t lengths[] = {5, 300};
  for (const double budget : {1e-9, 1.0, 1e9}) FUZZ_REQUIRE(scheduler.solve_within(lengths, budget).size() == 2);
  return 0;
}
