#include "ipfix/exporter_policy.h"

#include <random>

#include "ipfix/job_reader.h"
#include "tests/ipfix/decoder_fixture.h"

// Who may send, and how much: the rules alone, in a decoder, and when they change while it decodes.
namespace hostscope::ipfix::test {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

Prefix PrefixOf(const std::string& address, unsigned bits) {
  const Address parsed = AddressOf(address);
  return parsed.IsIpv4() ? Prefix::Ipv4(parsed.ipv4_bits(), bits) : Prefix::Ipv6(parsed, bits);
}

TEST(ExporterPolicyTest, TheLongestPrefixCountsAndOthersHaveARuleOrNone) {
  Settings settings;
  settings.exporters = {
      {PrefixOf("10.0.0.0", 8), {}, "eight"}, {PrefixOf("10.1.0.0", 16), {}, "sixteen"},
      {PrefixOf("10.1.2.3", 32), {}, "one"},  {PrefixOf("10.3.0.0", 16), {}, "another sixteen"},
      {PrefixOf("2001:db8::", 32), {}, "v6"}, {PrefixOf("10.1.0.0", 16), {}, "again: the first counts"}};
  ExporterPolicy policy(settings);
  const auto name = [&](const char* address) { return policy.Find(AddressOf(address))->rule.name; };
  EXPECT_EQ(name("10.1.2.3"), "one");
  EXPECT_EQ(name("10.1.2.4"), "sixteen");
  EXPECT_EQ(name("10.2.0.1"), "eight");
  EXPECT_EQ(name("10.3.255.255"), "another sixteen");
  EXPECT_EQ(name("10.0.0.0"), "eight");
  EXPECT_EQ(name("2001:db8:ffff::1"), "v6");
  EXPECT_EQ(policy.Find(AddressOf("11.0.0.0")), &policy.rules().back());
  EXPECT_EQ(policy.Find(AddressOf("2001:db9::")), &policy.rules().back());
  EXPECT_THAT(policy.rules(), SizeIs(6));

  settings.only_listed_exporters = true;
  ExporterPolicy strict(settings);
  EXPECT_EQ(strict.Find(AddressOf("9.255.255.255")), nullptr);
  EXPECT_EQ(strict.Find(AddressOf("10.255.255.255"))->rule.name, "eight");
}

TEST(ExporterPolicyTest, FindsWhatASearchThroughAllRulesFinds) {
  std::mt19937 random(1);
  const auto address = [&] {
    // Few bits vary, so that prefixes contain one another and addresses hit them.
    std::array<std::uint8_t, 16> bytes{0x20, 0x01};
    for (const std::size_t at : {2U, 5U, 15U}) bytes[at] = static_cast<std::uint8_t>(random() % 4 * 0x41);
    if (random() % 2 != 0) return Address::FromIpv6(bytes.data());
    return Address::FromIpv4(
        static_cast<std::uint32_t>(random() % 4 | random() % 4 << 13 | random() % 4 << 30));
  };
  for (int round = 0; round < 200; ++round) {
    Settings settings;
    settings.only_listed_exporters = round % 2 != 0;
    for (std::size_t i = random() % 20; i > 0; --i) {
      const Address network = address();
      settings.exporters.push_back(
          {network.IsIpv4() ? Prefix::Ipv4(network.ipv4_bits(), static_cast<unsigned>(random() % 33))
                            : Prefix::Ipv6(network, static_cast<unsigned>(random() % 129))});
    }
    ExporterPolicy policy(settings);
    for (int i = 0; i < 50; ++i) {
      const Address wanted = address();
      const ExporterRule* best = nullptr;
      for (const ExporterRule& rule : settings.exporters) {
        if (rule.prefix.Contains(wanted) && (best == nullptr || rule.prefix.length > best->prefix.length))
          best = &rule;
      }
      const PolicyRule* const found = policy.Find(wanted);
      if (best == nullptr) {
        EXPECT_EQ(found, settings.only_listed_exporters ? nullptr : &policy.rules().back());
      } else {
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->rule.prefix, best->prefix);
      }
    }
  }
}

