#include "exporter/http/access.h"

#include <crypt.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "exporter/encoding/address_text.h"
#include "exporter/encoding/base64.h"
#include "tests/exporter/http/server_fixture.h"
#include "tests/exporter/store/temporary_folder.h"

namespace hostscope::http::testing {
namespace {

using exporter::TemporaryFolder;
using exporter::WriteFile;
using ::testing::HasSubstr;

constexpr char kToken[] = "0123456789abcdef-token";

std::string Basic(const std::string& user, const std::string& password) {
  const std::string text = user + ":" + password;
  std::string encoded(exporter::Base64Length(text.size()), '\0');
  exporter::PutBase64(encoded.data(), {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  return "Basic " + encoded;
}

std::string HashOf(const std::string& password) {
  crypt_data scratch{};
  return crypt_r(password.c_str(), "$2b$04$abcdefghijklmnopqrstuu", &scratch);  // the fewest rounds
}

class AccessTest : public ServerTest {
 protected:
  std::string WriteTokens(const std::string& text) {
    options_.tokens_path = folder_ / "tokens";
    WriteFile(options_.tokens_path, text);
    return text;
  }
  void WritePasswords(const std::string& text) {
    options_.passwords_path = folder_ / "passwords";
    WriteFile(options_.passwords_path, text);
  }
  std::string ProblemsOfFiles() const {
    std::string text;
    for (const OptionProblem& problem : CheckHttpFiles(options_)) {
      text += problem.key + ": " + problem.wrong + "; " + problem.allowed + "\n";
    }
    return text;
  }
  int StatusWith(const std::string& authorization) {
    return Get(port(), "/", authorization.empty() ? "" : "Authorization: " + authorization + "\r\n").status;
  }

  TemporaryFolder folder_;
};

TEST_F(AccessTest, Tokens) {
  WriteTokens("# for the monitoring\n\n" + std::string(kToken) + "\nanother-token-of-length\n");
  Answer("/", "x");
  Start();
  EXPECT_EQ(StatusWith(std::string("Bearer ") + kToken), 200);
  EXPECT_EQ(StatusWith("bearer another-token-of-length"), 200);
  for (const char* wrong :
       {"", "Bearer", "Bearer ", "Bearer 0123456789abcdef-toke", "Basic 0123456789abcdef-token",
        "Bearer # for the monitoring", "0123456789abcdef-token"}) {
    EXPECT_EQ(StatusWith(wrong), 401) << wrong;
  }
  const Reply reply = Get(port(), "/nothing");
  EXPECT_EQ(reply.status, 401);  // and not 404: what is there is nobody's business
  EXPECT_EQ(reply.Header("www-authenticate"), R"(Bearer realm="hostscope")");
  EXPECT_EQ(Refused(Refusal::kUnauthorized), 8U);
}

TEST_F(AccessTest, Passwords) {
  WritePasswords("alice:" + HashOf("right") + "\nbob:" + HashOf("b:c") + "\n");
  router_.Add(Method::kGet, "/", [](const Request& request) {
    EXPECT_FALSE(request.Header("authorization"));
    return Response::Of("text/plain", request.user);
  });
  Start();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Get(port(), "/", "Authorization: " + Basic("alice", "right") + "\r\n").body, "alice");
    EXPECT_EQ(StatusWith(Basic("alice", "wrong")), 401);
  }
  EXPECT_EQ(StatusWith(Basic("bob", "b:c")), 200);
  for (const std::string& wrong :
       {Basic("bob", "right"), Basic("carol", "right"), Basic("", ""), Basic("alice", ""),
        std::string("Basic !!!!"), std::string("Basic YWxpY2U=")}) {
    EXPECT_EQ(StatusWith(wrong), 401) << wrong;
  }
  EXPECT_EQ(Get(port(), "/").Header("www-authenticate"), R"(Basic realm="hostscope", charset="UTF-8")");
}

TEST_F(AccessTest, GuessingPasswordsDoesNotLockOutThoseWhoAreKnown) {
  crypt_data scratch{};
  // About a quarter of a second each.
  WritePasswords("alice:" + std::string(crypt_r("right", "$2b$12$abcdefghijklmnopqrstuu", &scratch)) + "\n");
  WriteTokens(std::string(kToken) + "\n");
  Answer("/", "x");
  Start();
  ASSERT_EQ(StatusWith(Basic("alice", "right")), 200);
  std::vector<Client> guessing;
  for (int i = 0; i < 10; ++i) {
    guessing.emplace_back(port()).Send("GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: " +
                                       Basic("alice", std::to_string(i)) + "\r\n\r\n");
  }
  EXPECT_EQ(StatusWith(Basic("alice", "right")), 200);
  EXPECT_EQ(StatusWith(std::string("Bearer ") + kToken), 200);
  int unauthorized = 0;
  int busy = 0;
  for (Client& client : guessing) {
    const int status = client.Read().status;
    unauthorized += status == 401 ? 1 : 0;
    busy += status == 503 ? 1 : 0;
  }
  EXPECT_EQ(unauthorized + busy, 10);
  EXPECT_GE(unauthorized, 1);
  EXPECT_GE(busy, 1);
}

TEST_F(AccessTest, ProblemsOfFilesNameTheirLine) {
  WriteTokens("good-token-0123456\nshort\nwith a blank in it it it\n");
  WritePasswords("# users\nalice:" + HashOf("x") + "\nbob:secret\nalice:" + HashOf("y") + "\n");
  const std::string tokens = options_.tokens_path;
  const std::string passwords = options_.passwords_path;
  EXPECT_EQ(ProblemsOfFiles(),
            "tokens: " + tokens + ":2: is too short; one token of at least 16 characters a line\n" +
                "tokens: " + tokens + ":3: has a blank; one token of at least 16 characters a line\n" +
                "passwords: " + passwords +
                ":3: is no user with a bcrypt hash; user:hash a line, as htpasswd -B writes\n" +
                "passwords: " + passwords + ":4: user alice is there twice; each once\n");
  EXPECT_THROW(Start(), std::runtime_error);

  WriteTokens("# nothing\n");
  options_.passwords_path = folder_ / "missing";
  EXPECT_EQ(ProblemsOfFiles(), "tokens: " + tokens +
                                   ": has no token; one token of at least 16 characters a line\n"
                                   "passwords: " +
                                   options_.passwords_path +
                                   ": No such file or directory; a file that can be read\n");
}

TEST(HttpOptionsTest, OthersMayOnlyReachAServerWithAccessControl) {
  HttpOptions options;
  EXPECT_TRUE(CheckHttpOptions(options).empty());
  for (const char* listen : {"127.0.0.1:0", "127.1.2.3:80", "[::1]:8080"}) {
    options.listen = *ParseListenAddress(listen);
    EXPECT_TRUE(CheckHttpOptions(options).empty()) << listen;
  }
  for (const char* listen : {"0.0.0.0:8080", "192.0.2.1:80", "[::]:8080", "[2001:db8::1]:443"}) {
    options.listen = *ParseListenAddress(listen);
    const std::vector<OptionProblem> problems = CheckHttpOptions(options);
    ASSERT_EQ(problems.size(), 1U) << listen;
    EXPECT_EQ(problems[0].key, "listen");
    EXPECT_THAT(problems[0].wrong, HasSubstr(listen));
    EXPECT_THAT(problems[0].allowed, HasSubstr("http.tokens or http.passwords"));
  }
  options.tokens_path = "/some/file";
  EXPECT_TRUE(CheckHttpOptions(options).empty());
  options.certificate_path = "/some/certificate";
  ASSERT_EQ(CheckHttpOptions(options).size(), 1U);
  EXPECT_EQ(CheckHttpOptions(options)[0].wrong, "has a certificate but no key");
}

TEST(HttpOptionsTest, ListenAddresses) {
  for (const char* text : {"127.0.0.1:8080", "[::1]:0", "[2001:db8::1]:65535"}) {
    ASSERT_TRUE(ParseListenAddress(text)) << text;
    EXPECT_EQ(ToText(*ParseListenAddress(text)), text);
  }
  for (const char* text : {"", ":", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                           "::1:80", "[127.0.0.1]:80", "localhost:80", "127.0.0.1:80 ", "[::1]"}) {
    EXPECT_FALSE(ParseListenAddress(text)) << text;
  }
}

}  // namespace
}  // namespace hostscope::http::testing
