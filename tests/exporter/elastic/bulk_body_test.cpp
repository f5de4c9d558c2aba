#include "exporter/elastic/bulk_body.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "exporter/elastic/gzip.h"
#include "exporter/encoding/text_writer.h"

namespace hostscope::exporter {
namespace {

void Add(BulkBody& body, std::string_view id, std::string_view document) {
  body.End(PutText(body.Begin(id), document));
}

TEST(BulkBody, IsAnActionAndADocumentALine) {
  BulkBody body(1000, 100, 32);
  EXPECT_TRUE(body.empty());
  EXPECT_EQ(body.text(), "");
  Add(body, "a", "{\"n\":1}");
  Add(body, "bb", "{\"n\":22}");
  EXPECT_EQ(body.text(),
            "{\"create\":{\"_id\":\"a\"}}\n{\"n\":1}\n"
            "{\"create\":{\"_id\":\"bb\"}}\n{\"n\":22}\n");
  EXPECT_EQ(body.size(), body.text().size());
  EXPECT_EQ(body.documents(), 2U);
  EXPECT_EQ(body.id(0), "a");
  EXPECT_EQ(body.id(1), "bb");
  EXPECT_EQ(body.document(0), "{\"n\":1}");
  EXPECT_EQ(body.document(1), "{\"n\":22}");
  EXPECT_EQ(body.text(0), "");
  EXPECT_EQ(body.text(1), "{\"create\":{\"_id\":\"a\"}}\n{\"n\":1}\n");
  EXPECT_EQ(body.text(2), body.text());
}

TEST(BulkBody, NothingWrittenIsNoDocument) {
  BulkBody body(1000, 100, 32);
  body.End(body.Begin("a"));
  EXPECT_TRUE(body.empty());
  Add(body, "b", "{}");
  body.End(body.Begin("c"));
  EXPECT_EQ(body.text(), "{\"create\":{\"_id\":\"b\"}}\n{}\n");
}

TEST(BulkBody, KeepsAnyChoiceInOrder) {
  constexpr std::size_t kDocuments = 6;
  for (unsigned choice = 0; choice < 1U << kDocuments; ++choice) {
    BulkBody body(1000, 100, 32);
    std::string expected;
    std::vector<bool> keep(kDocuments);
    for (std::size_t i = 0; i < kDocuments; ++i) {
      const std::string id = std::string(i + 1, 'i');
      const std::string document = "{\"x\":\"" + std::string(7 * i % 5, 'd') + "\"}";
      Add(body, id, document);
      keep[i] = (choice >> i & 1U) != 0;
      if (keep[i]) expected += "{\"create\":{\"_id\":\"" + id + "\"}}\n" + document + "\n";
    }
    body.Keep(keep);
    EXPECT_EQ(body.text(), expected);
    Add(body, "after", "{}");
    EXPECT_EQ(body.document(body.documents() - 1), "{}");
  }
}

TEST(BulkBody, HasRoomForALongestDocumentUntilItIsFull) {
  constexpr std::size_t kCapacity = 300;
  BulkBody body(kCapacity, 100, 32);
  const std::string document = "{\"x\":\"" + std::string(92, 'd') + "\"}";
  ASSERT_EQ(document.size(), 100U);
  while (body.size() < kCapacity) Add(body, std::string(32, 'i'), document);
  EXPECT_EQ(body.document(body.documents() - 1), document);  // ASan sees what is beyond
  body.Clear();
  EXPECT_TRUE(body.empty());
}

std::string Unpacked(std::string_view packed) {
  z_stream z{};
  EXPECT_EQ(inflateInit2(&z, 15 + 16), Z_OK);
  std::string text(10'000'000, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  z.next_out = reinterpret_cast<Bytef*>(text.data());
  z.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
  text.resize(z.total_out);
  inflateEnd(&z);
  return text;
}

TEST(Gzip, WhatIsPackedCanBeUnpacked) {
  Gzip gzip;
  std::string text;
  unsigned random = 1;
  for (const std::size_t size : std::vector<std::size_t>{0, 1, 100, 70'000, 3'000'000, 5}) {
    text.clear();
    while (text.size() < size) text += static_cast<char>((random = random * 1664525 + 1013904223) >> 24);
    EXPECT_TRUE(Unpacked(gzip.Pack(text)) == text) << size;
  }
}

}  // namespace
}  // namespace hostscope::exporter
