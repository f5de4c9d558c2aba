#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporter/elastic/elastic_sink.h"
#include "exporter/encoding/address_text.h"

namespace hostscope::exporter {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

ElasticOptions Good() {
  ElasticOptions options;
  options.http.urls = {"https://search.example.net:9200", "http://[2001:db8::1]:9200/elastic/"};
  return options;
}

std::vector<std::string> KeysOf(const ElasticOptions& options) {
  std::vector<std::string> keys;
  for (const ElasticProblem& problem : CheckElasticOptions(options)) {
    keys.push_back(problem.key);
    EXPECT_NE(problem.wrong, "");
    EXPECT_NE(problem.allowed, "");
  }
  return keys;
}

TEST(ElasticOptions, DefaultsAreFine) {
  EXPECT_THAT(CheckElasticOptions(Good()), IsEmpty());
}

TEST(ElasticOptions, UrlsAreOfNodesAndWithoutSecrets) {
  for (const char* bad :
       {"", "search:9200/x y", "ftp://search", "file:///etc/passwd", "https://",
        "https://user:hunter2@search:9200", "https://user@search", "https://search:9200?key=hunter2",
        "https://search:hunter2", "https://search#hunter2", "//user:hunter2@search"}) {
    ElasticOptions options = Good();
    options.http.urls = {"https://search:9200", bad};
    const std::vector<ElasticProblem> problems = CheckElasticOptions(options);
    ASSERT_EQ(problems.size(), 1U) << bad;
    EXPECT_EQ(problems[0].key, "urls[1]");
    EXPECT_EQ((problems[0].wrong + problems[0].allowed).find("hunter2"), std::string::npos)
        << problems[0].wrong;
  }
  ElasticOptions options = Good();
  options.http.urls.clear();
  EXPECT_EQ(KeysOf(options), std::vector<std::string>{"urls"});
}

TEST(ElasticOptions, CredentialsAreWholeAndOfOneKind) {
  ElasticOptions options = Good();
  options.http.credentials = {"elastic", "", ""};
  EXPECT_EQ(KeysOf(options), std::vector<std::string>{"user"});
  options.http.credentials = {"", "/password", ""};
  EXPECT_EQ(KeysOf(options), std::vector<std::string>{"password_file"});
  options.http.credentials = {"elastic", "/password", "/key"};
  EXPECT_EQ(KeysOf(options), std::vector<std::string>{"api_key_file"});
  options = Good();
  options.http.certificate_file = "/certificate";
  EXPECT_EQ(KeysOf(options), std::vector<std::string>{"tls.certificate"});
  options.http.certificate_file.clear();
  options.http.key_file = "/key";
  EXPECT_EQ(KeysOf(options), std::vector<std::string>{"tls.key"});
}

TEST(ElasticOptions, NamesAndSelections) {
  ElasticOptions options = Good();
  options.data_stream = "Hosts";
  EXPECT_EQ(KeysOf(options), std::vector<std::string>{"data_stream"});
  options = Good();
  options.hosts.kind = HostSelection::Kind::kNetworks;
  EXPECT_EQ(KeysOf(options), std::vector<std::string>{"hosts.networks"});
  options.hosts.networks = {*ParsePrefix("10.0.0.0/8")};
  EXPECT_THAT(KeysOf(options), IsEmpty());
  options.hosts.kind = HostSelection::Kind::kTop;
  EXPECT_EQ(KeysOf(options), std::vector<std::string>{"hosts.networks"});
}

TEST(ElasticOptions, ASinkIsNotOpenedWithAProblem) {
  ElasticOptions options = Good();
  options.http.urls = {"https://user:hunter2@search"};
  OpenedSink opened = OpenElasticSink(options, {});
  EXPECT_EQ(opened.sink, nullptr);
  EXPECT_THAT(opened.problem, HasSubstr("elasticsearch: urls[0]: has a user"));
  options = Good();
  options.http.credentials.api_key_file = "/nowhere/key";
  EXPECT_THAT(OpenElasticSink(options, {}).problem, HasSubstr("/nowhere/key: can't be read: No such file"));
  options = Good();
  options.http.ca_file = "/nowhere/ca.pem";
  EXPECT_THAT(OpenElasticSink(options, {}).problem, HasSubstr("/nowhere/ca.pem: No such file"));
  options = Good();
  options.dead_letters.path = "/nowhere/dead";
  EXPECT_THAT(OpenElasticSink(options, {}).problem, HasSubstr("dead_letters: /nowhere/dead: No such file"));
}

}  // namespace
}  // namespace hostscope::exporter
