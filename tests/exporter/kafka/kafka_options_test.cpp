#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/kafka/kafka_sink.h"

namespace hostscope::exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(KafkaOptions, DefaultsAreFine) {
  EXPECT_THAT(CheckKafkaOptions({.brokers = "kafka:9092"}), IsEmpty());
}

TEST(KafkaOptions, EveryProblemNamesKeyAndValue) {
  KafkaOptions options{
      .hosts_topic = "a b", .networks_topic = "/", .windows_topic = "", .compression = "zip"};
  options.properties = {{"linger.ms", "soon"}, {"lingre.ms", "5"}};
  EXPECT_THAT(
      CheckKafkaOptions(options),
      ElementsAre(
          "kafka: brokers '': at least one host:port",
          "kafka: hosts_topic 'a b': a topic's name has 1 to 249 of the characters A-Z a-z 0-9 . _ -",
          "kafka: networks_topic '/': a topic's name has 1 to 249 of the characters A-Z a-z 0-9 . _ -",
          "kafka: windows_topic '': a topic's name has 1 to 249 of the characters A-Z a-z 0-9 . _ -",
          HasSubstr("kafka: compression.codec 'zip': "), HasSubstr("kafka: linger.ms 'soon': "),
          HasSubstr("kafka: lingre.ms '5': ")));
}

TEST(KafkaOptions, WhatTheGuaranteesRestOnCannotBeChanged) {
  for (const char* name :
       {"bootstrap.servers", "metadata.broker.list", "compression.codec", "compression.type",
        "enable.idempotence", "acks", "request.required.acks", "partitioner"}) {
    KafkaOptions options{.brokers = "kafka:9092"};
    options.properties = {{name, "x"}};
    EXPECT_THAT(CheckKafkaOptions(options), ElementsAre(HasSubstr(std::string("kafka: ") + name + " 'x': ")))
        << name;
  }
}

TEST(KafkaOptions, WhatContradictsEachOtherIsFound) {
  KafkaOptions options{.brokers = "kafka:9092"};
  options.properties = {{"max.in.flight.requests.per.connection", "10"}};
  EXPECT_THAT(CheckKafkaOptions(options), ElementsAre(HasSubstr("max.in.flight")));
}

TEST(KafkaOptions, Stream4FlowHasNeitherProtobufNorSketches) {
  const KafkaOptions options{.brokers = "kafka:9092",
                             .schema = Schema::kStream4Flow,
                             .format = RecordFormat::kProtobuf,
                             .sketches = true};
  EXPECT_THAT(CheckKafkaOptions(options), ElementsAre(HasSubstr("format 'protobuf'"), HasSubstr("sketches")));
}

TEST(KafkaOptions, SecretsAreNotRepeated) {
  KafkaOptions options{.brokers = "kafka:9092"};
  options.properties = {{"ssl.keystore.passwords", "hunter2"}};
  const std::vector<std::string> problems = CheckKafkaOptions(options);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems[0], HasSubstr("ssl.keystore.passwords"));
  EXPECT_EQ(problems[0].find("hunter2"), std::string::npos);
}

/// Options with a secret in a file that has `text`.
class KafkaSecrets : public ::testing::Test {
 protected:
  KafkaSecrets() { unsetenv("CREDENTIALS_DIRECTORY"); }
  ~KafkaSecrets() override {
    unsetenv("CREDENTIALS_DIRECTORY");
    unlink(file_.c_str());
    rmdir(folder_.c_str());
  }
  void Write(std::string_view text) const { std::ofstream(file_, std::ios::binary) << text; }
  KafkaOptions With(const std::string& property, const std::string& file) const {
    KafkaOptions options{.brokers = "127.0.0.1:1"};
    options.properties = {
        {"security.protocol", "sasl_ssl"}, {"sasl.mechanisms", "PLAIN"}, {"sasl.username", "u"}};
    options.secrets = {{property, file}};
    return options;
  }

  std::string folder_ = [] {
    std::string pattern = ::testing::TempDir() + "hostscope-secret.XXXXXX";
    return std::string(mkdtemp(pattern.data()));
  }();
  std::string file_ = folder_ + "/secret";
};

