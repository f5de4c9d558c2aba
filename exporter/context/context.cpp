#include "exporter/context/context.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "exporter/context/context_file.h"
#include "exporter/delay_histogram.h"

namespace hostscope::context {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kForgetInterval = 60s;

// Another text when a file was written or replaced.
std::string StateOf(const std::vector<std::string>& paths) {
  std::string state;
  for (const std::string& path : paths) {
    struct stat found {};
    if (stat(path.c_str(), &found) != 0) found = {};
    for (const auto number :
         {static_cast<std::int64_t>(found.st_ino), static_cast<std::int64_t>(found.st_size),
          static_cast<std::int64_t>(found.st_mtim.tv_sec), static_cast<std::int64_t>(found.st_mtim.tv_nsec)})
      state += std::to_string(number) + " ";
  }
  return state;
}

std::vector<std::string> ReadAll(const ContextOptions& options, FileContext& context) {
  std::vector<std::string> problems;
  for (const std::string& path : options.files) {
    for (std::string& each : ReadContextFile(path, options.limits, context))
      problems.push_back(std::move(each));
  }
  return problems;
}

std::shared_ptr<const FileContext> ReadAllOrThrow(const ContextOptions& options) {
  auto context = std::make_shared<FileContext>();
  std::string all;
  for (const std::string& each : ReadAll(options, *context)) all += (all.empty() ? "" : "\n") + each;
  if (!all.empty()) throw std::runtime_error(all);
  return context;
}

}  // namespace

Context::Context(ContextOptions options, const std::string& observer, exporter::LogFunction log)
    : options_(std::move(options)),
      log_(std::move(log)),
      logs_(options_.limits, options_.lifetime_ns),
      seen_(StateOf(options_.files)),
      outcomes_(options_.topics.size()),
      reader_(options_.limits) {
  files_ = ReadAllOrThrow(options_);
  good_loads_.Add(options_.files.empty() ? 0 : 1);
  if (options_.topics.empty()) return;
  std::vector<std::string> names;
  for (const TopicMapping& topic : options_.topics) names.push_back(topic.topic);
  std::string problem;
  topics_ = TopicReader::Make(
      options_.kafka, "hostscope.context." + observer, std::move(names),
      [this](std::size_t topic, std::string_view text, std::int64_t told) { Take(topic, text, told); }, log_,
      problem);
  if (topics_ == nullptr) throw std::runtime_error("context.kafka: " + problem);
}

Context::~Context() {
  Stop();
}

void Context::Start() {
  if (topics_ != nullptr) topics_->Start();
  watching_ = std::thread([this] { Watch(); });
}

