#include "exporter/context/context_file.h"

#include <gmock/gmock.h>

#include "exporter/encoding/address_text.h"

namespace hostscope::context {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Found(const FileContext& context, const char* host) {
  Attributes found;
  context.Find(Prefix::Of(*exporter::ParseAddress(host)), found);
  return JsonOf(found);
}

std::vector<std::string> Csv(std::string_view text, FileContext& context, const Limits& limits = {}) {
  return ParseCsv("c.csv", text, limits, context);
}
std::vector<std::string> Json(std::string_view text, FileContext& context, const Limits& limits = {}) {
  return ParseJson("c.json", text, limits, context);
}

TEST(ContextFile, CsvHasQuotedFieldsAndLineEndsOfAnyKind) {
  FileContext context;
  EXPECT_THAT(
      Csv("prefix,name,admin\r\n10.0.0.1,\"a, \"\"b\"\"\nc\",\r\n\n2001:db8::/32,v6,eve\n10.0.0.2,last,",
          context),
      IsEmpty());
  EXPECT_EQ(Found(context, "10.0.0.1"), R"({"name":"a, \"b\"\nc"})");
  EXPECT_EQ(Found(context, "2001:db8::5"), R"({"admin":"eve","name":"v6"})");
  EXPECT_EQ(Found(context, "10.0.0.2"), R"({"name":"last"})");
  EXPECT_EQ(Found(context, "10.0.0.3"), "{}");
  EXPECT_EQ(context.size(), 3U);
}

TEST(ContextFile, CsvMayBeginWithAByteOrderMark) {
  FileContext context;
  EXPECT_THAT(Csv("\xef\xbb\xbfprefix,name\r\n10.0.0.1,pc\r\n", context), IsEmpty());
  EXPECT_EQ(Found(context, "10.0.0.1"), R"({"name":"pc"})");
}

TEST(ContextFile, TheLongestPrefixCountsForEachAttribute) {
  FileContext context;
  EXPECT_THAT(
      Csv("prefix,name,admin,site\n0.0.0.0/0,any,nobody,earth\n10.0.0.0/8,ten,,brno\n10.1.0.0/16,,carl,\n"
          "10.1.2.3,pc,,\n::/0,six,,\n",
          context),
      IsEmpty());
  EXPECT_EQ(Found(context, "10.1.2.3"), R"({"admin":"carl","name":"pc","site":"brno"})");
  EXPECT_EQ(Found(context, "10.1.9.9"), R"({"admin":"carl","name":"ten","site":"brno"})");
  EXPECT_EQ(Found(context, "11.0.0.1"), R"({"admin":"nobody","name":"any","site":"earth"})");
  // The other family has IPv4 in its middle, but is not around it.
  EXPECT_EQ(Found(context, "2001:db8::1"), R"({"name":"six"})");
}

TEST(ContextFile, JsonSaysTheSame) {
  FileContext context;
  EXPECT_THAT(Json(R"([{"name":"pc","prefix":"10.1.2.3"},
 {"prefix":"10.0.0.0/8","name":"ten","tag.x":"caf\u00e9"}])",
                   context),
              IsEmpty());
  EXPECT_EQ(Found(context, "10.1.2.3"), R"({"name":"pc","tag.x":"café"})");
}

TEST(ContextFile, ProblemsNameFileLineValueAndWhatIsAllowed) {
  FileContext context;
  EXPECT_THAT(
      Csv("prefix,name\n10.0.0.0/8,ten\n10.1.2.3/8,x\nhere,y\n10.0.0.1\n10.0.0.0/8,again\n", context),
      ElementsAre(
          "c.csv:3: prefix '10.1.2.3/8' can't be read; an address, or a prefix without bits beyond its "
          "length",
          HasSubstr("c.csv:4: prefix 'here'"), "c.csv:5: 1 fields; 2 as in the first line",
          HasSubstr("c.csv:6: name 'again' of 10.0.0.0/8 is said already")));
  for (const char* text : {"", "\n\n", "name,prefix\n", "prefix,a b\n", "prefix,a,a\n", "prefix,prefix\n"}) {
    FileContext other;
    EXPECT_THAT(Csv(text, other), SizeIs(1)) << text;
  }
  FileContext open;
  EXPECT_THAT(Csv("prefix,name\n10.0.0.1,\"open\n", open),
              ElementsAre(HasSubstr("c.csv:2: a quotation mark")));
  FileContext bytes;
  EXPECT_THAT(Csv("prefix,name\n10.0.0.1,\xff\xfe\n", bytes), ElementsAre(HasSubstr("is not UTF-8")));
}