TEST(ExporterPolicyTest, BooksOfAPrefixGoOnInTheNextPolicy) {
  Settings settings;
  settings.exporters = {{PrefixOf("192.0.2.0", 24), {}, "a"}, {PrefixOf("198.51.100.0", 24), {}, "b"}};
  ExporterPolicy before(settings);
  before.Find(AddressOf("192.0.2.1"))->books->outcomes.Add(DatagramOutcome::kDecoded, 3);
  before.Find(AddressOf("203.0.113.1"))->books->outcomes.Add(DatagramOutcome::kDecoded, 4);
  settings.exporters = {{PrefixOf("10.0.0.0", 8), {}, "c"}, {PrefixOf("192.0.2.0", 24), {}, "renamed"}};
  const ExporterPolicy after(settings, &before);
  std::vector<RuleStatus> rules;
  AddTo(rules, after);
  AddTo(rules, after);  // of a second worker
  ASSERT_THAT(rules, SizeIs(3));
  EXPECT_EQ(rules[0].name, "renamed");
  EXPECT_EQ(rules[0].outcomes.Total(), 6U);
  EXPECT_EQ(rules[1].outcomes.Total(), 0U);
  EXPECT_TRUE(rules[2].is_for_others);
  EXPECT_EQ(rules[2].outcomes.Total(), 8U);
}

const std::int64_t kStart = Sender{}.received_ns;

class PolicyTest : public DecoderTest {
 protected:
  PolicyTest() { DontCompareWithNaive(); }

  MessageBuilder Flows() {
    return MessageBuilder::Ipfix().Template(256, kFlowFields).Data(256, {FlowBytes()});
  }
  /// As a worker does once a second, until nothing refers to the old policy.
  int SecondsToSettle(std::int64_t from_ns = kStart) {
    int seconds = 0;
    while (!decoder().HasSettled() && seconds < 60)
      decoder().Expire({from_ns + ++seconds * kNanosecondsPerSecond});
    return seconds;
  }
  const PolicyRule& RuleOf(ExporterPolicy& policy, const std::string& address) {
    return *policy.Find(AddressOf(address));
  }
};

TEST_F(PolicyTest, ExportersAreCountedByTheirRule) {
  settings_.exporters = {{PrefixOf("192.0.2.0", 24), {}, "core"}};
  Send(Flows());
  Send(Flows(), {.address = "198.51.100.1"});
  Send(Flows(), {.address = "198.51.100.1"});
  const std::vector<PolicyRule>& rules = decoder().policy().rules();
  ASSERT_THAT(rules, SizeIs(2));
  EXPECT_EQ(rules[0].rule.name, "core");
  EXPECT_EQ(rules[0].books->outcomes.Total(), 1U);
  EXPECT_EQ(rules[1].books->outcomes.Total(), 2U);
}

