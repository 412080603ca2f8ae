// Any text as profile.json: what is accepted is within the documented bounds and makes schedules that keep their
// promise.
#include "core/elimination/profile.h"
#include "core/elimination/schedule.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/elimination/encoder_cost.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace latformer;
  for (const uint32_t num_layers : {1U, 2U, 6U}) {
    const Result<Profile> profile = parse_profile(fuzz::text_of(data, size), num_layers);
    fuzz::require_sound(profile.status());
    if (!profile.ok()) continue;
    FUZZ_REQUIRE(profile->retention.size() == num_layers && profile->max_speedup >= 1);
    double before = 1;
    for (const double retention : profile->retention) {
      FUZZ_REQUIRE(retention > 0 && retention <= before);
      before = retention;
    }
    Scheduler scheduler(testing::encoder_cost(num_layers, 64, 256), *profile);
    for (const uint32_t tokens : {1U, 2U, 17U, 512U}) {
      for (const double speedup : {1.0, 2.0, profile->max_speedup}) {
        const Schedule& schedule = scheduler.solve(tokens, speedup);
        FUZZ_REQUIRE(schedule.counts.size() == num_layers && schedule.counts.back() == 1);
        uint32_t most = tokens;
        for (const uint32_t count : schedule.counts) {
          FUZZ_REQUIRE(count >= 1 && count <= most);
          most = count;
        }
        FUZZ_REQUIRE(schedule.coefficient >= 0 && schedule.achieved >= 1);
      }
    }
  }
  return 0;
}
