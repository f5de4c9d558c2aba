#include "exporter/http/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/exporter/http/server_fixture.h"
#include "tests/exporter/store/temporary_folder.h"

// Our client against our server.
namespace hostscope::http::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class HttpClientTest : public ServerTest {
 protected:
  ClientOptions To(const std::string& start) const {
    ClientOptions options;
    options.server = ParseServerUrl(start + std::to_string(port())).value();
    options.timeout_ns = 5'000'000'000;
    return options;
  }
};

TEST_F(HttpClientTest, GetsWhatIsThereOrItsStatus) {
  Answer("/", "hello");
  Start();
  const ClientReply reply = Get(To("http://127.0.0.1:"), "/");
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(reply.body, "hello");
  EXPECT_EQ(Get(To("http://localhost:"), "/").body, "hello");
  EXPECT_EQ(Get(To("http://127.0.0.1:"), "/nothing").status, 404U);
}

TEST_F(HttpClientTest, SaysWhyThereIsNone) {
  ClientOptions options;
  options.server = {false, "127.0.0.1", "1"};
  EXPECT_THAT(Get(options, "/").problem, HasSubstr("127.0.0.1 port 1"));
  options.server.host = "nowhere.invalid";
  EXPECT_THAT(Get(options, "/").problem, Not(IsEmpty()));
}

TEST_F(HttpClientTest, ShowsItsTokenAndChecksTheCertificate) {
  const exporter::TemporaryFolder folder;
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost "
      "-addext subjectAltName=DNS:localhost -days 1 -keyout " +
      (folder / "key") + " -out " + (folder / "pem") + " 2>/dev/null; echo 0123456789abcdef >" +
      (folder / "tokens");
  ASSERT_EQ(std::system(command.c_str()), 0);
  options_.certificate_path = folder / "pem";
  options_.key_path = folder / "key";
  options_.tokens_path = folder / "tokens";
  Answer("/", "secret");
  Start();
  ClientOptions options = To("https://localhost:");
  EXPECT_THAT(Get(options, "/").problem, HasSubstr("certificate"));
  options.ca_path = folder / "pem";
  EXPECT_EQ(Get(options, "/").status, 401U);
  options.token = "0123456789abcdef";
  EXPECT_EQ(Get(options, "/").body, "secret");
  options.server.host = "127.0.0.1";
  EXPECT_THAT(Get(options, "/").problem, HasSubstr("host name '127.0.0.1'"));
}

TEST(ServerUrlTest, IsASchemeAHostAndAPort) {
  const auto url = ParseServerUrl("https://[2001:db8::1]:8443/");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->has_tls);
  EXPECT_EQ(url->host, "2001:db8::1");
  EXPECT_EQ(url->port, "8443");
  EXPECT_EQ(ParseServerUrl("http://mon1")->port, "80");
  EXPECT_EQ(ParseServerUrl("https://mon1")->port, "443");
  for (const char* wrong : {"mon1:8080", "ftp://mon1", "http://", "http://mon1/path", "http://u@mon1",
                            "http://mon1:x", "http://[::1", "http://[::1]8080", "http://mon1:123456"}) {
    EXPECT_FALSE(ParseServerUrl(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace hostscope::http::testing