TEST_F(PolicyTest, BeyondItsRateAnExportersDatagramsAreDroppedAndCounted) {
  settings_.exporters = {{PrefixOf("192.0.2.0", 24), {.rate_limit = 100, .rate_burst = 3}, "limited"}};
  settings_.max_exporters = 3;
  EXPECT_EQ(Send(Flows()), DatagramOutcome::kDecoded);
  EXPECT_EQ(Send(Flows(), {.address = "192.0.2.2"}), DatagramOutcome::kDecoded);
  EXPECT_EQ(Send(Flows()), DatagramOutcome::kDecoded);
  EXPECT_EQ(Send(Flows()), DatagramOutcome::kRateLimited) << "one bucket for all of the rule";
  EXPECT_EQ(Send(Flows(), {.address = "192.0.2.3"}), DatagramOutcome::kRateLimited);
  EXPECT_EQ(decoder().exporter_count(), 2U) << "an exporter that is dropped at once takes no place";
  EXPECT_EQ(Send(Flows(), {.address = "198.51.100.1"}), DatagramOutcome::kDecoded);
  EXPECT_EQ(Send(Flows(), {.received_ns = kStart + 10'000'000}), DatagramOutcome::kDecoded);
  EXPECT_EQ(Send(Flows(), {.received_ns = kStart + 10'000'000}), DatagramOutcome::kRateLimited);
  EXPECT_THAT(TakeFlows(), SizeIs(5));
  EXPECT_EQ(books().outcomes.Get(DatagramOutcome::kRateLimited), 3U);
  const PolicyBooks& rule = *decoder().policy().rules().front().books;
  EXPECT_EQ(rule.outcomes.Get(DatagramOutcome::kDecoded), 4U);
  EXPECT_EQ(rule.outcomes.Get(DatagramOutcome::kRateLimited), 3U);
  for (const ExporterBooks& exporter : ExportersOf(decoder())) {
    EXPECT_EQ(exporter.accounting.datagrams.Get(), exporter.accounting.outcomes.Total());
    if (exporter.address == AddressOf("192.0.2.1")) {
      EXPECT_EQ(exporter.accounting.outcomes.Get(DatagramOutcome::kRateLimited), 2U);
    }
  }
}

TEST_F(PolicyTest, WhatWeDropIsNotLostBeforeUs) {
  settings_.default_exporter = {.rate_limit = 1, .rate_burst = 1};
  const auto data = [](std::uint32_t sequence) {
    return MessageBuilder::Ipfix().Sequence(sequence).Template(256, kFlowFields).Data(256, {FlowBytes()});
  };
  for (std::uint32_t i = 0; i < 10; ++i) Send(data(i), {.received_ns = kStart + i * 500'000'000LL});
  EXPECT_EQ(books().outcomes.Get(DatagramOutcome::kRateLimited), 5U);
  EXPECT_EQ(books().sequence_lost.Get(), 0U);
  TakeFlows();
}

TEST_F(PolicyTest, ANewPolicyIsInForceWithTheNextDatagram) {
  settings_.exporters = {{PrefixOf("192.0.2.0", 24), {}, "old"}};
  Send(Flows());
  Send(Flows(), {.address = "198.51.100.1"});
  EXPECT_EQ(TakeFlows().front().bytes, 1000U);

  Settings changed = settings_;
  changed.exporters = {{PrefixOf("192.0.2.0", 24), {.sampling_rate = 10}, "new"}};
  changed.only_listed_exporters = true;
  ExporterPolicy policy(changed);
  ASSERT_TRUE(decoder().HasSettled());
  decoder().Adopt(policy);
  EXPECT_FALSE(decoder().HasSettled());
  EXPECT_EQ(Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()})), DatagramOutcome::kDecoded);
  EXPECT_EQ(Send(Flows(), {.address = "198.51.100.1"}), DatagramOutcome::kExporterRefused);
  EXPECT_EQ(TakeFlows().front().bytes, 10'000U) << "templates are known still";
  EXPECT_EQ(RuleOf(policy, "192.0.2.1").books->outcomes.Get(DatagramOutcome::kDecoded), 1U);

  EXPECT_TRUE(decoder().HasSettled()) << "both have sent";
  for (int second = 1; second < 20; ++second) decoder().Expire({kStart + second * kNanosecondsPerSecond});
  EXPECT_THAT(ExportersOf(decoder()), SizeIs(1)) << "who may not send any more is forgotten";
}

TEST_F(PolicyTest, ExportersThatAreSilentGoOverTooAndManyTakeNoLonger) {
  settings_.max_exporters = 1000;
  for (std::uint16_t port = 1; port <= 1000; ++port) Send(Flows(), {.port = port});
  TakeFlows();
  Settings changed = settings_;
  changed.exporters = {{PrefixOf("0.0.0.0", 0), {}, "all"}};
  ExporterPolicy policy(changed);
  decoder().Adopt(policy);
  EXPECT_EQ(SecondsToSettle(), 1);
  EXPECT_EQ(decoder().exporter_count(), 1000U);
  Send(Flows(), {.port = 500});
  EXPECT_EQ(RuleOf(policy, "192.0.2.1").books->outcomes.Total(), 1U);
}

