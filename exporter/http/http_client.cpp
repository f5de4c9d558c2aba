#include "exporter/http/http_client.h"

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <memory>

#include "exporter/curl_handles.h"

namespace hostscope::http {
namespace {

constexpr std::size_t kMaxBody = 64 << 20;
constexpr std::int64_t kNsPerMs = 1'000'000;

std::string Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  std::string found;
  if (curl_url_get(url, part, &text, flags) == CURLUE_OK) found = text;
  curl_free(text);
  return found;
}

bool IsIpv6(const std::string& host) {
  return host.find(':') != std::string::npos;
}

std::string UrlOf(const ServerUrl& server, std::string_view path) {
  const std::string host = IsIpv6(server.host) ? "[" + server.host + "]" : server.host;
  return (server.has_tls ? "https://" : "http://") + host + ":" + server.port + std::string(path);
}

/// One exchange as libcurl's callbacks see it.
struct Exchange {
  CURL* easy = nullptr;
  ClientReply reply;
  const StreamTaker* take = nullptr;           ///< null: all goes to the reply
  const std::atomic<bool>* is_over = nullptr;  ///< where there is `take`
  bool is_enough = false;                      ///< `take` said so
};

unsigned StatusOf(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return static_cast<unsigned>(status);
}

std::size_t TakeBody(char* data, std::size_t, std::size_t size, void* to) {
  auto& exchange = *static_cast<Exchange*>(to);
  if (exchange.take != nullptr && StatusOf(exchange.easy) == 200) {
    exchange.is_enough = !(*exchange.take)({data, size});
    return exchange.is_enough ? 0 : size;
  }
  std::string& body = exchange.reply.body;
  if (body.size() + size > kMaxBody) return 0;  // ends it
  body.append(data, size);
  return size;
}

/// Is asked at least once a second.
int IsOver(void* of, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return static_cast<const Exchange*>(of)->is_over->load() ? 1 : 0;
}

}  // namespace

std::optional<ServerUrl> ParseServerUrl(std::string_view text) {
  const exporter::CurlUrl parsed(curl_url());
  if (curl_url_set(parsed.get(), CURLUPART_URL, std::string(text).c_str(), 0) != CURLUE_OK)
    return std::nullopt;
  const std::string scheme = Part(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return std::nullopt;
  if (Part(parsed.get(), CURLUPART_PATH) != "/") return std::nullopt;
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (!Part(parsed.get(), part).empty()) return std::nullopt;
  }
  ServerUrl url;
  url.has_tls = scheme == "https";
  url.host = Part(parsed.get(), CURLUPART_HOST);
  if (url.host.starts_with('[')) url.host = url.host.substr(1, url.host.size() - 2);
  url.port = Part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  return url;
}

namespace {

ClientReply Perform(const ClientOptions& options, std::string_view path, const StreamTaker* take,
                    const std::atomic<bool>* is_over) {
  exporter::InitCurl();
  Exchange exchange{nullptr, {}, take, is_over};
  ClientReply& reply = exchange.reply;
  const exporter::CurlEasy easy(curl_easy_init());
  if (easy == nullptr) {
    reply.problem = "libcurl: no memory";
    return reply;
  }
  exchange.easy = easy.get();
  std::array<char, CURL_ERROR_SIZE> why{};
  exporter::CurlList headers;
  const std::string url = UrlOf(options.server, path);
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, why.data());
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &TakeBody);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_NOPROXY, "*");  // whom the token is for is who gets it
  const long timeout_ms = static_cast<long>(options.timeout_ns / kNsPerMs);
  curl_easy_setopt(easy.get(), take != nullptr ? CURLOPT_CONNECTTIMEOUT_MS : CURLOPT_TIMEOUT_MS, timeout_ms);
  if (is_over != nullptr) {
    curl_easy_setopt(easy.get(), CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy.get(), CURLOPT_XFERINFOFUNCTION, &IsOver);
    curl_easy_setopt(easy.get(), CURLOPT_XFERINFODATA, &exchange);
  }
  if (!options.ca_path.empty()) {
    curl_easy_setopt(easy.get(), CURLOPT_CAINFO, options.ca_path.c_str());
    curl_easy_setopt(easy.get(), CURLOPT_CAPATH, nullptr);  // these authorities, and no others
  }
  if (!options.token.empty()) {
    headers.reset(curl_slist_append(nullptr, ("Authorization: Bearer " + options.token).c_str()));
    curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  }
  const CURLcode result = curl_easy_perform(easy.get());
  const bool is_ended = exchange.is_enough || (is_over != nullptr && is_over->load());
  if (result != CURLE_OK && !is_ended) {
    reply.body.clear();
    reply.problem = why[0] != '\0' ? why.data() : curl_easy_strerror(result);
    return reply;
  }
  reply.status = StatusOf(easy.get());
  return reply;
}

}  // namespace

ClientReply Get(const ClientOptions& options, std::string_view path) {
  return Perform(options, path, nullptr, nullptr);
}

ClientReply GetStream(const ClientOptions& options, std::string_view path, const StreamTaker& take,
                      const std::atomic<bool>& is_over) {
  return Perform(options, path, &take, &is_over);
}

}  // namespace hostscope::http
