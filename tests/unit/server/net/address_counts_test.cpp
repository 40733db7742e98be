#include "server/net/address_counts.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox {
namespace {

AddressKey key(const char* text) { return address_key(boost::asio::ip::make_address(text)); }

TEST(AddressKey, IsAnIpv4AddressAlsoWhereItComesMapped) {
  EXPECT_NE(key("192.0.2.1"), key("192.0.2.2"));
  EXPECT_NE(key("192.0.2.1"), key("1.2.0.192"));
  EXPECT_EQ(key("192.0.2.1"), key("::ffff:192.0.2.1"));
}

TEST(AddressKey, IsTheNetworkOfAnIpv6Address) {
  EXPECT_EQ(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  EXPECT_NE(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
  EXPECT_EQ(key("fe80::1%lo"), key("fe80::2"));
}

TEST(AddressKey, KeepsBothFamiliesApart) {
  EXPECT_NE(key("::1"), key("127.0.0.1"));
  EXPECT_NE(key("2001:db8::1"), key("32.1.13.184")) << "20:01:0d:b8";
}

TEST(AddressCounts, CountEachAddressByItself) {
  AddressCounts counts;
  EXPECT_TRUE(counts.add(key("192.0.2.1"), 2));
  EXPECT_TRUE(counts.add(key("192.0.2.1"), 2));
  EXPECT_FALSE(counts.add(key("192.0.2.1"), 2));
  EXPECT_TRUE(counts.add(key("192.0.2.2"), 2));
  counts.remove(key("192.0.2.1"));
  EXPECT_TRUE(counts.add(key("192.0.2.1"), 2)) << "a refusal has taken no place";
}

TEST(AddressCounts, CountWithoutALimit) {
  AddressCounts counts;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(counts.add(key("192.0.2.1"), 0));
  EXPECT_FALSE(counts.add(key("192.0.2.1"), 3)) << "a limit that is set later holds for those before it";
}

TEST(AddressCounts, ForgetAnAddressWithItsLastWebSocket) {
  AddressCounts counts;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    counts.add(AddressKey{i}, 0);
    counts.add(AddressKey{i}, 0);
  }
  EXPECT_EQ(counts.size(), 1000u);
  for (std::uint64_t i = 0; i < 1000; ++i) counts.remove(AddressKey{i});
  EXPECT_EQ(counts.size(), 1000u);
  for (std::uint64_t i = 0; i < 1000; ++i) counts.remove(AddressKey{i});
  EXPECT_EQ(counts.size(), 0u);
}

TEST(AddressCounts, HoldWhenManyThreadsComeAndGo) {
  constexpr std::uint64_t kMost = 3;
  constexpr std::size_t kAddresses = 2;
  AddressCounts counts;
  std::array<std::atomic<std::uint64_t>, kAddresses> held{};
  std::atomic<bool> exceeded{false};
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t i = 0; i < 5000; ++i) {
        const std::size_t address = (i + thread) % kAddresses;
        std::uint64_t mine = 0;
        for (; mine < 2 && counts.add(AddressKey{address}, kMost); ++mine) {
          if (held[address].fetch_add(1) >= kMost) exceeded = true;
        }
        for (; mine > 0; --mine) {
          held[address].fetch_sub(1);
          counts.remove(AddressKey{address});
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(exceeded);
  EXPECT_EQ(counts.size(), 0u);
}

}  // namespace
}  // namespace signalbox
