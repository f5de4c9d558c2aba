#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "tests/fuzz/capture_builder.h"
#include "tests/fuzz/random_message.h"
#include "tests/fuzz/sequence_input.h"

// Writes the inputs that fuzzing starts from: corpus/<target>/seed-<name>. With --check it writes nothing and
// says which files differ from what it would write.
//
//   write_seeds [--check] FOLDER
namespace hostscope::fuzz {
namespace {

using ipfix::test::Field;
using ipfix::test::MessageBuilder;
using ipfix::test::Netflow5Builder;
using Payload = std::vector<std::uint8_t>;
using Seeds = std::map<std::string, Payload>;  // by path below the corpus

const std::vector<Field> kFlowFields{{8, 4}, {12, 4}, {7, 2}, {11, 2}, {4, 1}, {2, 4}, {1, 4}};

/// An ordinary flow's fields, with those of a group; a group of addresses stands alone.
std::vector<Field> FieldsWith(const FieldGroup& group) {
  std::vector<Field> fields = group.fields;
  const bool has_addresses =
      fields.front().id == 8 || fields.front().id == 27 || group.name.ends_with("section");
  if (!has_addresses) fields.insert(fields.begin(), {{8, 4}, {12, 4}});
  return fields;
}

Payload TemplateAndData(MessageBuilder message, const std::vector<Field>& fields, RandomMessage& random) {
  return message.Template(256, fields).Data(256, {random.Record(fields), random.Record(fields)}).Build();
}

Payload Options(MessageBuilder message, const std::vector<Field>& fields, RandomMessage& random) {
  const std::vector<Field> scope{{1, 4}};
  Bytes record = Bytes().U32(1).Append(random.Record(fields));
  return message.OptionsTemplate(300, scope, fields).Data(300, {record}).Build();
}

void AddOddMessages(Seeds& seeds) {
  RandomMessage random(7);
  const Bytes flow = random.Record(kFlowFields);
  const auto add = [&](const std::string& name, const Payload& payload) {
    seeds["fuzz_message/seed-" + name] = payload;
  };
  add("netflow5", Netflow5Builder().Record({}).Record({.protocol = 17}).Sampling(0x4064).Build());
  add("netstream5", Netflow5Builder().Record({}).Version(0x8005).Build());
  add("netflow5-count", Netflow5Builder().Record({}).Count(31).Build());
  add("withdrawal",
      MessageBuilder::Ipfix().Template(256, kFlowFields).Withdrawal(256).Data(256, {flow}).Build());
  add("withdrawal-of-all", MessageBuilder::Ipfix().Template(256, kFlowFields).Withdrawal(2).Build());
  add("padding", MessageBuilder::Ipfix().Template(256, kFlowFields).Data(256, {flow}).Padding(36).Build());
  add("zero-fill", MessageBuilder::Netflow9()
                       .Template(256, kFlowFields)
                       .Data(256, {flow})
                       .Tail(Bytes().Zeros(40))
                       .Build());
  add("unknown-template",
      MessageBuilder::Ipfix().Data(999, {flow}).Template(256, kFlowFields).Data(256, {flow}).Build());
  add("reserved-set",
      MessageBuilder::Ipfix().RawSet(5, flow).Template(256, kFlowFields).Data(256, {flow}).Build());
  add("set-length",
      MessageBuilder::Ipfix().Template(256, kFlowFields).Data(256, {flow}).SetLength(3).Build());
  add("header-length", MessageBuilder::Ipfix().Template(256, kFlowFields).HeaderLength(15).Build());
  add("cut-template", MessageBuilder::Ipfix().RawSet(2, Bytes().U16(256).U16(9).U32(0x00080004)).Build());
  MessageBuilder many = MessageBuilder::Ipfix();
  for (std::uint16_t id = 256; id < 264; ++id) many.Template(id, kFlowFields);
  add("many-templates", many.Build());
}

void AddMessages(Seeds& seeds) {
  std::uint32_t number = 0;
  for (const FieldGroup& group : FieldGroups()) {
    RandomMessage random(++number);
    seeds["fuzz_message/seed-ipfix-" + group.name] =
        TemplateAndData(MessageBuilder::Ipfix(), FieldsWith(group), random);
  }
  for (const FieldGroup& group : SamplingGroups()) {
    RandomMessage random(++number);
    seeds["fuzz_message/seed-options-ipfix-" + group.name] =
        Options(MessageBuilder::Ipfix(), group.fields, random);
    seeds["fuzz_message/seed-options-netflow9-" + group.name] =
        Options(MessageBuilder::Netflow9(), group.fields, random);
  }
  AddOddMessages(seeds);
}

void AddSequences(Seeds& seeds) {
  const auto add = [&](const std::string& name, const std::vector<SequenceItem>& items) {
    seeds["fuzz_sequence/seed-" + name] = WriteSequence(items);
  };
  RandomMessage random(11);
  const Bytes flow = random.Record(kFlowFields);
  const Payload definition = MessageBuilder::Ipfix().Template(256, kFlowFields).Build();
  const Payload data = MessageBuilder::Ipfix().Data(256, {flow, flow}).Build();
  const Payload other_domain = MessageBuilder::Ipfix(2).Data(256, {flow}).Build();
  const Payload redefinition = MessageBuilder::Ipfix().Template(256, {{27, 16}, {28, 16}, {1, 4}}).Build();
  const Payload rate = Options(MessageBuilder::Ipfix(), {{302, 4}, {305, 4}, {306, 4}}, random);
  add("template-then-data", {{0, definition}, {8, data}, {16, definition}, {8, data}});
  add("data-before-template", {{0, data}, {0, definition}, {0, data}, {0, other_domain}});
  add("template-changes", {{0, definition}, {0, data}, {0, redefinition}, {0, data}});
  add("rate-from-another-port", {{1, rate}, {0, definition}, {0, data}});
  add("refused", {{7, definition}, {7, data}});
  add("netflow5", {{4, Netflow5Builder().Record({}).Sampling(0xffff).Build()}});
  const std::vector<Field> asa{{8, 4}, {12, 4}, {233, 1}, {231, 4}, {232, 4}};
  const auto event = [](std::uint8_t code) {
    return Bytes().Address("10.0.0.1").Address("10.0.0.2").U8(code).U32(900).U32(100);
  };
  const Payload asa_template =
      MessageBuilder::Netflow9().Template(260, asa).Data(260, {event(2), event(1)}).Build();
  add("asa", {{0, asa_template}, {0, MessageBuilder::Netflow9().Data(260, {event(5), event(2)}).Build()}});
  for (std::uint32_t seed = 0; seed < 6; ++seed) {
    RandomMessage messages(seed);
    KnownTemplates known;
    std::vector<SequenceItem> items;
    const auto sender = static_cast<std::uint8_t>(seed % kRefusedSender);
    for (int i = 0; i < 3; ++i) items.push_back({sender, messages.Message(known)});
    add("random-" + std::to_string(seed), items);
  }
}

void AddCaptures(Seeds& seeds) {
  RandomMessage random(13);
  const Payload message = TemplateAndData(MessageBuilder::Ipfix(), kFlowFields, random);
  const Payload netflow5 = Netflow5Builder().Record({}).Build();
  const Bytes ipv4 = UdpPacket("192.0.2.1", "192.0.2.9", message);
  const Bytes ipv6 = UdpPacket("2001:db8::1", "2001:db8::9", message);
  const auto add = [&](const std::string& name, const Bytes& file) {
    seeds["fuzz_capture/seed-" + name] = {file.span().begin(), file.span().end()};
  };
  const std::vector<Bytes> frames{Ethernet(ipv4, 0x0800), Ethernet(ipv6, 0x86dd), Ethernet(ipv4, 0x0800, 2),
                                  Ethernet(UdpPacket("192.0.2.2", "192.0.2.9", netflow5), 0x0800)};
  add("pcap", Pcap(kLinkEthernet, frames));
  add("pcap-nanoseconds", Pcap(kLinkEthernet, frames, true));
  add("pcapng", Pcapng(kLinkEthernet, frames));
  add("raw", Pcap(kLinkRaw, {ipv4, ipv6}));
  add("null", Pcap(kLinkNull, {Bytes().U32(2).Append(ipv4)}));
  add("sll", Pcap(kLinkSll, {Bytes().Zeros(14).U16(0x0800).Append(ipv4)}));
  add("sll2", Pcapng(kLinkSll2, {Bytes().U16(0x86dd).Zeros(18).Append(ipv6)}));
  add("mpls", Pcap(kLinkEthernet, {Ethernet(Bytes().U32(0x00064140).U32(0x00065140).Append(ipv4), 0x8847)}));
  std::vector<Bytes> pieces = Ipv4Fragments(message, 48);
  add("fragments-ipv4", Pcap(kLinkRaw, pieces));
  std::reverse(pieces.begin(), pieces.end());
  add("fragments-backwards", Pcap(kLinkRaw, pieces));
  add("fragment-missing", Pcap(kLinkRaw, {pieces.back(), ipv4}));
  add("fragments-ipv6", Pcap(kLinkRaw, Ipv6Fragments(message, 64)));
  add("other-traffic",
      Pcap(kLinkEthernet, {Ethernet(Bytes().Zeros(28), 0x0806), Ethernet(Bytes().U8(0x45), 0x0800)}));
  Bytes cut = Pcap(kLinkEthernet, frames);
  cut.raw().resize(cut.size() - 20);
  add("cut", cut);
}

bool IsSame(const std::filesystem::path& file, const Payload& payload) {
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return in && Payload(text.begin(), text.end()) == payload;
}

int Main(const std::filesystem::path& corpus, bool is_check) {
  Seeds seeds;
  AddMessages(seeds);
  AddSequences(seeds);
  AddCaptures(seeds);
  int different = 0;
  for (const auto& [name, payload] : seeds) {
    const std::filesystem::path file = corpus / name;
    if (IsSame(file, payload)) continue;
    ++different;
    if (is_check) {
      std::printf("%s: not what write_seeds writes\n", file.c_str());
      continue;
    }
    std::filesystem::create_directories(file.parent_path());
    std::ofstream out(file, std::ios::binary);
    for (const std::uint8_t byte : payload) out.put(static_cast<char>(byte));
  }
  std::printf("%zu seeds, %d %s\n", seeds.size(), different, is_check ? "different" : "written");
  return is_check && different != 0 ? 1 : 0;
}

}  // namespace
}  // namespace hostscope::fuzz

int main(int argc, char** argv) {
  const bool is_check = argc == 3 && std::strcmp(argv[1], "--check") == 0;
  if (argc != 2 && !is_check) {
    std::fprintf(stderr, "usage: write_seeds [--check] FOLDER\n");
    return 2;
  }
  return hostscope::fuzz::Main(argv[argc - 1], is_check);
}
