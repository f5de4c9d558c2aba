#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/exporter/http/server_fixture.h"
#include "tests/exporter/store/temporary_folder.h"

// TLS, spoken with OpenSSL's own client.
namespace hostscope::http::testing {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

class TlsTest : public ServerTest {
 protected:
  TlsTest() {
    Answer("/", "secret");
    options_.certificate_path = MakeKey("a");
    options_.key_path = folder_ / "a.key";
  }
  /// A key and a certificate that it signs itself; the certificate's path.
  std::string MakeKey(const std::string& name) {
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
        "-subj /CN=localhost -days 1 -keyout " +
        (folder_ / (name + ".key")) + " -out " + (folder_ / (name + ".pem")) + " 2>/dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0);
    return folder_ / (name + ".pem");
  }
  std::string AskWith(const std::string& arguments) {
    const std::string command =
        "printf 'GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' | "
        "timeout 10 openssl s_client -quiet -verify_return_error -CAfile " +
        options_.certificate_path + " -connect 127.0.0.1:" + std::to_string(port()) + " " + arguments +
        " 2>&1";
    std::string out;
    FILE* const pipe = popen(command.c_str(), "r");
    char part[4096];
    while (const std::size_t got = std::fread(part, 1, sizeof(part), pipe)) out.append(part, got);
    pclose(pipe);
    return out;
  }

  exporter::TemporaryFolder folder_;
};

TEST_F(TlsTest, Answers) {
  Start();
  for (const char* version : {"-tls1_2", "-tls1_3"}) {
    const std::string said = AskWith(version);
    EXPECT_THAT(said, HasSubstr("HTTP/1.1 200 OK")) << version;
    EXPECT_THAT(said, HasSubstr("secret")) << version;
  }
}

TEST_F(TlsTest, WhatIsNotTlsIsCounted) {
  Start();
  Client client(port());
  client.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(client.IsClosedWithin(5s));
  EXPECT_EQ(Refused(Refusal::kTlsFailed), 1U);
  EXPECT_THAT(AskWith("-tls1_1 -cipher DEFAULT@SECLEVEL=0"), ::testing::Not(HasSubstr("200 OK")));
  EXPECT_TRUE(Eventually([&] { return Refused(Refusal::kTlsFailed) == 2; }));
  EXPECT_THAT(AskWith(""), HasSubstr("secret"));
}

TEST_F(TlsTest, BadFilesAreNamed) {
  MakeKey("b");
  options_.key_path = folder_ / "b.key";
  ASSERT_EQ(CheckHttpFiles(options_).size(), 1U);
  EXPECT_THAT(CheckHttpFiles(options_)[0].wrong, HasSubstr(options_.key_path + ": "));
  options_.certificate_path = folder_ / "missing.pem";
  EXPECT_THAT(CheckHttpFiles(options_)[0].wrong, HasSubstr(options_.certificate_path + ": "));
  EXPECT_THROW(Start(), std::runtime_error);
}

}  // namespace
}  // namespace hostscope::http::testing