TEST_F(PolicyTest, WhoIsRefusedForAWhileMaySendAgain) {
  Send(Flows());
  Settings strict = settings_;
  strict.exporters = {{PrefixOf("10.0.0.0", 8), {}, {}}};
  strict.only_listed_exporters = true;
  ExporterPolicy refusing(strict);
  decoder().Adopt(refusing);
  EXPECT_EQ(Send(Flows()), DatagramOutcome::kExporterRefused);
  decoder().Expire({kStart});
  ASSERT_TRUE(decoder().HasSettled());
  EXPECT_EQ(Send(Flows()), DatagramOutcome::kExporterRefused);
  ExporterPolicy open(settings_);
  decoder().Adopt(open);
  EXPECT_EQ(Send(Flows()), DatagramOutcome::kDecoded);
  EXPECT_THAT(TakeFlows(), SizeIs(2));
}

TEST_F(PolicyTest, ASettingOfTemplatesHoldsWhenTheyAreSentAgain) {
  const std::vector<Field> fields = {{8, 4}, {12, 4}, {4, 1}, {2, 4}, {1, 4}, {61, 1}};
  const auto record = [](std::uint8_t direction) {
    return Bytes().Address("10.0.0.1").Address("10.0.0.2").U8(6).U32(1).U32(100).U8(direction);
  };
  const auto both = [&] { return MessageBuilder::Ipfix().Data(256, {record(0), record(1)}); };
  Send(MessageBuilder::Ipfix().Template(256, fields));
  Send(both());
  EXPECT_THAT(TakeFlows(), SizeIs(2));

  Settings changed = settings_;
  changed.default_exporter.direction = ExporterSettings::Direction::kIngress;
  ExporterPolicy ingress(changed);
  decoder().Adopt(ingress);
  Send(both());
  EXPECT_THAT(TakeFlows(), SizeIs(2)) << "not yet";
  Send(MessageBuilder::Ipfix().Template(256, fields));
  Send(both());
  EXPECT_THAT(TakeFlows(), SizeIs(1));
  EXPECT_EQ(Templates(TemplateEvent::kLearned), 2U);

  SecondsToSettle();
  ExporterPolicy again(settings_);
  decoder().Adopt(again);
  Send(both());
  EXPECT_THAT(TakeFlows(), SizeIs(2)) << "a plan that knows the direction does not filter by none";
}

TEST_F(PolicyTest, AJobThatIsUnderWayKeepsTheOldPolicy) {
  struct Nobody final : FlowConsumer {
    void Consume(std::span<const FlowRecord> records) noexcept override { count += records.size(); }
    std::size_t count = 0;
  } consumer;
  const std::vector<std::uint8_t> bytes = Flows().Build();
  const Datagram datagram{bytes, AddressOf("192.0.2.1"), 2055, {kStart}};
  auto job = std::make_unique<DataJob>();
  EXPECT_EQ(decoder().Split(datagram, consumer, *job), DatagramOutcome::kDecoded);
  ASSERT_EQ(job->set_count, 1U);

  Settings changed = settings_;
  changed.default_exporter.sampling_rate = 10;
  ExporterPolicy policy(changed);
  decoder().Adopt(policy);
  EXPECT_EQ(SecondsToSettle(), 60) << "not while the job is out";
  JobReader reader;
  reader.Read(*job, consumer);
  reader.Flush(consumer);
  decoder().Finish(*job);
  EXPECT_TRUE(decoder().HasSettled());
  EXPECT_EQ(consumer.count, 1U);
}

}  // namespace
}  // namespace hostscope::ipfix::test
