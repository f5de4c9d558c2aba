#include "exporter/elastic/index_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <map>

#include "exporter/encoding/json_encoder.h"
#include "tests/exporter/windows.h"

namespace hostscope::exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kTenSeconds = 10'000'000'000;
constexpr const char* kElasticsearch = R"({"version":{"number":"8.15.0","build_flavor":"default"}})";
constexpr const char* kOpenSearch = R"({"version":{"distribution":"opensearch","number":"2.19.0"}})";

/// What a cluster has, and what it was asked; answers as the servers do. What they really say to these
/// requests, tests/elastic/ sees.
struct Cluster {
  std::string root = kOpenSearch;
  bool has_policies = true;
  std::map<std::string, std::string> items;
  std::vector<std::string> puts;
  std::vector<std::string> log;

  HttpAnswer Answer(const HttpRequest& request) {
    if (request.path == "/") return {200, root, ""};
    const std::string path = request.path.substr(0, request.path.find('?'));
    if (!has_policies && path.find("policy") != std::string::npos) return {400, "no handler found", ""};
    if (!has_policies && path.find("policies") != std::string::npos) return {400, "no handler found", ""};
    if (std::string_view(request.method) == "PUT") {
      puts.push_back(request.path);
      items[path] = R"({"_seq_no":7,"_primary_term":2,"item":)" + std::string(request.body) + "}";
      return {201, "{}", ""};
    }
    const auto found = items.find(path);
    return found == items.end() ? HttpAnswer{404, "{}", ""} : HttpAnswer{200, found->second, ""};
  }
  std::string Ensure(const IndexOptions& options, const std::string& prefix = "hostscope") {
    puts.clear();
    IndexSetup setup(options, prefix, [this](std::string_view text) { log.emplace_back(text); });
    return setup.Ensure(kTenSeconds, [this](const HttpRequest& request) { return Answer(request); });
  }
};

TEST(IndexSetup, WhatIsMissingIsInstalledAndThenLeftAlone) {
  for (const auto& [root, policy] : {std::pair(kOpenSearch, "/_plugins/_ism/policies/hostscope-10s"),
                                     std::pair(kElasticsearch, "/_ilm/policy/hostscope-10s")}) {
    Cluster cluster;
    cluster.root = root;
    EXPECT_EQ(cluster.Ensure({}), "");
    EXPECT_THAT(cluster.puts, ElementsAre(policy, "/_index_template/hostscope-10s"));
    EXPECT_EQ(cluster.Ensure({}), "");
    EXPECT_THAT(cluster.puts, IsEmpty());
    EXPECT_THAT(cluster.log, IsEmpty());
  }
}

TEST(IndexSetup, OtherSettingsReplaceWhatIsThere) {
  Cluster cluster;
  EXPECT_EQ(cluster.Ensure({}), "");
  IndexOptions options;
  options.replicas = 0;
  EXPECT_EQ(cluster.Ensure(options), "");
  EXPECT_THAT(cluster.puts, ElementsAre("/_index_template/hostscope-10s?if_seq_no=7&if_primary_term=2"));
  options.delete_after_ns = 0;
  EXPECT_EQ(cluster.Ensure(options), "");
  EXPECT_THAT(cluster.puts,
              ElementsAre("/_plugins/_ism/policies/hostscope-10s?if_seq_no=7&if_primary_term=2"));
}

TEST(IndexSetup, WhatIsNewerOrNotOursStays) {
  Cluster cluster;
  cluster.items["/_plugins/_ism/policies/hostscope-10s"] =
      "{\"description\":\"Hostscope, layout 99, settings 0\"}";
  cluster.items["/_index_template/hostscope-10s"] = "{\"index_patterns\":[]}";
  EXPECT_EQ(cluster.Ensure({}), "");
  EXPECT_THAT(cluster.puts, IsEmpty());
  EXPECT_THAT(cluster.log, ElementsAre(HasSubstr("later version"), HasSubstr("somebody else")));
}

TEST(IndexSetup, AnOlderLayoutIsReplaced) {
  Cluster cluster;
  EXPECT_EQ(cluster.Ensure({}), "");
  const std::string marker = SetupMarker("");
  for (auto& [path, content] : cluster.items) {
    const std::size_t at = content.find("layout ") + 7;
    content.replace(at, content.find(',', at) - at, "0001");
  }
  EXPECT_EQ(CompareMarker("Hostscope, layout 0, settings 0123456789abcdef", marker),
            InstalledState::kForeign);
  EXPECT_EQ(CompareMarker("Hostscope, layout x, settings 0123456789abcdef", marker),
            InstalledState::kForeign);
  EXPECT_EQ(CompareMarker("Hostscope, layout 1, settings 0123456789abcdef", marker),
            InstalledState::kOutdated);
  EXPECT_EQ(CompareMarker("x " + marker + " y", marker), InstalledState::kCurrent);
  EXPECT_EQ(CompareMarker("Hostscope, layout 1234, settings 0123456789abcdef", marker),
            InstalledState::kNewer);
}

TEST(IndexSetup, AServerWithoutPoliciesGetsATemplateThatNamesNone) {
  Cluster cluster;
  cluster.root = kElasticsearch;
  cluster.has_policies = false;
  EXPECT_EQ(cluster.Ensure({}), "");
  EXPECT_THAT(cluster.puts, ElementsAre("/_index_template/hostscope-10s"));
  EXPECT_THAT(cluster.log, ElementsAre(HasSubstr("no index lifecycle policies")));
  EXPECT_EQ(cluster.items.begin()->second.find("index.lifecycle.name"), std::string::npos);
}

