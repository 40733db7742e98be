// The channels one subscriber connection is for: what is wanted, what the server has.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace signalbox::brokers {

/// What the server knows of a channel on the present link.
enum class Have : std::uint8_t { nothing, subscribing, subscribed, unsubscribing };

/// 8 bytes, as there is one for each user: with its map node and a name of up to 15 bytes a channel costs some 80 bytes.
struct ChannelState {
  std::uint32_t calls = 0;  ///< the open calls for it (call_list.hpp), 0: none
  std::uint16_t link = 0;   ///< which link `have` and `queued` speak of
  Have have = Have::nothing;
  bool want : 1 = false;
  bool queued : 1 = false;      ///< waits for a command
  bool recovering : 1 = false;  ///< must be confirmed before the broker is ready
  bool missed : 1 = false;      ///< was subscribed on a link that is gone
};
static_assert(sizeof(ChannelState) == 8);

/// A node of the table: stays where it is until it is erased.
using Channel = std::pair<const std::string, ChannelState>;

/// Losing a link costs nothing here: entries are brought up to date when they are next touched.
class ChannelTable {
 public:
  /// Channels that must be confirmed before the broker is ready.
  [[nodiscard]] std::size_t recovering() const noexcept { return recovering_; }

  /// nullptr if it is not there.
  Channel* find(const std::string& name);
  Channel& get(const std::string& name);
  void erase(const Channel& channel);

  void set_want(Channel& channel, bool want);
  void set_recovering(Channel& channel, bool recovering);

  /// The server has forgotten everything: all that is wanted is recovering.
  void new_link();
  /// Brings one channel up to date, as all else does that touches one.
  void refresh(Channel& channel) noexcept;

  /// Goes once over all channels, a slice at a time; new_link() and rewind() start it anew.
  void rewind() noexcept {
    part_ = cursor_ = buckets_ = 0;
    scanned_ = false;
  }
  [[nodiscard]] bool scanned() const noexcept { return scanned_; }
  /// Calls visit(Channel&) for each; visit must not insert or erase.
  template <class Visit>
  void for_each(Visit visit) {
    for (Map& part : parts_) {
      for (Channel& channel : part) {
        refresh(channel);
        visit(channel);
      }
    }
  }
  /// Calls visit(Channel&) for the next bucket; visit must not insert or erase.
  template <class Visit>
  void scan_bucket(Visit visit) {
    Map& part = parts_[part_];
    if (buckets_ != part.bucket_count()) {  // grown in between: those already seen are up to date and cost little
      buckets_ = part.bucket_count();
      cursor_ = 0;
    }
    for (auto entry = part.begin(cursor_); entry != part.end(cursor_); ++entry) {
      refresh(*entry);
      visit(*entry);
    }
    if (++cursor_ < buckets_) return;
    cursor_ = buckets_ = 0;
    scanned_ = ++part_ == kParts;
  }

 private:
  // Many small maps: one that grows goes through all its entries at once.
  static constexpr std::size_t kParts = 32;
  using Map = std::unordered_map<std::string, ChannelState>;

  Map& part_of(const std::string& name) noexcept;

  std::array<Map, kParts> parts_;
  std::size_t recovering_ = 0;
  std::size_t wanted_ = 0;
  std::uint16_t link_ = 0;  // wraps: by then every scan has touched every entry
  std::size_t part_ = 0;    // where the scan is
  std::size_t cursor_ = 0;
  std::size_t buckets_ = 0;
  bool scanned_ = false;
};

}  // namespace signalbox::brokers
