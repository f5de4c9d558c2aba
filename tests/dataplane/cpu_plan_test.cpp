#include "dataplane/cpu_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace hostscope::dataplane {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

DataplaneConfig WithQueues(std::uint16_t queues) {
  DataplaneConfig config;
  config.ports.emplace_back().queues = queues;
  return config;
}

std::string WhatIsWrong(const DataplaneConfig& config, const std::vector<unsigned>& allowed) {
  std::vector<std::string> warnings;
  try {
    PlanCpus(config, allowed, warnings);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(CpuPlanTest, TwoCpusGiveOneWorkerAndOneForTheRest) {
  std::vector<std::string> warnings;
  const CpuPlan plan = PlanCpus(WithQueues(1), {0, 1}, warnings);
  EXPECT_THAT(plan.workers, ElementsAre(1));
  EXPECT_THAT(plan.control, ElementsAre(0));
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(CpuPlanTest, OneCpuIsShared) {
  std::vector<std::string> warnings;
  const CpuPlan plan = PlanCpus(WithQueues(4), {3}, warnings);
  EXPECT_THAT(plan.workers, ElementsAre(3));
  EXPECT_THAT(plan.control, ElementsAre(3));
}

TEST(CpuPlanTest, WorkersWithoutQueuesHelp) {
  std::vector<std::string> warnings;
  DataplaneConfig config = WithQueues(1);
  EXPECT_THAT(PlanCpus(config, {0, 1, 2, 3}, warnings).workers, ElementsAre(1, 2, 3));
  config.worker_count = 2;
  EXPECT_THAT(PlanCpus(config, {0, 1, 2, 3}, warnings).workers, ElementsAre(1, 2));
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(CpuPlanTest, WithoutSpreadNoMoreWorkersThanQueues) {
  std::vector<std::string> warnings;
  DataplaneConfig config = WithQueues(2);
  config.spread = Spread::kNever;
  EXPECT_THAT(PlanCpus(config, {0, 1, 2, 3}, warnings).workers, ElementsAre(1, 2));
  EXPECT_THAT(warnings, IsEmpty());
  config.ports[0].queues = 3;
  config.worker_count = 2;
  EXPECT_THAT(PlanCpus(config, {0, 1, 2, 3}, warnings).workers, ElementsAre(1, 2));
  EXPECT_THAT(warnings, IsEmpty());
  config.ports[0].queues = 1;
  EXPECT_THAT(PlanCpus(config, {0, 1, 2, 3}, warnings).workers, ElementsAre(1));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("2 workers for 1 receive queues")));
}

TEST(CpuPlanTest, WhatIsNamedCounts) {
  std::vector<std::string> warnings;
  DataplaneConfig config = WithQueues(2);
  config.worker_cpus = {2, 0};
  const CpuPlan plan = PlanCpus(config, {0, 1, 2, 3}, warnings);
  EXPECT_THAT(plan.workers, ElementsAre(2, 0));
  EXPECT_THAT(plan.control, ElementsAre(1, 3));
  config.worker_cpus.clear();
  config.control_cpus = {1, 2};
  EXPECT_THAT(PlanCpus(config, {0, 1, 2, 3}, warnings).workers, ElementsAre(0, 3));
}

TEST(CpuPlanTest, RefusesWhatCannotBe) {
  DataplaneConfig config = WithQueues(2);
  config.worker_cpus = {7};
  EXPECT_THAT(WhatIsWrong(config, {0, 1}), HasSubstr("worker CPU 7"));
  config.worker_cpus = {1, 1};
  EXPECT_THAT(WhatIsWrong(config, {0, 1}), HasSubstr("twice"));
  config.worker_cpus.clear();
  config.control_cpus = {9};
  EXPECT_THAT(WhatIsWrong(config, {0, 1}), HasSubstr("control CPU 9"));
  config.control_cpus.clear();
  config.worker_count = 2;
  EXPECT_THAT(WhatIsWrong(config, {0, 1}), HasSubstr("2 workers; there are CPUs for 1"));
}

}  // namespace
}  // namespace hostscope::dataplane
