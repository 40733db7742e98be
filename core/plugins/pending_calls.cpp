#include "core/plugins/pending_calls.hpp"

#include <utility>

namespace signalbox {
namespace {

std::uint32_t index_of(std::uint64_t op) noexcept { return static_cast<std::uint32_t>(op); }
std::uint32_t use_of(std::uint64_t op) noexcept { return static_cast<std::uint32_t>(op >> 32); }

}  // namespace

void finish(Completion&& completion, const Status& status, Receivers receivers, bool exists) {
  if (auto* done = std::get_if<Done>(&completion)) {
    (*done)(status);
  } else if (auto* published = std::get_if<PublishDone>(&completion)) {
    (*published)(status, receivers);
  } else {
    std::get<ExistsDone>(completion)(status, exists);
  }
}

PendingCalls::Entry PendingCalls::put(Completion&& completion, errc if_overdue) {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.completion = std::move(completion);
  slot.if_overdue = if_overdue;
  slot.began = now_;
  slot.open = true;
  slot.inside.store(++slot.use, std::memory_order_relaxed);
  slot.newer = 0;
  slot.older = std::exchange(slots_.front().older, index);
  slots_[slot.older].newer = index;
  return {(std::uint64_t{slot.use} << 32) | index, &slot.inside};
}

void PendingCalls::returned(const Entry& entry) noexcept {
  std::uint32_t use = use_of(entry.op);
  entry.inside->compare_exchange_strong(use, 0, std::memory_order_relaxed);
}

Completion PendingCalls::close(std::uint32_t index) {
  Slot& slot = slots_[index];
  slot.open = false;
  slots_[slot.older].newer = slot.newer;
  slots_[slot.newer].older = slot.older;
  free_.push_back(index);
  return std::move(slot.completion);
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
  while (slots_.front().newer != 0) open.push_back(close(slots_.front().newer));
  return open;
}

std::vector<PendingCalls::Overdue> PendingCalls::take_overdue(std::uint32_t age) {
  std::vector<Overdue> overdue;
  const std::lock_guard lock(mutex_);
  ++now_;
  while (const std::uint32_t oldest = slots_.front().newer) {
    const Slot& slot = slots_[oldest];
    if (now_ - slot.began <= age) break;
    const bool inside = slot.inside.load(std::memory_order_relaxed) == slot.use;
    overdue.push_back({close(oldest), slot.if_overdue, inside});
  }
  return overdue;
}

}  // namespace signalbox
