#include <algorithm>
#include <utility>

#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/sequence_input.h"

// libFuzzer's own mutations for fuzz_sequence: of one of the datagrams, or of their order and number.
namespace hostscope::fuzz {
namespace {

void MutateItems(std::vector<SequenceItem>& items, std::size_t max_size, RandomMessage& random) {
  const std::size_t at = random.Below(items.size() + 1);
  if (at == items.size()) {
    KnownTemplates known;
    for (const SequenceItem& item : items) CollectTemplates(item.payload, known);
    const std::uint8_t control = items.empty() || random.OneIn(4)
                                     ? static_cast<std::uint8_t>(random.Below(256))
                                     : items.back().control;
    items.push_back({control, random.Message(known)});
    return;
  }
  switch (random.Below(10)) {
    case 0:
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    case 1: {
      SequenceItem copy = items[random.Below(items.size())];
      items.insert(items.begin() + static_cast<std::ptrdiff_t>(at), std::move(copy));
      break;
    }
    case 2:
      std::swap(items[at], items[random.Below(items.size())]);
      break;
    case 3:
      items[at].control = static_cast<std::uint8_t>(random.Below(256));
      break;
    default: {
      KnownTemplates known;
      for (std::size_t i = 0; i < at; ++i) CollectTemplates(items[i].payload, known);
      MutateMessage(items[at].payload, std::min<std::size_t>(max_size, UINT16_MAX), known, random);
      break;
    }
  }
}

}  // namespace
}  // namespace hostscope::fuzz

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned int seed) {
  using namespace hostscope::fuzz;
  RandomMessage random(seed);
  if (random.OneIn(20)) return LLVMFuzzerMutate(data, size, max_size);
  std::vector<SequenceItem> items = ReadSequence({data, size});
  MutateItems(items, max_size, random);
  const std::vector<std::uint8_t> changed = WriteSequence(items);
  if (changed.size() > max_size) return size;
  std::copy(changed.begin(), changed.end(), data);
  return changed.size();
}
