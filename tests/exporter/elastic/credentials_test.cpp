#include "exporter/elastic/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/exporter/store/temporary_folder.h"

namespace hostscope::exporter {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CredentialsTest : public ::testing::Test {
 protected:
  ~CredentialsTest() override { unsetenv("CREDENTIALS_DIRECTORY"); }
  TemporaryFolder folder_;
  Credentials credentials_;
};

TEST_F(CredentialsTest, NoneAreNoHeader) {
  EXPECT_EQ(credentials_.Read({}), "");
  EXPECT_EQ(credentials_.header(), "");
  EXPECT_EQ(credentials_.Scrub("text"), "text");
}

TEST_F(CredentialsTest, AUserAndAPassword) {
  WriteFile(folder_ / "password", "open sesame\r\n");
  EXPECT_EQ(credentials_.Read({"aladdin", folder_ / "password", ""}), "");
  EXPECT_EQ(credentials_.header(), "Authorization: Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST_F(CredentialsTest, AnApiKey) {
  WriteFile(folder_ / "key", "aWQ6a2V5\nmore\n");
  EXPECT_EQ(credentials_.Read({"", "", folder_ / "key"}), "");
  EXPECT_EQ(credentials_.header(), "Authorization: ApiKey aWQ6a2V5");
}

TEST_F(CredentialsTest, ANameIsOneOfSystemdsCredentials) {
  WriteFile(folder_ / "elastic", "aWQ6a2V5");
  EXPECT_THAT(credentials_.Read({"", "", "elastic"}), HasSubstr("is not set"));
  setenv("CREDENTIALS_DIRECTORY", folder_.path().c_str(), 1);
  EXPECT_EQ(credentials_.Read({"", "", "elastic"}), "");
  EXPECT_EQ(credentials_.header(), "Authorization: ApiKey aWQ6a2V5");
}

TEST_F(CredentialsTest, ChangedFilesAreReadAndBadOnesLeaveTheOldSecret) {
  WriteFile(folder_ / "key", "b25l");
  EXPECT_EQ(credentials_.Read({"", "", folder_ / "key"}), "");
  WriteFile(folder_ / "key", "dHdv");
  EXPECT_EQ(credentials_.Read({"", "", folder_ / "key"}), "");
  EXPECT_EQ(credentials_.header(), "Authorization: ApiKey dHdv");
  WriteFile(folder_ / "key", "");
  EXPECT_THAT(credentials_.Read({"", "", folder_ / "key"}), HasSubstr("/key: is empty"));
  EXPECT_EQ(credentials_.header(), "Authorization: ApiKey dHdv");
}

TEST_F(CredentialsTest, WhatIsWrongNamesTheFileAndNoSecret) {
  EXPECT_THAT(credentials_.Read({"", "", folder_ / "none"}), HasSubstr("/none: can't be read: No such file"));
  EXPECT_THAT(credentials_.Read({"", "", folder_.path() + "/"}), Not(HasSubstr("ApiKey")));
  WriteFile(folder_ / "key", std::string("hun\x01ter2\n", 9));
  const std::string problem = credentials_.Read({"", "", folder_ / "key"});
  EXPECT_THAT(problem, HasSubstr("control character"));
  EXPECT_THAT(problem, Not(HasSubstr("ter2")));
}

TEST_F(CredentialsTest, SecretsAreScrubbedInEveryForm) {
  WriteFile(folder_ / "password", "hunter2");
  EXPECT_EQ(credentials_.Read({"elastic", folder_ / "password", ""}), "");
  EXPECT_EQ(credentials_.Scrub("no: hunter2, Basic ZWxhc3RpYzpodW50ZXIy, hunter2hunter2"),
            "no: ***, Basic ***, ******");
}

}  // namespace
}  // namespace hostscope::exporter
