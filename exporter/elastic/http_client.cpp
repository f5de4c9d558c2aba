#include "exporter/elastic/http_client.h"

#include <curl/curl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "exporter/curl_handles.h"

namespace hostscope::exporter {
namespace {

constexpr long kConnectMs = 10'000;
constexpr long kFirstFailure = 300;
constexpr long kServerTrouble = 500;

void Append(CurlList& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return;  // no memory: the server will complain
  static_cast<void>(list.release());
  list.reset(longer);
}

bool HasPart(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  const bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;
  curl_free(text);
  return has;
}

/// One request at a time, and its connection where that is kept.
struct Slot {
  CurlEasy easy;
  CurlList headers;
  std::size_t node = 0;  // which of the URLs comes next
  std::string url;
  std::string answer;
  std::size_t max_answer = 0;
  bool is_too_long = false;
  bool is_under_way = false;
  std::array<char, CURL_ERROR_SIZE> error{};
};

std::size_t TakeAnswer(char* data, std::size_t, std::size_t size, void* to) noexcept {
  auto* const slot = static_cast<Slot*>(to);
  if (slot->answer.size() + size > slot->max_answer) {
    slot->is_too_long = true;
    return 0;  // ends it
  }
  slot->answer.append(data, size);
  return size;
}

class CurlClient final : public HttpClient {
 public:
  explicit CurlClient(const HttpOptions& options) : options_(options), slots_(options.slots) {}
  ~CurlClient() override { Abort(); }
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;

  std::string Open();
  std::size_t slots() const noexcept override { return slots_.size(); }
  void Start(std::size_t slot, const HttpRequest& request) override;
  void Poll(std::chrono::milliseconds wait, const Done& done) override;
  void Abort() noexcept override;
  std::string Scrub(std::string text) const override { return credentials_.Scrub(std::move(text)); }

 private:
  void Prepare(Slot& slot);
  HttpAnswer AnswerOf(Slot& slot, CURLcode result);

  HttpOptions options_;
  Credentials credentials_;
  CurlMulti multi_;
  std::vector<Slot> slots_;  // they go before the multi handle
};

std::string CurlClient::Open() {
  InitCurl();
  if (std::string problem = credentials_.Read(options_.credentials); !problem.empty()) return problem;
  for (std::string* file : {&options_.ca_file, &options_.certificate_file, &options_.key_file}) {
    if (file->empty()) continue;
    std::string problem;
    *file = CredentialPath(*file, problem);
    if (!problem.empty()) return problem;
    if (access(file->c_str(), R_OK) != 0) return *file + ": " + std::generic_category().message(errno);
  }
  multi_.reset(curl_multi_init());
  if (multi_ == nullptr) return "libcurl: no memory";
  for (Slot& slot : slots_) {
    slot.node = static_cast<std::size_t>(&slot - slots_.data());  // they begin with different ones
    slot.easy.reset(curl_easy_init());
    if (slot.easy == nullptr) return "libcurl: no memory";
    Prepare(slot);
  }
  return {};
}

// What is the same for all requests.
void CurlClient::Prepare(Slot& slot) {
  CURL* const easy = slot.easy.get();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &slot);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot.error.data());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &TakeAnswer);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &slot);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // a name that is being looked up holds nobody up
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectMs);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options_.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);  // these authorities, and no others
  }
  if (!options_.certificate_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_SSLCERT, options_.certificate_file.c_str());
    curl_easy_setopt(easy, CURLOPT_SSLKEY, options_.key_file.c_str());
  }
}

void CurlClient::Start(std::size_t number, const HttpRequest& request) {
  Slot& slot = slots_[number];
  CURL* const easy = slot.easy.get();
  slot.url = options_.urls[slot.node % options_.urls.size()];
  while (slot.url.back() == '/') slot.url.pop_back();
  slot.answer.clear();
  slot.max_answer = request.max_answer;
  slot.is_too_long = false;
  slot.error[0] = '\0';
  slot.headers.reset();
  Append(slot.headers, "Expect:");  // nobody needs to be asked whether the body may come
  if (!credentials_.header().empty()) Append(slot.headers, credentials_.header());
  if (!request.body.empty()) {
    Append(slot.headers,
           request.is_ndjson ? "Content-Type: application/x-ndjson" : "Content-Type: application/json");
    if (request.is_gzip) Append(slot.headers, "Content-Encoding: gzip");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, slot.headers.get());
  curl_easy_setopt(easy, CURLOPT_URL, (slot.url + request.path).c_str());
  slot.is_under_way = curl_multi_add_handle(multi_.get(), easy) == CURLM_OK;
}

