#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "exporter/http/gzip.h"
#include "exporter/http/negotiation.h"
#include "exporter/http/router.h"
#include "exporter/http/static_files.h"
#include "exporter/http/target.h"
#include "tests/exporter/http/http_client.h"
#include "tests/exporter/store/temporary_folder.h"

// The parts of the server that need no socket.
namespace hostscope::http::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(TargetTest, PathsAndQueries) {
  EXPECT_THAT(ParseTarget("/")->segments, IsEmpty());
  EXPECT_THAT(ParseTarget("/a/b%2Fc/")->segments, ElementsAre("a", "b/c", ""));
  EXPECT_THAT(ParseTarget("//")->segments, ElementsAre("", ""));
  EXPECT_THAT(ParseTarget("http://x:80/a?b=c")->segments, ElementsAre("a"));
  EXPECT_THAT(ParseTarget("http://x")->segments, IsEmpty());
  EXPECT_THAT(ParseTarget("/+?a+b=c%2Bd+e&f&&g=h=i")->query,
              ElementsAre(Pair("a b", "c+d e"), Pair("f", ""), Pair("g", "h=i")));
  EXPECT_THAT(ParseTarget("/+")->segments, ElementsAre("+"));
  for (const char* bad : {"", "a", "*", "x:80", "/%", "/%1", "/%g1", "/?%", "/%0a", "/a\x7f", "/.", "/a/../b",
                          "/%2E%2e", "/a#b"}) {
    EXPECT_FALSE(ParseTarget(bad)) << bad;
  }
}

TEST(RouterTest, TheMostSpecificPatternAnswers) {
  Router router;
  const auto add = [&](Method method, const std::string& pattern) {
    router.Add(method, pattern, [pattern](const Request&) { return Response::Of("", pattern); });
  };
  // Not in the order in which they should be found.
  for (const char* pattern :
       {"/{path*}", "/api/{kind}/{name}", "/api/hosts/{address}", "/api/hosts/top", "/", "/api"}) {
    add(Method::kGet, pattern);
  }
  add(Method::kPost, "/api");
  const auto answer = [&](const char* path, Method method = Method::kGet) {
    const Router::Found found = router.Find(method, ParseTarget(path)->segments);
    std::string text = found.handler == nullptr ? "none" : *(*found.handler)({}).body;
    for (const auto& [name, value] : found.parameters) text += " " + name + "=" + value;
    return text;
  };
  EXPECT_EQ(answer("/"), "/");
  EXPECT_EQ(answer("/api"), "/api");
  EXPECT_EQ(answer("/api", Method::kHead), "/api");
  EXPECT_EQ(answer("/api", Method::kPost), "/api");
  EXPECT_EQ(answer("/api", Method::kDelete), "none");
  EXPECT_EQ(answer("/api/hosts/top"), "/api/hosts/top");
  EXPECT_EQ(answer("/api/hosts/10.0.0.1"), "/api/hosts/{address} address=10.0.0.1");
  EXPECT_EQ(answer("/api/nets/x"), "/api/{kind}/{name} kind=nets name=x");
  EXPECT_EQ(answer("/api/nets/"), "/{path*} path=api/nets/");
  EXPECT_EQ(answer("/assets/a/b.js"), "/{path*} path=assets/a/b.js");
  EXPECT_EQ(router.Find(Method::kPut, {"api"}).allowed, "OPTIONS, GET, HEAD, POST");
  EXPECT_EQ(Router().Find(Method::kGet, {"x"}).allowed, "");
}

TEST(RouterTest, BadPatternsAreRefused) {
  Router router;
  router.Add(Method::kGet, "/a/{b}", [](const Request&) { return Response(); });
  for (const char* bad : {"", "a", "/{", "/{}", "/{*}", "/{a*}/b", "//", "/a/{b}"}) {
    EXPECT_THROW(router.Add(Method::kGet, bad, [](const Request&) { return Response(); }),
                 std::invalid_argument)
        << bad;
  }
}