TEST(IndexSetup, SomebodyElsesTaskIsNotTouched) {
  Cluster cluster;
  IndexOptions options;
  options.install = false;
  cluster.root = "";
  EXPECT_EQ(cluster.Ensure(options), "");
}

TEST(IndexSetup, WhatIsNoServerOfTheKindIsSaid) {
  Cluster cluster;
  cluster.root = "<html></html>";
  EXPECT_THAT(cluster.Ensure({}), HasSubstr("neither Elasticsearch's nor OpenSearch's"));
}

// Every field that a record has is in the mappings, and every alias leads to a field.
class Mappings {
 public:
  Mappings() {
    EXPECT_EQ(parser_.parse(IndexTemplate({}, "p", kTenSeconds, "p-10s", "m")).get(root_), simdjson::SUCCESS);
    Collect(root_["template"]["mappings"], "");
  }
  std::map<std::string, std::string> fields;   // path -> type
  std::map<std::string, std::string> aliases;  // path -> path

 private:
  void Collect(const simdjson::dom::element& mapping, const std::string& path) {
    simdjson::dom::object properties;
    if (mapping["properties"].get(properties) != simdjson::SUCCESS) {
      const auto type = std::string{std::string_view{mapping["type"]}};
      if (type == "alias") {
        aliases[path] = std::string(std::string_view(mapping["path"]));
      } else {
        fields[path] = type;
      }
      return;
    }
    for (const auto& [key, value] : properties)
      Collect(value, path.empty() ? std::string(key) : path + "." + std::string(key));
  }
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

void ExpectMapped(const simdjson::dom::element& value, const std::string& path, const Mappings& mappings) {
  simdjson::dom::object object;
  simdjson::dom::array array;
  if (value.get(object) == simdjson::SUCCESS) {
    for (const auto& [key, inner] : object)
      ExpectMapped(inner, path.empty() ? std::string(key) : path + "." + std::string(key), mappings);
  } else if (value.get(array) == simdjson::SUCCESS) {
    for (const auto& inner : array) ExpectMapped(inner, path, mappings);
  } else {
    EXPECT_TRUE(mappings.fields.contains(path)) << path;
  }
}

TEST(IndexTemplate, MapsEveryFieldOfEveryRecord) {
  const Mappings mappings;
  JsonEncoder encoder("mon1", Schema::kHostscope, false, HostNetwork::kObject);
  encoder.SetWindow(TenSeconds(), true);
  std::vector<char> buffer(encoder.max_record_size());
  simdjson::dom::parser parser;
  const auto expect = [&](char* end) {
    const std::string text(buffer.data(), end);
    simdjson::dom::element record;
    ASSERT_EQ(parser.parse(text).get(record), simdjson::SUCCESS) << text;
    ExpectMapped(record, "", mappings);
  };
  std::mt19937_64 random(1);
  for (int i = 0; i < 200; ++i) {
    aggregator::HostRecord record = RandomRecord(random);
    record.tops = std::make_shared<aggregator::HostTops>(RandomTops(random));
    expect(encoder.EncodeHost(record, buffer.data()));
  }
  aggregator::NetworkRecord network = LevelRecord();
  network.other_hosts = 1;
  network.is_incomplete = true;
  expect(encoder.EncodeNetwork(network, buffer.data()));
  expect(encoder.EncodeWindow(ManyHosts(5).summary(), buffer.data(), 7));
}

TEST(IndexTemplate, AliasesOfTheCommonSchemaLeadToFields) {
  const Mappings mappings;
  for (const auto& [alias, path] : mappings.aliases) EXPECT_TRUE(mappings.fields.contains(path)) << alias;
  const std::map<std::string, std::string> expected = {
      {"event.start", "window.start"},
      {"event.end", "window.end"},
      {"event.id", "record_id"},
      {"related.ip", "host.ip"},
      {"host.network.egress.bytes", "sent.bytes"},
      {"host.network.egress.packets", "sent.packets"},
      {"host.network.ingress.bytes", "received.bytes"},
      {"host.network.ingress.packets", "received.packets"},
  };
  EXPECT_EQ(mappings.aliases, expected);
}

TEST(IndexTemplate, PoliciesSayWhenToBeginAndToDelete) {
  IndexOptions options;
  options.shards = 2;
  const std::string ilm = IlmPolicy(options, "m");
  EXPECT_THAT(ilm, HasSubstr("\"max_primary_shard_size\":\"16106127360b\",\"max_age\":\"86400s\""));
  EXPECT_THAT(ilm, HasSubstr("\"delete\":{\"min_age\":\"2592000s\""));
  const std::string ism = IsmPolicy(options, "p", kTenSeconds, "m");
  EXPECT_THAT(ism, HasSubstr("\"min_size\":\"32212254720b\",\"min_index_age\":\"86400s\""));
  EXPECT_THAT(ism, HasSubstr("\"min_rollover_age\":\"2592000s\""));
  EXPECT_THAT(ism, HasSubstr("[\"p-hosts-10s\",\"p-networks-10s\",\"p-windows-10s\",\"p-events-10s\"]"));
  options.delete_after_ns = 0;
  simdjson::dom::parser parser;
  for (const std::string& text :
       {IlmPolicy(options, "m"), IsmPolicy(options, "p", kTenSeconds, "m"), ilm, ism}) {
    EXPECT_EQ(parser.parse(text).error(), simdjson::SUCCESS) << text;
  }
  EXPECT_EQ(IlmPolicy(options, "m").find("delete"), std::string::npos);
  EXPECT_EQ(IsmPolicy(options, "p", kTenSeconds, "m").find("delete"), std::string::npos);
}

}  // namespace
}  // namespace hostscope::exporter
