#include "dataplane/port_sizes.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace hostscope::dataplane {
namespace {

PortConfig WithMtu(std::uint16_t mtu) {
  PortConfig config;
  config.device = "net_af_packet0,iface=eth1";
  config.mtu = mtu;
  return config;
}

TEST(PortSizesTest, AFrameLiesInOneBuffer) {
  constexpr std::uint16_t kHeadroom = 128;
  EXPECT_EQ(BufferRoom(WithMtu(1500)), kHeadroom + 2048);
  EXPECT_EQ(BufferRoom(WithMtu(2022)), kHeadroom + 2048) << "with two tags and a CRC it just fits";
  EXPECT_EQ(BufferRoom(WithMtu(9000)), kHeadroom + 12288) << "a place in the kernel's ring";
  PortConfig nic = WithMtu(2023);
  nic.device = "0000:3b:00.0";
  EXPECT_EQ(BufferRoom(nic), kHeadroom + 3072);
  nic.mtu = 9000;
  EXPECT_EQ(BufferRoom(nic), kHeadroom + 9216);
}

TEST(PortSizesTest, BuffersAreEnoughForTheDescriptors) {
  PortConfig config = WithMtu(1500);
  const std::uint32_t by_default = BufferCount(config);
  config.rx_descriptors = kRxDescriptors;
  EXPECT_EQ(BufferCount(config), by_default);
  config.rx_descriptors = 8192;
  EXPECT_GE(BufferCount(config), 2U * 8192);
  EXPECT_GT(BufferMib(config), BufferMib(WithMtu(1500)));
  config.buffers = 1000;
  EXPECT_EQ(BufferCount(config), 1000U);
}

TEST(PortSizesTest, ProblemsNameTheKeyItsValueAndTheLimit) {
  constexpr RingLimits kNic{32, 4096, 8};
  PortConfig config = WithMtu(1500);
  EXPECT_EQ(DescriptorProblem(config, kNic), "") << "what is not configured is brought within the limits";
  for (const std::uint16_t fits : std::initializer_list<std::uint16_t>{32, 40, 4096}) {
    config.rx_descriptors = fits;
    EXPECT_EQ(DescriptorProblem(config, kNic), "");
  }
  for (const std::uint16_t wrong : std::initializer_list<std::uint16_t>{24, 36, 4104}) {
    config.rx_descriptors = wrong;
    EXPECT_EQ(DescriptorProblem(config, kNic),
              "rx_descriptors is " + std::to_string(wrong) + "; the device takes 32 to 4096, in steps of 8");
  }
  EXPECT_EQ(DescriptorProblem(config, {0, 65535, 0}), "") << "as virtual devices have it";

  const std::uint32_t least = 4096 + 2 * kBufferCache;
  config.buffers = least;
  EXPECT_EQ(BufferProblem(config, 4096), "");
  config.buffers = least - 1;
  EXPECT_EQ(BufferProblem(config, 4096), "buffers is " + std::to_string(least - 1) +
                                             "; rx_descriptors needs at least " + std::to_string(least));
}

TEST(PortSizesTest, ThePacketRingOfTheKernelHasRoomForLongFrames) {
  EXPECT_EQ(DeviceArguments(WithMtu(1500)), "net_af_packet0,iface=eth1");
  EXPECT_EQ(DeviceArguments(WithMtu(9000)), "net_af_packet0,iface=eth1,framesz=12288,blocksz=12288");
  PortConfig own = WithMtu(9000);
  own.device += ",framesz=16384,blocksz=16384";
  EXPECT_EQ(DeviceArguments(own), own.device) << "who says it knows";
  own.device = "net_af_xdp0,iface=eth1";
  EXPECT_EQ(DeviceArguments(own), own.device);
}

TEST(PortSizesTest, FindsTheInterfaceOfTheKernel) {
  EXPECT_EQ(KernelInterface("net_af_packet0,iface=eth1"), "eth1");
  EXPECT_EQ(KernelInterface("net_af_xdp0,iface=eth1,start_queue=2"), "eth1");
  EXPECT_EQ(KernelInterface("net_tap0,iface=made"), "") << "DPDK makes it";
  EXPECT_EQ(KernelInterface("0000:3b:00.0"), "");
}

}  // namespace
}  // namespace hostscope::dataplane
