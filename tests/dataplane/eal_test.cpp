#include "dataplane/eal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace hostscope::dataplane {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class EalArgumentsTest : public ::testing::Test {
 protected:
  std::vector<std::string> Arguments(std::size_t free_mib) {
    return EalArguments(options_, free_mib, warnings_);
  }

  Eal::Options options_{{}, {1, 3}, {0, 2}, {}, 100};
  std::vector<std::string> warnings_;
};

TEST_F(EalArgumentsTest, PinsWorkersAndControl) {
  const auto arguments = Arguments(0);
  EXPECT_THAT(arguments, Contains("--lcores=0@(0,2),1@1,2@3"));
  EXPECT_THAT(arguments, Contains("--main-lcore=0"));
}

TEST_F(EalArgumentsTest, UsesHugepagesWhereThereAreEnough) {
  const auto arguments = Arguments(4096);
  EXPECT_THAT(arguments, Contains("--in-memory"));
  EXPECT_THAT(arguments, Not(Contains("--no-huge")));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(EalArgumentsTest, DoesWithoutAndSaysSo) {
  const auto arguments = Arguments(100);  // the buffers alone would fit
  EXPECT_THAT(arguments, Contains("--no-huge"));
  EXPECT_THAT(arguments, Contains("--iova-mode=va"));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("100 MiB are free")));
}

TEST_F(EalArgumentsTest, HugepagesMayBeRequiredOrForbidden) {
  options_.config.hugepages = Hugepages::kRequire;
  EXPECT_THROW(Arguments(0), std::runtime_error);
  options_.config.hugepages = Hugepages::kNever;
  EXPECT_THAT(Arguments(4096), Contains("--no-huge"));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(EalArgumentsTest, TouchesNoDeviceThatIsNotConfigured) {
  EXPECT_THAT(Arguments(0), Contains("--no-pci"));
  options_.pci_devices = {"0000:3b:00.0"};
  const auto arguments = Arguments(0);
  EXPECT_THAT(arguments, Not(Contains("--no-pci")));
  EXPECT_THAT(arguments, Contains("0000:3b:00.0"));
}

TEST_F(EalArgumentsTest, MemoryAndFurtherArgumentsCanBeGiven) {
  options_.config.memory_mib = 777;
  options_.config.arguments = {"--log-level=debug"};
  const auto arguments = Arguments(0);
  EXPECT_THAT(arguments, Contains("777"));
  EXPECT_EQ(arguments.back(), "--log-level=debug");
}

}  // namespace
}  // namespace hostscope::dataplane
