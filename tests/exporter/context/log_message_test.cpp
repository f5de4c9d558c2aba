#include "exporter/context/log_message.h"

#include <gmock/gmock.h>

#include "exporter/encoding/address_text.h"

namespace hostscope::context {
namespace {

TopicMapping Dhcp() {
  return {"dhcp",
          "client.ip",
          {{"event", "ack"}},
          {{"name", "client.hostname"}, {"mac", "client.mac"}, {"vlan", "vlan"}}};
}

class LogMessageTest : public ::testing::Test {
 protected:
  LogOutcome Read(std::string_view text) { return reader.Read(text, mapping, message); }

  TopicMapping mapping = Dhcp();
  LogMessageReader reader{Limits()};
  LogMessage message;
};

TEST_F(LogMessageTest, FieldsBecomeAttributes) {
  ASSERT_EQ(
      Read(
          R"({"event":"ack","vlan":12,"client":{"ip":"10.0.0.7","hostname":"pc7","mac":null},"more":[1,{"x":2}]})"),
      LogOutcome::kApplied);
  EXPECT_EQ(exporter::ToText(message.host), "10.0.0.7");
  ASSERT_EQ(message.told.size(), 2U);
  EXPECT_EQ(message.told[0].mapping->name, "name");
  EXPECT_EQ(message.told[0].value, "pc7");
  EXPECT_EQ(message.told[1].value, "12");
}

TEST_F(LogMessageTest, AFlatNameWithPointsIsFoundToo) {
  ASSERT_EQ(Read(R"({"event":"ack","client.ip":"2001:DB8::1","client":{"hostname":"six"}})"),
            LogOutcome::kApplied);
  EXPECT_EQ(exporter::ToText(message.host), "2001:db8::1");
}

TEST_F(LogMessageTest, EveryHostileMessageHasItsCause) {
  const std::string deep = R"({"event":"ack","client":{"ip":"10.0.0.7"},"x":)" + std::string(1000, '[') +
                           std::string(1000, ']') + "}";
  const std::string long_value =
      R"({"event":"ack","client":{"ip":"10.0.0.7","hostname":")" + std::string(257, 'x') + "\"}}";
  EXPECT_EQ(Read(std::string_view()), LogOutcome::kNotJson);  // of a key that was deleted
  const std::vector<std::pair<std::string, LogOutcome>> cases = {
      {"", LogOutcome::kNotJson},
      {std::string(1, '\0'), LogOutcome::kNotJson},
      {"{", LogOutcome::kNotJson},
      {R"({"event":"ack")", LogOutcome::kNotJson},
      {"{\"event\":\"\xff\"}", LogOutcome::kNotJson},
      {"{\"event\":\"ack\"} {}", LogOutcome::kNotJson},
      {deep, LogOutcome::kNotJson},
      {std::string(LogMessageReader::kMaxMessage + 1, ' '), LogOutcome::kTooLarge},
      {"[]", LogOutcome::kNotObject},
      {"5", LogOutcome::kNotObject},
      {"\"text\"", LogOutcome::kNotObject},
      {"{}", LogOutcome::kOther},
      {R"({"event":"nak","client":{"ip":"10.0.0.7","hostname":"x"}})", LogOutcome::kOther},
      {R"({"event":{"ack":1},"client":{"ip":"10.0.0.7"}})", LogOutcome::kOther},
      {R"({"event":"ack"})", LogOutcome::kNoHost},
      {R"({"event":"ack","client":"10.0.0.7"})", LogOutcome::kNoHost},
      {R"({"event":"ack","client":{"ip":167772167}})", LogOutcome::kNoHost},
      {R"({"event":"ack","client":{"ip":"10.0.0.7/8"}})", LogOutcome::kBadAddress},
      {R"({"event":"ack","client":{"ip":"10.0.0.07"}})", LogOutcome::kBadAddress},
      {R"({"event":"ack","client":{"ip":"0.0.0.0"}})", LogOutcome::kBadAddress},
      {R"({"event":"ack","client":{"ip":"10.0.0.7\u0000"}})", LogOutcome::kBadAddress},
      {R"({"event":"ack","client":{"ip":""}})", LogOutcome::kBadAddress},
      {R"({"event":"ack","client":{"ip":"10.0.0.7"}})", LogOutcome::kNoAttribute},
      {R"({"event":"ack","client":{"ip":"10.0.0.7","hostname":null}})", LogOutcome::kNoAttribute},
      {R"({"event":"ack","client":{"ip":"10.0.0.7","hostname":["x"]}})", LogOutcome::kBadValue},
      {R"({"event":"ack","client":{"ip":"10.0.0.7","hostname":""}})", LogOutcome::kBadValue},
      {R"({"event":"ack","client":{"ip":"10.0.0.7","hostname":"good"},"vlan":{}})", LogOutcome::kBadValue},
      {long_value, LogOutcome::kBadValue},
  };
  for (const auto& [text, outcome] : cases)
    EXPECT_EQ(NameOf(Read(text)).name, NameOf(outcome).name) << text.substr(0, 80);
  // It reads on as before.
  EXPECT_EQ(Read(R"({"event":"ack","client":{"ip":"10.0.0.7","hostname":"pc"}})"), LogOutcome::kApplied);
}

}  // namespace
}  // namespace hostscope::context
