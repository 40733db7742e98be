#include "server/clients/message_forms.hpp"

#include <string>

#include <gtest/gtest.h>

namespace signalbox {
namespace {

constexpr std::uint8_t kCompressedText = 0xC1;

std::uint8_t first_byte(const Frame::Ptr& frame) { return static_cast<std::uint8_t>(frame->wire()[0]); }

TEST(MessageForms, AreMadeOnceEach) {
  MessageDeflate deflate;
  const Frame::Ptr plain = Frame::message("alice", std::string(1000, 'a'), true);
  MessageForms forms(plain, &deflate);
  EXPECT_EQ(forms.form(Mode::plain, 0), plain);
  const Frame::Ptr envelope = forms.form(Mode::envelope, 0);
  const Frame::Ptr plain_deflated = forms.form(Mode::plain, 15);
  const Frame::Ptr envelope_deflated = forms.form(Mode::envelope, 12);
  EXPECT_EQ(envelope->payload(), message_text(plain->payload(), true));
  EXPECT_EQ(first_byte(plain_deflated), kCompressedText);
  EXPECT_EQ(first_byte(envelope_deflated), kCompressedText);
  EXPECT_LT(plain_deflated->wire().size(), 50u);
  EXPECT_NE(plain_deflated->payload(), envelope_deflated->payload());
  EXPECT_EQ(forms.form(Mode::envelope, 0), envelope);
  EXPECT_EQ(forms.form(Mode::plain, 12), plain_deflated);
  EXPECT_EQ(forms.form(Mode::envelope, 15), envelope_deflated);
}

TEST(MessageForms, KeepTheOpcode) {
  MessageDeflate deflate;
  const Frame::Ptr plain = Frame::message("alice", std::string(1000, '\xFF'), false);
  MessageForms forms(plain, &deflate);
  EXPECT_EQ(first_byte(forms.form(Mode::plain, 15)), 0xC2);
  EXPECT_EQ(first_byte(forms.form(Mode::envelope, 15)), kCompressedText);
}

TEST(MessageForms, AreDeflatedOnlyWhereItPays) {
  MessageDeflate deflate;
  for (const std::size_t size : {std::size_t{0}, MessageDeflate::kWorthwhile - 1}) {
    const Frame::Ptr small = Frame::message("alice", std::string(size, 'a'), true);
    EXPECT_EQ(MessageForms(small, &deflate).form(Mode::plain, 15), small) << size;
  }
  std::string noise;
  for (unsigned i = 0, x = 1; i < 1000; ++i, x = x * 1664525 + 1013904223) noise += static_cast<char>(x >> 24);
  const Frame::Ptr random = Frame::message("alice", noise, false);
  EXPECT_EQ(MessageForms(random, &deflate).form(Mode::plain, 15), random);
}

TEST(MessageForms, AreNotDeflatedForAWindowThatIsTooSmall) {
  MessageDeflate deflate;
  for (unsigned bits = 8; bits <= 15; ++bits) {
    for (const std::size_t size : {256u, 257u, 512u, 513u, 2048u, 2049u, 4097u, 40'000u}) {
      const Frame::Ptr plain = Frame::message("alice", std::string(size, 'a'), true);
      const bool fits = bits >= MessageDeflate::kWindowBits || size <= (1u << bits);
      EXPECT_EQ(first_byte(MessageForms(plain, &deflate).form(Mode::plain, bits)) == kCompressedText, fits)
          << bits << " bits, " << size << " bytes";
    }
  }
}

}  // namespace
}  // namespace signalbox
