#include "core/plugins/pending_calls.hpp"

#include <algorithm>
#include <utility>

namespace signalbox {
namespace {

/// Slots looked at under one lock.
constexpr std::size_t kSlice = 4096;

std::uint32_t index_of(std::uint64_t op) noexcept { return static_cast<std::uint32_t>(op); }
std::uint32_t use_of(std::uint64_t op) noexcept { return static_cast<std::uint32_t>(op >> 32); }

}  // namespace

void finish(Completion completion, const Status& status, Receivers receivers, bool exists) {
  if (auto* done = std::get_if<Done>(&completion)) {
    (*done)(status);
  } else if (auto* published = std::get_if<PublishDone>(&completion)) {
    (*published)(status, receivers);
  } else {
    std::get<ExistsDone>(completion)(status, exists);
  }
}

std::uint64_t PendingCalls::put(Completion completion) {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.completion = std::move(completion);
  slot.began = now_;
  slot.open = true;
  slot.inside = true;
  return (std::uint64_t{++slot.use} << 32) | index;
}

void PendingCalls::returned(std::uint64_t op) {
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[index_of(op)];
  if (slot.use == use_of(op)) slot.inside = false;
}

Completion PendingCalls::close(std::uint32_t index) {
  slots_[index].open = false;
  free_.push_back(index);
  return std::move(slots_[index].completion);
}

bool PendingCalls::take(std::uint64_t op, Completion& completion) {
  const std::lock_guard lock(mutex_);
  const std::uint32_t index = index_of(op);
  if (index >= slots_.size() || !slots_[index].open || slots_[index].use != use_of(op)) return false;
  completion = close(index);
  return true;
}

std::vector<Completion> PendingCalls::take_all() {
  const std::lock_guard lock(mutex_);
  std::vector<Completion> open;
  for (std::uint32_t index = 0; index < slots_.size(); ++index) {
    if (slots_[index].open) open.push_back(close(index));
  }
  return open;
}

std::vector<PendingCalls::Overdue> PendingCalls::take_overdue(std::uint32_t age) {
  std::vector<Overdue> overdue;
  std::unique_lock lock(mutex_);
  ++now_;
  for (std::size_t begin = 0; begin < slots_.size() && free_.size() < slots_.size(); begin += kSlice) {
    const std::size_t end = std::min(begin + kSlice, slots_.size());
    for (std::size_t index = begin; index < end; ++index) {
      const Slot& slot = slots_[index];
      if (!slot.open || now_ - slot.began <= age) continue;
      const bool inside = slot.inside;
      overdue.push_back({close(static_cast<std::uint32_t>(index)), inside});
    }
    lock.unlock();  // whoever waits for it comes first
    lock.lock();
  }
  return overdue;
}

}  // namespace signalbox
