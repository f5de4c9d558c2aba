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

CpuPlan Plan(const DataplaneConfig& config, const std::vector<unsigned>& cpus,
             std::vector<std::string>& warnings) {
  return PlanCpus(config, {cpus, cpus}, warnings);
}

std::string WhatIsWrong(const DataplaneConfig& config, const std::vector<unsigned>& allowed) {
  std::vector<std::string> warnings;
  try {
    Plan(config, allowed, warnings);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(CpuPlanTest, WorkersOnAnotherNodeThanTheirPort) {
  std::vector<std::string> warnings;
  WarnOfFarWorkers("0000:3b:00.0", 0, {{2, 0}, {3, 0}}, warnings);
  WarnOfFarWorkers("net_tap0", -1, {{2, 0}, {9, 1}}, warnings);
  EXPECT_THAT(warnings, IsEmpty());
  WarnOfFarWorkers("0000:3b:00.0", 1, {{2, 0}, {9, 1}, {3, 0}, {2, 0}}, warnings);
  EXPECT_THAT(warnings, ElementsAre("0000:3b:00.0: is on NUMA node 1, and read from another by workers on "
                                    "cores 2, 3: take cores of its node for cores.workers"));
}

TEST(CpuPlanTest, TwoCpusGiveOneWorkerAndOneForTheRest) {
  std::vector<std::string> warnings;
  const CpuPlan plan = Plan(WithQueues(1), {0, 1}, warnings);
  EXPECT_THAT(plan.workers, ElementsAre(1));
  EXPECT_THAT(plan.control, ElementsAre(0));
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(CpuPlanTest, OneCpuIsShared) {
  std::vector<std::string> warnings;
  const CpuPlan plan = Plan(WithQueues(4), {3}, warnings);
  EXPECT_THAT(plan.workers, ElementsAre(3));
  EXPECT_THAT(plan.control, ElementsAre(3));
}

TEST(CpuPlanTest, WorkersWithoutQueuesHelp) {
  std::vector<std::string> warnings;
  DataplaneConfig config = WithQueues(1);
  EXPECT_THAT(Plan(config, {0, 1, 2, 3}, warnings).workers, ElementsAre(1, 2, 3));
  config.worker_count = 2;
  EXPECT_THAT(Plan(config, {0, 1, 2, 3}, warnings).workers, ElementsAre(1, 2));
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(CpuPlanTest, WithoutSpreadNoMoreWorkersThanQueues) {
  std::vector<std::string> warnings;
  DataplaneConfig config = WithQueues(2);
  config.spread = Spread::kNever;
  EXPECT_THAT(Plan(config, {0, 1, 2, 3}, warnings).workers, ElementsAre(1, 2));
  EXPECT_THAT(warnings, IsEmpty());
  config.ports[0].queues = 3;
  config.worker_count = 2;
  EXPECT_THAT(Plan(config, {0, 1, 2, 3}, warnings).workers, ElementsAre(1, 2));
  EXPECT_THAT(warnings, IsEmpty());
  config.ports[0].queues = 1;
  EXPECT_THAT(Plan(config, {0, 1, 2, 3}, warnings).workers, ElementsAre(1));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("2 workers for 1 receive queues")));
}

TEST(CpuPlanTest, WhatIsNamedCounts) {
  std::vector<std::string> warnings;
  DataplaneConfig config = WithQueues(2);
  config.worker_cpus = {2, 0};
  const CpuPlan plan = Plan(config, {0, 1, 2, 3}, warnings);
  EXPECT_THAT(plan.workers, ElementsAre(2, 0));
  EXPECT_THAT(plan.control, ElementsAre(1, 3));
  config.worker_cpus.clear();
  config.control_cpus = {1, 2};
  EXPECT_THAT(Plan(config, {0, 1, 2, 3}, warnings).workers, ElementsAre(0, 3));
}

TEST(CpuPlanTest, CoresThatTheKernelKeepsFreeAreTakenWhenNamed) {
  std::vector<std::string> warnings;
  DataplaneConfig config = WithQueues(2);
  const Cpus cpus{{0, 1}, {0, 1, 2, 3}};
  EXPECT_THAT(PlanCpus(config, cpus, warnings).workers, ElementsAre(1));
  config.worker_cpus = {2, 3};
  const CpuPlan plan = PlanCpus(config, cpus, warnings);
  EXPECT_THAT(plan.workers, ElementsAre(2, 3));
  EXPECT_THAT(plan.control, ElementsAre(0, 1));
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