TEST(ContextFile, ProblemsOfJsonHaveTheirLines) {
  const auto problems = [](std::string_view text) {
    FileContext context;
    return Json(text, context);
  };
  EXPECT_THAT(problems("[\n{\"prefix\":\"10.0.0.1\",\"name\":\"x\"},\n\n{\"prefix\":\"ten\"}]"),
              ElementsAre(HasSubstr("c.json:4: prefix 'ten'")));
  EXPECT_THAT(problems("[\n{\"prefix\":\"10.0.0.1\",\"name\":5},\n{\"name\":\"x\"}]"),
              ElementsAre(HasSubstr("c.json:2: attribute 'name' is no text"),
                          HasSubstr("c.json:3: an object has no")));
  for (const char* text :
       {"", "{}", "5", "[", "[{}", "[5]", "[{\"prefix\":\"10.0.0.1\",\"name\":\"x\"}] x",
        "[{\"prefix\":\"10.0.0.1\",\"name\":\"x}]", "[{\"prefix\":\"10.0.0.1\",\"name\" \"x\"}]"}) {
    EXPECT_THAT(problems(text), SizeIs(1)) << text;
  }
}

TEST(ContextFile, LimitsHold) {
  FileContext hosts;
  Limits limits;
  limits.hosts = 2;
  EXPECT_THAT(Csv("prefix,name\n10.0.0.1,a\n10.0.0.2,b\n10.0.0.3,c\n", hosts, limits),
              ElementsAre(HasSubstr("c.csv:4: name 'c' of 10.0.0.3/32 is one host or prefix more than 2")));
  EXPECT_EQ(hosts.size(), 2U);
  FileContext attributes;
  limits = {};
  limits.attributes = 1;
  EXPECT_THAT(Csv("prefix,a,b\n10.0.0.1,x,y\n", attributes, limits),
              ElementsAre(HasSubstr("one attribute more than 1")));
  FileContext values;
  limits = {};
  limits.value_bytes = 3;
  EXPECT_THAT(Csv("prefix,a\n10.0.0.1,four\n10.0.0.2,abc\n", values, limits),
              ElementsAre(HasSubstr("longer than 3 bytes")));
  FileContext bytes;
  limits = {};
  limits.bytes = 1000;
  EXPECT_THAT(Csv("prefix,a\n10.0.0.1,x\n10.0.0.2,x\n10.0.0.3,x\n", bytes, limits),
              ElementsAre(HasSubstr("would need more than 1000 bytes")));
  EXPECT_LE(bytes.bytes(), 1000U);
  // A file of nothing but mistakes does not fill the log.
  std::string many = "prefix,a\n";
  for (int i = 0; i < 1000; ++i) many += "x,y\n";
  FileContext wrong;
  EXPECT_THAT(Csv(many, wrong), SizeIs(kMaxProblems));
}

TEST(ContextFile, OneThatIsNotThereIsSaid) {
  FileContext context;
  EXPECT_THAT(ReadContextFile("/nowhere/c.csv", {}, context),
              ElementsAre(HasSubstr("/nowhere/c.csv: can't be read: No such")));
  EXPECT_THAT(ReadContextFile("/tmp", {}, context), SizeIs(1));
}

TEST(FileContext, EntriesInsideAPrefix) {
  FileContext context;
  EXPECT_THAT(Csv("prefix,name\n0.0.0.0/0,any\n10.0.0.0/8,ten\n10.1.0.0/"
                  "16,part\n10.1.2.3,pc\n11.0.0.1,other\n2001:db8::1,six\n",
                  context),
              IsEmpty());
  const auto inside = [&](const char* prefix) {
    std::vector<std::string> names;
    context.ForEach(*exporter::ParsePrefix(prefix),
                    [&](const Prefix&, const auto& texts) { names.push_back(texts.at("name")); });
    return names;
  };
  EXPECT_THAT(inside("10.0.0.0/8"), ElementsAre("pc", "part", "ten"));
  EXPECT_THAT(inside("10.1.2.0/24"), ElementsAre("pc"));
  EXPECT_THAT(inside("::/0"), ElementsAre("six"));
  EXPECT_THAT(inside("0.0.0.0/0"), ElementsAre("pc", "other", "part", "ten", "any"));
}

}  // namespace
}  // namespace hostscope::context