TEST_F(KafkaSecrets, ComeFromAFile) {
  Write("hunter2\n");
  EXPECT_THAT(CheckKafkaOptions(With("sasl.password", file_)), IsEmpty());
  EXPECT_THAT(CheckKafkaFiles(With("sasl.password", file_)), IsEmpty());
  EXPECT_NE(OpenKafkaSink(With("sasl.password", file_), {}).sink, nullptr);
}

TEST_F(KafkaSecrets, ComeFromTheServicesCredentials) {
  const KafkaOptions options = With("sasl.password", "secret");
  // Who checks a configuration by hand does not have them.
  EXPECT_THAT(CheckKafkaFiles(options), IsEmpty());
  EXPECT_EQ(
      OpenKafkaSink(options, {}).problem,
      "kafka: secrets: sasl.password 'secret': is no absolute path, and $CREDENTIALS_DIRECTORY, where it "
      "would be, is not set");
  setenv("CREDENTIALS_DIRECTORY", folder_.c_str(), 1);
  EXPECT_THAT(
      CheckKafkaFiles(options),
      ElementsAre("kafka: secrets: sasl.password 'secret': can't be read: No such file or directory"));
  Write("hunter2");
  EXPECT_THAT(CheckKafkaFiles(options), IsEmpty());
  EXPECT_NE(OpenKafkaSink(options, {}).sink, nullptr);
}

TEST_F(KafkaSecrets, AreInNoProblem) {
  const auto problem_of = [&](const std::string& property) {
    const std::vector<std::string> problems = CheckKafkaFiles(With(property, file_));
    EXPECT_EQ(problems.size(), 1U) << property;
    const std::string text = problems.empty() ? "" : problems[0];
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
    return text;
  };
  const std::string where = "kafka: secrets: ";
  const std::string in = " '" + file_ + "': ";
  Write("hunter2");
  EXPECT_EQ(problem_of("compression.level"),
            where + "compression.level" + in + "librdkafka refuses what the file has");
  EXPECT_EQ(problem_of("sasl.passwords"), where + "sasl.passwords" + in + "librdkafka has no such property");
  EXPECT_EQ(problem_of("acks"), where + "acks" + in + "always all, so that an acknowledged record is safe");
  EXPECT_EQ(problem_of("sasl.username"),
            where + "sasl.username" + in + "is in `properties` too; one of the two");
  Write("\n");
  EXPECT_EQ(problem_of("sasl.password"), where + "sasl.password" + in + "is empty");
  Write(std::string_view("hunter2\0", 8));
  EXPECT_EQ(problem_of("sasl.password"),
            where + "sasl.password" + in + "has a byte of 0, which no property can hold");
  Write("hunter2" + std::string(65'536, 'x'));
  EXPECT_EQ(problem_of("sasl.password"), where + "sasl.password" + in + "has more than 64 KiB");
}

TEST_F(KafkaSecrets, AreNotReadByThoseWhoOnlyLookAtTheOptions) {
  EXPECT_THAT(CheckKafkaOptions(With("sasl.password", file_)), IsEmpty());
  EXPECT_THAT(CheckKafkaOptions(With("ssl.key.pem", "key")), IsEmpty());
  EXPECT_THAT(CheckKafkaOptions(With("acks", file_)), ElementsAre(HasSubstr("always all")));
  EXPECT_THAT(CheckKafkaFiles(With("sasl.password", file_)), ElementsAre(HasSubstr("can't be read")));
}

TEST(KafkaOptions, ASinkIsNotOpenedWithAProblem) {
  KafkaOptions options{.brokers = "127.0.0.1:1"};
  options.properties = {{"linger.ms", "soon"}};
  const OpenedSink opened = OpenKafkaSink(options, {});
  EXPECT_EQ(opened.sink, nullptr);
  EXPECT_THAT(opened.problem, HasSubstr("linger.ms"));
}

}  // namespace
}  // namespace hostscope::exporter
