#include "core/train/commands/arguments.h"

#include <gtest/gtest.h>

namespace latformer::train {
namespace {

TEST(Arguments, AreRead) {
  Arguments arguments({"--data", "a", "--force", "--data=b", "--x", "1e-3", "--n=7", "--kind", "two", "left"},
                      {"--force"});
  EXPECT_EQ(arguments.texts("--data"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(arguments.flag("--force"));
  EXPECT_FALSE(arguments.flag("--resume"));
  EXPECT_EQ(arguments.number("--x", 0, 0, 1), 1e-3);
  EXPECT_EQ(arguments.whole("--n", 0, 0, 10), 7U);
  EXPECT_EQ(arguments.choice("--kind", 0, {{"one", 1}, {"two", 2}}), 2);
  EXPECT_EQ(arguments.text("--name", "none"), "none");
  EXPECT_EQ(arguments.rest(), std::vector<std::string>{"left"});
  EXPECT_TRUE(arguments.done().ok());
}

// What the first complaint about these words is.
std::string complaint(std::vector<std::string> words) {
  Arguments arguments(std::move(words), {"--force"});
  arguments.flag("--force");
  arguments.number("--x", 0, 0, 1);
  arguments.whole("--n", 0, 1, 10);
  arguments.choice("--kind", 0, {{"one", 1}});
  return arguments.done().message();
}

TEST(Arguments, ComplainOfWhatIsWrong) {
  EXPECT_EQ(complaint({}), "");
  EXPECT_EQ(complaint({"--force=1"}), "--force takes no value");
  EXPECT_EQ(complaint({"--x", "nan"}), "--x is \"nan\", not a number from 0 to 1");
  EXPECT_EQ(complaint({"--x", "2"}), "--x is \"2\", not a number from 0 to 1");
  EXPECT_EQ(complaint({"--x", "0.5e"}), "--x is \"0.5e\", not a number from 0 to 1");
  EXPECT_EQ(complaint({"--n", "-1"}), "--n is \"-1\", not a whole number from 1 to 10");
  EXPECT_EQ(complaint({"--n"}), "--n needs a value, or is not known");
  EXPECT_EQ(complaint({"--n", "1", "--n", "2"}), "--n is there more than once");
  EXPECT_EQ(complaint({"--kind", "two"}), "--kind is two, not one of: one");
  EXPECT_EQ(complaint({"--y", "1"}), "unknown option --y");
  EXPECT_EQ(complaint({"left"}), "what is \"left\" for?");
  for (const char* other : {"--shape", "--r-min"}) {
    Arguments both({"--profile", "p.json", other, "x"}, {});
    both.instead_of("--profile", {"--shape", "--r-min"});
    EXPECT_EQ(both.done().message(), std::string(other) + " has no say beside --profile");
  }
  Arguments without({"--shape", "x"}, {});
  without.instead_of("--profile", {"--shape"});
  EXPECT_EQ(without.text("--shape"), "x");
  EXPECT_TRUE(without.done().ok());
  Arguments needed({}, {});
  needed.text("--model");
  EXPECT_EQ(needed.done().message(), "--model is needed");
}

}  // namespace
}  // namespace latformer::train