TEST(NegotiationTest, AcceptEncoding) {
  for (const char* yes :
       {"gzip", "GZIP", "x-gzip", "br, gzip", "gzip;q=0.001", "*", "*;q=0.1", "br;q=1, gzip ; q=0.5"}) {
    EXPECT_TRUE(AcceptsGzip(yes)) << yes;
  }
  for (const char* no :
       {"", "br", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=0, *", "gzipped", "identity"}) {
    EXPECT_FALSE(AcceptsGzip(no)) << no;
  }
}

TEST(NegotiationTest, Etags) {
  for (const char* same : {"\"a\"", "W/\"a\"", "\"b\", \"a\"", " * ", "\"b\",W/\"a\""})
    EXPECT_TRUE(NamesEtag(same, "a")) << same;
  for (const char* other : {"", "a", "\"b\"", "\"a", "\"aa\"", "w/\"a\""})
    EXPECT_FALSE(NamesEtag(other, "a")) << other;
}

TEST(GzipTest, IsUndoneByZlib) {
  for (const std::string& text : {std::string(), std::string("x"), std::string(1'000'000, 'x')}) {
    EXPECT_EQ(Gunzip(Gzip(text, 6).value()), text);
  }
}

TEST(StaticFilesTest, NamesAndTypes) {
  EXPECT_EQ(ContentTypeOf("a/index.html"), "text/html");
  EXPECT_EQ(ContentTypeOf("x.js"), "text/javascript");
  EXPECT_EQ(ContentTypeOf("x"), "application/octet-stream");
  for (const char* hashed : {"assets/index-4f3a9c1b.js", "a.4f3a9c1b.css", "index-BxY3a9_z.js"}) {
    EXPECT_TRUE(HasHashedName(hashed)) << hashed;
  }
  for (const char* plain :
       {"index.html", "a-1234567.js", "favicon.ico", "table-formatters.js", "4f3a9c1b.js"}) {
    EXPECT_FALSE(HasHashedName(plain)) << plain;
  }
}

TEST(StaticFilesTest, AFolderIsServedAsItIs) {
  const exporter::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "assets");
  exporter::WriteFile(folder / "index.html", "<!doctype html>" + std::string(5000, ' '));
  exporter::WriteFile(folder / "assets/index-4f3a9c1b.js", "x");
  std::filesystem::create_symlink("/etc/passwd", folder / "link.txt");
  const StaticFiles files = StaticFiles::FromFolder(folder.path());
  EXPECT_EQ(files.size(), 2U);
  for (const char* page : {"", "index.html", "hosts/10", "networks"}) {
    const Response response = files.Get(page);
    EXPECT_EQ(response.content_type, "text/html") << page;
    ASSERT_NE(response.gzip_body, nullptr);
    EXPECT_EQ(Gunzip(*response.gzip_body), *response.body);
    EXPECT_EQ(response.cache_control, "");
    EXPECT_NE(response.etag, "");
  }
  EXPECT_EQ(files.Get("assets/index-4f3a9c1b.js").cache_control, "public, max-age=31536000, immutable");
  for (const char* missing : {"link.txt", "assets/none.js", "../x.y", "assets/../index.html"}) {
    EXPECT_EQ(files.Get(missing).status, 404) << missing;
  }
  EXPECT_THROW(StaticFiles::FromFolder(folder / "nowhere"), std::runtime_error);
}

TEST(StaticFilesTest, EmbeddedFiles) {
  const std::vector<EmbeddedFile> embedded{{"index.html", "<p>"}, {"a.css", "p{}"}};
  const StaticFiles files(embedded);
  EXPECT_EQ(*files.Get("a.css").body, "p{}");
  EXPECT_EQ(*files.Get("").body, "<p>");
}

}  // namespace
}  // namespace hostscope::http::testing