void Context::Stop() {
  if (topics_ != nullptr) topics_->Stop();
  {
    const std::lock_guard lock(wake_mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  if (watching_.joinable()) watching_.join();
}

void Context::Reload() {
  {
    const std::lock_guard lock(wake_mutex_);
    is_asked_ = true;
  }
  wake_.notify_all();
}

void Context::Watch() {
  const auto interval = options_.check_interval_ns == 0
                            ? std::chrono::nanoseconds(kForgetInterval)
                            : std::min<std::chrono::nanoseconds>(
                                  kForgetInterval, std::chrono::nanoseconds(options_.check_interval_ns));
  auto next_forget = Clock::now() + kForgetInterval;
  std::unique_lock lock(wake_mutex_);
  while (!is_stopping_) {
    wake_.wait_for(lock, interval, [this] { return is_stopping_ || is_asked_; });
    if (is_stopping_) return;
    const bool is_asked = std::exchange(is_asked_, false);
    lock.unlock();
    if (is_asked || (options_.check_interval_ns != 0 && StateOf(options_.files) != seen_)) LoadFiles();
    if (Clock::now() >= next_forget) {
      const std::lock_guard write(mutex_);
      forgotten_.Add(logs_.Forget(exporter::WallClock().ns));
      next_forget = Clock::now() + kForgetInterval;
    }
    lock.lock();
  }
}

void Context::LoadFiles() {
  if (options_.files.empty()) return;
  seen_ = StateOf(options_.files);  // before: what is written meanwhile is read at the next look
  auto fresh = std::make_shared<FileContext>();
  const std::vector<std::string> problems = ReadAll(options_, *fresh);
  if (!problems.empty()) {
    for (const std::string& each : problems) log_(each);
    log_("the files have problems; what they said before stays");
    bad_loads_.Add(1);
    return;
  }
  std::shared_ptr<const FileContext> context = std::move(fresh);
  {
    const std::lock_guard lock(mutex_);
    files_.swap(context);  // what they said before is freed without the lock
  }
  good_loads_.Add(1);
}

void Context::Take(std::size_t topic, std::string_view text, std::int64_t told_ns) {
  LogOutcome outcome = reader_.Read(text, options_.topics[topic], message_);
  if (outcome == LogOutcome::kApplied) {
    const std::lock_guard lock(mutex_);
    outcome = logs_.Apply(message_, told_ns);
  }
  outcomes_[topic][static_cast<std::size_t>(outcome)].Add(1);
}

Attributes Context::Find(const Prefix& prefix) const {
  const std::shared_lock lock(mutex_);
  Attributes found;
  const bool is_host = prefix == Prefix::Of(prefix.network);
  const Attributes* told = is_host ? logs_.Find(prefix.network) : nullptr;
  if (told != nullptr) {
    files_->FindExactly(prefix, found);
    for (const auto& attribute : *told) found.insert(attribute);
  }
  files_->Find(prefix, found);
  return found;
}

std::string Context::ContextOf(const Address& host) const {
  Attributes attributes = Find(Prefix::Of(host));
  while (!attributes.empty()) {
    std::string json = JsonOf(attributes);
    if (json.size() <= exporter::kMaxContextText) return json;
    attributes.erase(
        std::prev(attributes.end()));  // what is too much is left out, from the end of the alphabet
  }
  return {};
}

std::optional<std::string> Context::TextOf(const Prefix& prefix, std::string_view attribute) const {
  const std::shared_lock lock(mutex_);
  const Attributes* told = prefix == Prefix::Of(prefix.network) ? logs_.Find(prefix.network) : nullptr;
  if (told != nullptr && !files_->HasExactly(prefix, attribute)) {
    if (const auto value = told->find(attribute); value != told->end())
      return std::string(context::TextOf(value->second));
  }
  const std::string* text = files_->FindOne(prefix, attribute);
  return text == nullptr ? std::nullopt : std::optional(*text);
}

void Context::ForEach(const std::optional<Prefix>& within, std::string_view attribute,
                      const VisitText& visit) const {
  const std::shared_lock lock(mutex_);
  const auto of_file = [&](const Prefix& prefix, const FileContext::Texts& texts) {
    if (const auto text = texts.find(attribute); text != texts.end()) visit(prefix, text->second);
  };
  const auto of_log = [&](const Address& host, const Attributes& told) {
    const auto value = told.find(attribute);
    if (value != told.end() && !files_->HasExactly(Prefix::Of(host), attribute))
      visit(Prefix::Of(host), context::TextOf(value->second));
  };
  within ? files_->ForEach(*within, of_file) : files_->ForEach(of_file);
  within ? logs_.ForEach(*within, of_log) : logs_.ForEach(of_log);
}

std::map<std::string, std::size_t> Context::Names() const {
  const std::shared_lock lock(mutex_);
  std::map<std::string, std::size_t> names;
  files_->ForEach([&](const Prefix&, const FileContext::Texts& texts) {
    for (const auto& [name, text] : texts) ++names[name];
  });
  logs_.ForEach([&](const Address& host, const Attributes& told) {
    for (const auto& [name, value] : told) {
      if (!files_->HasExactly(Prefix::Of(host), name)) ++names[name];
    }
  });
  return names;
}

ContextStatus Context::status() const {
  ContextStatus status;
  {
    const std::shared_lock lock(mutex_);
    status.file_entries = files_->size();
    status.file_bytes = files_->bytes();
    status.log_hosts = logs_.size();
    status.log_bytes = logs_.bytes();
  }
  status.good_loads = good_loads_.Get();
  status.bad_loads = bad_loads_.Get();
  status.forgotten = forgotten_.Get();
  status.kafka_errors = topics_ == nullptr ? 0 : topics_->errors();
  for (std::size_t i = 0; i < options_.topics.size(); ++i) {
    ContextStatus::Topic topic{options_.topics[i].topic, {}};
    for (std::size_t k = 0; k < kLogOutcomes; ++k) topic.outcomes[k] = outcomes_[i][k].Get();
    status.topics.push_back(std::move(topic));
  }
  return status;
}

std::vector<std::string> Context::CheckFiles(const ContextOptions& options) {
  FileContext context;
  return ReadAll(options, context);
}

}  // namespace hostscope::context
