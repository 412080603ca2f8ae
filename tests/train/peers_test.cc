// Several processes against one. Here they are threads, each with its own model and its own end of the line.
#include "core/train/run/peers.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <torch/optim/adamw.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "core/models/bert/cost.h"
#include "core/train/modules/bert_module.h"
#include "core/train/modules/model_folder.h"
#include "core/train/modules/torch.h"
#include "core/train/report/evaluate.h"
#include "core/train/run/finetune.h"
#include "core/train/run/trainer.h"
#include "tests/train/folders.h"

namespace latformer::train {
namespace {

namespace fs = std::filesystem;

// A port that is free now.
uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(socket);
  return ntohs(address.sin_port);
}

// The gradients of every weight after a step of elimination, as the process of `peers` has them.
std::map<std::string, torch::Tensor> gradients(const fs::path& folder, const fs::path& data, const Peers& peers) {
  const ModelFolder model = ModelFolder::open(folder).value();
  BertModule module(model.config, model.weights(model.config, 1).value());
  const std::vector<fs::path> files = {data};
  const auto texts = read_labelled_texts(files, {}, ProblemType::single_label).value();
  const auto examples = encode_examples(texts, model.tokenizer, model.config, 32).value();
  TrainOptions options;
  options.teacher.epochs = 0;
  options.elimination.epochs = 1;
  options.dropout = 0;  // what is dropped is drawn by each process for itself
  options.batches.max_texts = 7;
  options.target_speedup = 3;
  options.ramp = 0;
  options.clip = 1e9;
  torch::optim::AdamW optimizer = make_optimizer(module, options);
  Scheduler scheduler(cost_of(model.config), default_profile(model.config.num_hidden_layers));
  const Plan plan = plan_of(examples, options);
  const bool stop = peers.rank() == 1;  // heard by all
  const auto report = run_step(2, plan, options, examples, scheduler, module, optimizer, peers, stop);
  EXPECT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->stop, peers.size() > 1);
  std::map<std::string, torch::Tensor> result;
  for (const auto& [name, weight] : module.weights()) result[name] = weight.grad();
  return result;
}

// What `run(peers)` gives in each of two processes.
template <class Run>
auto of_two(Run&& run) {
  const uint16_t port = free_port();
  std::vector<decltype(run(Peers()))> found(2);
  const auto process = [&](int rank) {
    const auto peers = Peers::connect(rank, 2, "127.0.0.1", port, rank == 0);
    ASSERT_TRUE(peers.ok()) << peers.status().message();
    found[static_cast<size_t>(rank)] = run(*peers);
  };
  std::thread other(process, 1);
  process(0);
  other.join();
  return found;
}

TEST(Peers, TwoProcessesHaveTheGradientsOfOne) {
  const Folder folder;
  const fs::path model = make_model(folder, "tiny", /*classifier=*/true);
  const fs::path data = make_texts(folder, "train", 40, 1);
  const auto expected = gradients(model, data, Peers());
  for (const auto& of_one : of_two([&](const Peers& peers) { return gradients(model, data, peers); })) {
    ASSERT_EQ(of_one.size(), expected.size());
    for (const auto& [name, gradient] : expected) {
      EXPECT_LT((of_one.at(name) - gradient).abs().max().item<float>(),
                1e-5 * std::max(1.0F, gradient.abs().max().item<float>()))
          << name;
    }
  }
}

// The scorers after two epochs, the first with a teacher, as the process of `peers` has them.
std::map<std::string, torch::Tensor> scorers(const fs::path& folder, const fs::path& data, const Peers& peers) {
  const ModelFolder model = ModelFolder::open(folder).value();
  auto weights = model.weights(model.config, 1).value();
  for (const std::string& name : scorer_names(model.config)) weights[name] = torch::zeros({model.config.hidden_size});
  BertModule module(model.config, std::move(weights));
  const std::vector<fs::path> files = {data};
  const auto texts = read_labelled_texts(files, {}, ProblemType::single_label).value();
  const auto examples = encode_examples(texts, model.tokenizer, model.config, 32).value();
  TrainOptions options;
  options.teacher.epochs = options.elimination.epochs = 1;
  options.elimination.learning_rate = 1e-4;
  options.dropout = 0;
  options.batches.max_texts = 3;  // one batch is of a single text, of which the second process has nothing
  torch::optim::AdamW optimizer = make_optimizer(module, options);
  Scheduler scheduler(cost_of(model.config), default_profile(model.config.num_hidden_layers));
  const Plan plan = plan_of(examples, options);
  for (uint64_t step = 0; step < plan.steps(); ++step) {
    const auto report = run_step(step, plan, options, examples, scheduler, module, optimizer, peers, false);
    EXPECT_TRUE(report.ok()) << report.status().message();
    for (const std::string& name : scorer_names(model.config)) {
      EXPECT_EQ(module.weights().at(name).grad().defined(), !plan.is_teacher(step)) << name << ", step " << step;
    }
  }
  std::map<std::string, torch::Tensor> result;
  for (const std::string& name : scorer_names(model.config)) result[name] = module.weights().at(name).detach();
  return result;
}

TEST(Peers, TwoProcessesTeachScorersAsOneDoes) {
  const Folder folder;
  const fs::path model = make_model(folder, "tiny", /*classifier=*/true);
  const fs::path data = make_texts(folder, "train", 40, 1);
  const auto expected = scorers(model, data, Peers());
  for (const auto& found : of_two([&](const Peers& peers) { return scorers(model, data, peers); })) {
    ASSERT_EQ(found.size(), expected.size());
    for (const auto& [name, weight] : expected) {
      EXPECT_LT((found.at(name) - weight).norm().item<float>(), 0.01F * weight.norm().item<float>()) << name;
    }
  }
}

TEST(Peers, OneDoesNotTakeUpARunOfTwo) {
  const Folder folder;
  FinetuneOptions options;
  options.model = make_model(folder, "encoder", /*classifier=*/false);
  options.data = {make_texts(folder, "train", 60, 1)};
  options.work = folder / "work";
  options.target = folder / "model";
  options.max_tokens = 32;
  const std::atomic<bool> at_once = true;
  for (const Status& status : of_two([&](const Peers& peers) { return finetune(options, peers, at_once); })) {
    EXPECT_EQ(status.code(), ErrorCode::cancelled) << status.message();
  }
  options.resume = true;
  const Status status = finetune(options, Peers(), at_once);
  EXPECT_NE(status.message().find("other settings"), std::string::npos) << status.message();
}

TEST(Peers, AreToldByTheEnvironment) {
  EXPECT_EQ(Peers::from_environment().value().size(), 1);
  const auto complaint = [](const char* size, const char* rank) {
    ::setenv("WORLD_SIZE", size, 1);
    ::setenv("RANK", rank, 1);
    const Status status = Peers::from_environment().status();
    ::unsetenv("WORLD_SIZE");
    ::unsetenv("RANK");
    return status.message();
  };
  EXPECT_EQ(complaint("many", "0"), "WORLD_SIZE is \"many\", not a number from 1 to 65536");
  EXPECT_EQ(complaint("2", "2"), "RANK is \"2\", not a number from 0 to 1");
  EXPECT_EQ(complaint("2", "1"), "MASTER_PORT is \"\", not a number from 1 to 65535");
}

}  // namespace
}  // namespace latformer::train
