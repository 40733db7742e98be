// A queue that allocates nothing while it is in use.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include <boost/circular_buffer.hpp>

namespace signalbox::brokers {

/// First in, first out, in one block that grows with the queue. A std::deque allocates a block for every few hundred bytes that
/// pass through it.
template <class Item>
class Fifo {
 public:
  /// A block for more goes back when the queue is empty.
  static constexpr std::size_t kKeptItems = 16 * 1024;

  [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  [[nodiscard]] Item& front() { return items_.front(); }
  [[nodiscard]] Item& operator[](std::size_t place) { return items_[place]; }
  [[nodiscard]] auto begin() noexcept { return items_.begin(); }
  [[nodiscard]] auto end() noexcept { return items_.end(); }
  [[nodiscard]] auto begin() const noexcept { return items_.begin(); }
  [[nodiscard]] auto end() const noexcept { return items_.end(); }

  void push_back(Item&& item) {
    if (items_.full()) items_.set_capacity(std::max(kFirstItems, 2 * items_.capacity()));
    items_.push_back(std::move(item));
  }
  void pop_front() {
    items_.pop_front();
    if (items_.empty() && items_.capacity() > kKeptItems) items_.set_capacity(0);
  }

 private:
  static constexpr std::size_t kFirstItems = 64;

  boost::circular_buffer<Item> items_;
};

}  // namespace signalbox::brokers
