// What the fuzz targets share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <string_view>

namespace signalbox::fuzz {

/// Ends the process where an invariant is broken: a finding.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "broken: " << what << '\n';
  std::abort();
}

/// A copy in an allocation of exactly its size, so that the sanitizer sees a read past its end.
class Exact {
 public:
  explicit Exact(std::string_view bytes) : bytes_(new char[bytes.size()]), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), bytes_.get());
  }
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.get(), size_}; }
  [[nodiscard]] char* data() noexcept { return bytes_.get(); }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

/// An input's first five bytes, which may be printable, and the stream behind them.
struct Input {
  static constexpr std::size_t kParameters = 5;

  Input(const std::uint8_t* data, std::size_t size) {
    if (size < kParameters) return;
    flags = data[0];
    for (std::size_t i = 1; i < kParameters; ++i) seed = seed << 8 | data[i];
    stream = {reinterpret_cast<const char*>(data) + kParameters, size - kParameters};
  }

  std::uint8_t flags = 0;
  std::uint32_t seed = 0;
  std::string_view stream;
};

/// Cuts a stream into pieces, some hundreds at most: often of a few bytes, sometimes of one each.
class Cuts {
 public:
  Cuts(std::string_view stream, std::uint32_t seed)
      : rest_(stream), random_(seed), span_(1 + seed % 64), least_(1 + stream.size() / 256) {}

  [[nodiscard]] bool done() const noexcept { return rest_.empty(); }
  std::string_view next() {
    const std::size_t count = std::min<std::size_t>(least_ + random_() % span_, rest_.size());
    const std::string_view piece = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return piece;
  }

 private:
  std::string_view rest_;
  std::minstd_rand random_;
  std::uint32_t span_;
  std::size_t least_;
};

}  // namespace signalbox::fuzz
