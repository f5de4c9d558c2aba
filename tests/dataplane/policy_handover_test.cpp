#include "dataplane/policy_handover.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace hostscope::dataplane {
namespace {

ipfix::Settings Named(const std::string& name) {
  ipfix::Settings settings;
  settings.exporters = {{Prefix::AllIpv4(), {}, name}};
  return settings;
}
std::string NameOf(const ipfix::ExporterPolicy& policy) {
  return policy.rules().front().rule.name;
}

TEST(PolicyHandoverTest, GivesEachPolicyOnceAndOnlyTheNewest) {
  PolicyHandover handover(Named("first"));
  EXPECT_EQ(NameOf(handover.taken()), "first");
  EXPECT_EQ(handover.Take(), nullptr);
  handover.Offer(Named("second"));
  handover.Offer(Named("third"));
  EXPECT_EQ(NameOf(handover.newest()), "third");
  EXPECT_EQ(NameOf(handover.taken()), "first") << "in force until another is taken";
  handover.Release();
  const ipfix::ExporterPolicy* const taken = handover.Take();
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(NameOf(*taken), "third");
  EXPECT_EQ(handover.Take(), nullptr);
}

TEST(PolicyHandoverTest, APolicyIsDestroyedOnlyOnceReleased) {
  PolicyHandover handover(Named("0"));
  // Books are shared by a policy and the one that goes on with them, and by this test.
  const std::weak_ptr<ipfix::PolicyBooks> books = handover.newest().rules().front().books;
  ipfix::Settings other;
  other.exporters = {{Prefix::AllIpv6(), {}, "1"}};
  handover.Offer(other);
  static_cast<void>(handover.Take());
  for (int i = 0; i < 3; ++i) handover.Offer(other);
  EXPECT_FALSE(books.expired()) << "the worker still refers to the first";
  handover.Release();
  EXPECT_FALSE(books.expired()) << "a worker frees nothing";
  handover.Offer(other);
  EXPECT_TRUE(books.expired());
}

// Under ThreadSanitizer and AddressSanitizer this shows that no policy is used after it was destroyed.
TEST(PolicyHandoverTest, AWorkerUsesPoliciesWhileOthersAreOffered) {
  constexpr int kOffers = 3000;
  PolicyHandover handover(Named("0"));
  std::atomic<bool> is_over{false};
  int taken = 0;
  int last = 0;
  std::thread worker([&] {
    ipfix::ExporterPolicy* current = &handover.taken();
    ipfix::ExporterPolicy* before = current;
    for (bool was_over = false; !was_over;) {
      was_over = is_over.load();
      // As long as it is not released, both are used.
      current->Find({})->books->outcomes.Add(ipfix::DatagramOutcome::kDecoded);
      last = std::stoi(NameOf(*before));
      EXPECT_LE(last, std::stoi(NameOf(*current)));
      before = current;
      handover.Release();
      if (ipfix::ExporterPolicy* const next = handover.Take()) {
        current = next;
        ++taken;
      }
    }
    last = std::stoi(NameOf(*current));
  });
  for (int i = 1; i <= kOffers; ++i) {
    handover.Offer(Named(std::to_string(i)));
    if (i % 64 == 0) std::this_thread::yield();
  }
  is_over.store(true);
  worker.join();
  EXPECT_GT(taken, 0);
  EXPECT_EQ(last, kOffers);
}

}  // namespace
}  // namespace hostscope::dataplane
