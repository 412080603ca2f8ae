#include "core/train/run/progress.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace latformer::train {
namespace {

using Clock = std::chrono::steady_clock;
constexpr uint64_t kLogEvery = 10;                    // steps
constexpr double kOnTerminal = 0.5, kElsewhere = 60;  // seconds between two lines
constexpr double kSmoothing = 0.02;

double seconds_since(Clock::time_point then) { return std::chrono::duration<double>(Clock::now() - then).count(); }

template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  char text[512];
  std::snprintf(text, sizeof text, pattern, arguments...);
  return text;
}

std::string duration(double seconds) {
  const auto whole = static_cast<long>(seconds);
  if (whole >= 3600) return format("%ld:%02ld h", whole / 3600, whole / 60 % 60);
  return format("%ld:%02ld min", whole / 60, whole % 60);
}

}  // namespace

Result<Progress> Progress::open(const std::filesystem::path& log, uint64_t done, const Plan& plan) {
  Progress progress;
  if (log.empty()) return progress;
  progress.log_.reset(std::fopen(log.c_str(), "ab"));
  if (!progress.log_) return invalid_argument(log.string() + ": " + std::strerror(errno));
  progress.terminal_ = isatty(STDERR_FILENO) != 0;
  progress.start_ = progress.shown_ = Clock::now();
  progress.step_ = done;
  progress.steps_ = plan.steps();
  progress.teacher_steps_ = plan.teacher_steps;
  return progress;
}

Status Progress::step(uint64_t step, const StepReport& report) {
  if (!log_) return {};
  const char* stage = step < teacher_steps_ ? "teacher" : "elimination";
  if (stage_ != stage) {  // its first step is let pass: it pays for what is done once
    stage_ = stage;
    stage_start_ = Clock::now();
    stage_first_ = step + 1;
    stage_tokens_ = 0;
  } else {
    stage_tokens_ += report.tokens;
  }
  step_ = step + 1;
  tokens_ += report.tokens;
  const double loss = report.loss + report.distillation;
  loss_ = std::exchange(has_loss_, true) ? loss_ + kSmoothing * (loss - loss_) : loss;
  const bool final = step_ == steps_;
  if (final || seconds_since(shown_) >= (terminal_ ? kOnTerminal : kElsewhere)) show(final);
  if (step_ % kLogEvery != 0 && !final) return {};
  return log(
      format("{\"step\": %llu, \"stage\": \"%s\", \"loss\": %.6g, \"distillation\": %.6g, "
             "\"gradient_norm\": %.4g, \"learning_rate\": %.4g, \"speedup\": %.4g, \"full\": %s, \"tokens\": %llu, "
             "\"seconds\": %.1f}",
             static_cast<unsigned long long>(step_), stage_.c_str(), report.loss, report.distillation,
             report.gradient_norm, report.learning_rate, report.speedup, report.full ? "true" : "false",
             static_cast<unsigned long long>(tokens_), seconds_since(start_)));
}

Status Progress::measured(uint64_t step, std::string_view what, std::string_view metric,
                          const std::vector<std::pair<double, double>>& values) {
  std::string json, text;
  for (const auto& [speedup, value] : values) {
    json += format("%s\"%g\": %.6g", json.empty() ? "" : ", ", speedup, value);
    text += format("  %gx %.1f", speedup, 100 * value);
  }
  metric_ = text;
  const std::string on = what == "dev" ? "dev texts" : "texts held out";
  say(format("step %llu, %s on %s:%s", static_cast<unsigned long long>(step), std::string(metric).c_str(), on.c_str(),
             text.c_str()));
  return log(format("{\"step\": %llu, \"metric\": \"%s\", \"%s\": {%s}}", static_cast<unsigned long long>(step),
                    std::string(metric).c_str(), std::string(what).c_str(), json.c_str()));
}

void Progress::say(const std::string& text) {
  if (!log_) return;
  std::fprintf(stderr, "%s%s\n", terminal_ ? "\r\x1b[K" : "", text.c_str());
}

Status Progress::log(const std::string& json_line) {
  if (!log_) return {};
  const bool written = std::fprintf(log_.get(), "%s\n", json_line.c_str()) >= 0 && std::fflush(log_.get()) == 0;
  return written ? Status() : invalid_argument(std::string("log.jsonl: ") + std::strerror(errno));
}

void Progress::show(bool final) {
  shown_ = Clock::now();
  const uint64_t stage_end = step_ <= teacher_steps_ ? teacher_steps_ : steps_;
  const double seconds = std::max(1e-3, seconds_since(stage_start_));
  const auto done = static_cast<double>(step_ - stage_first_);
  const double share = static_cast<double>(step_) / static_cast<double>(steps_);
  std::string left;
  if (done > 0) {
    left = format("%.0f steps/h  %.0f tokens/s  %s left", 3600 * done / seconds,
                  static_cast<double>(stage_tokens_) / seconds,
                  duration(seconds / done * static_cast<double>(stage_end - step_)).c_str());
  }
  if (stage_end < steps_) {
    left += format(", then %llu steps of elimination", static_cast<unsigned long long>(steps_ - stage_end));
  }
  constexpr size_t kWidth = 24;
  std::string bar(kWidth, ' ');
  for (size_t i = 0; i < static_cast<size_t>(share * kWidth); ++i) bar[i] = '#';
  std::fprintf(stderr, "%s%-11s [%s] %llu/%llu  loss %.4f %s  %s%s", terminal_ ? "\r\x1b[K" : "", stage_.c_str(),
               bar.c_str(), static_cast<unsigned long long>(step_), static_cast<unsigned long long>(steps_), loss_,
               metric_.c_str(), left.c_str(), terminal_ && !final ? "" : "\n");
}

}  // namespace latformer::train
