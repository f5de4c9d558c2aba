#include "exporter/store/window_id.h"

#include <gtest/gtest.h>

#include "tests/exporter/windows.h"

namespace hostscope::exporter {
namespace {

TEST(WindowId, NamesReadBack) {
  const WindowId id{TenSeconds(3), 2};
  EXPECT_EQ(FileNameOf(id), "1795467640000000000-10000000000-2.win");
  EXPECT_EQ(ParseFileName(FileNameOf(id)), id);
  const WindowId early{{ReceiveTime{-500}, 250}, 0};
  EXPECT_EQ(ParseFileName(FileNameOf(early)), early);
}

TEST(WindowId, OtherNamesAreNoWindows) {
  for (const char* name : {"", ".win", "1-2-3", "1-2-3.win.new", "01-2-3.win", "1-2-3.Win", "1--2-3.win",
                           "1-0-3.win", "1-2--3.win", "lost+found", "99999999999999999999-1-0.win"})
    EXPECT_FALSE(ParseFileName(name).has_value()) << name;
}

TEST(WindowId, OrderIsThatOfClosing) {
  const WindowId base{{ReceiveTime{50}, 10}, 0};
  const WindowId longer{{ReceiveTime{0}, 60}, 0};
  const WindowId next_part{{ReceiveTime{50}, 10}, 1};
  const WindowId next{{ReceiveTime{60}, 10}, 0};
  EXPECT_LT(base, next_part);
  EXPECT_LT(next_part, longer);
  EXPECT_LT(longer, next);
}

TEST(WindowId, IsDescribedForPeople) {
  EXPECT_EQ(Describe({TenSeconds(), 0}), "the window of 2026-11-23T21:00:10.000Z, 10 s");
  EXPECT_EQ(Describe({{ReceiveTime{0}, 500'000'000}, 0}), "the window of 1970-01-01T00:00:00.000Z, 0.5 s");
}

}  // namespace
}  // namespace hostscope::exporter
