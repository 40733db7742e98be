#include "bench/shared_failures.hpp"

namespace signalbox::bench {

void SharedFailures::take(const ClientPool& pool) {
  if (pool.failed() == count_) return;
  if (count_ == 0) pool.errors().begin()->first.copy(reason_.data(), reason_.size() - 1);
  count_ = pool.failed();
}

}  // namespace signalbox::bench