void CurlClient::Poll(std::chrono::milliseconds wait, const Done& done) {
  int running = 0;
  curl_multi_perform(multi_.get(), &running);
  if (running > 0) {
    curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(wait.count()), nullptr);
    curl_multi_perform(multi_.get(), &running);
  }
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode result = message->data.result;
    Slot* slot = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
    curl_multi_remove_handle(multi_.get(), slot->easy.get());
    slot->is_under_way = false;
    HttpAnswer answer = AnswerOf(*slot, result);
    if (answer.status == 0 || answer.status >= kServerTrouble) ++slot->node;
    done(static_cast<std::size_t>(slot - slots_.data()), answer);
  }
}

HttpAnswer CurlClient::AnswerOf(Slot& slot, CURLcode result) {
  HttpAnswer answer;
  if (result == CURLE_OK) {
    curl_easy_getinfo(slot.easy.get(), CURLINFO_RESPONSE_CODE, &answer.status);
    answer.body.swap(slot.answer);
    constexpr long kUnauthorized = 401;
    // Perhaps the secret was changed; what is wrong with the file, the log hears at the next start.
    if (answer.status == kUnauthorized) static_cast<void>(credentials_.Read(options_.credentials));
    if (answer.status >= kFirstFailure) answer.body = Scrub(std::move(answer.body));
    return answer;
  }
  std::string why = slot.error[0] != '\0' ? slot.error.data() : curl_easy_strerror(result);
  if (slot.is_too_long) why = "the answer is longer than any that was asked for";
  answer.problem = Scrub(slot.url + ": " + why);
  return answer;
}

void CurlClient::Abort() noexcept {
  for (Slot& slot : slots_) {
    if (!std::exchange(slot.is_under_way, false)) continue;
    curl_multi_remove_handle(multi_.get(), slot.easy.get());
  }
}

}  // namespace

std::string CheckNodeUrl(const std::string& url) {
  InitCurl();
  const CurlUrl parsed(curl_url());
  const CURLUcode result = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0);
  if (result != CURLUE_OK) return std::string("is no URL: ") + curl_url_strerror(result);
  if (HasPart(parsed.get(), CURLUPART_USER) || HasPart(parsed.get(), CURLUPART_PASSWORD)) {
    return "has a user or a password in it, which logs would show";
  }
  if (HasPart(parsed.get(), CURLUPART_QUERY) || HasPart(parsed.get(), CURLUPART_FRAGMENT)) {
    return "has a query or a fragment";
  }
  char* scheme = nullptr;
  curl_url_get(parsed.get(), CURLUPART_SCHEME, &scheme, 0);
  const std::string_view text = scheme == nullptr ? "" : scheme;
  const bool is_http = text == "http" || text == "https";
  curl_free(scheme);
  return is_http ? "" : "is neither http:// nor https://";
}

std::string DescribeFailure(const std::string& request, const HttpAnswer& answer) {
  constexpr std::size_t kExcerpt = 300;
  if (answer.status == 0) return request + ": " + answer.problem;
  std::string text = request + ": status " + std::to_string(answer.status);
  if (answer.body.empty()) return text;
  text += ": ";
  for (const char c : std::string_view(answer.body).substr(0, kExcerpt)) {
    const auto byte = static_cast<unsigned char>(c);
    text += byte < 0x20 || byte >= 0x7f ? ' ' : c;
  }
  return text;
}

std::unique_ptr<HttpClient> HttpClient::Make(const HttpOptions& options, std::string& problem) {
  auto client = std::make_unique<CurlClient>(options);
  problem = client->Open();
  if (!problem.empty()) return nullptr;
  return client;
}

}  // namespace hostscope::exporter
