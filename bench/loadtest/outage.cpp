#include "bench/loadtest/outage.hpp"

#include <cassert>
#include <csignal>
#include <utility>

namespace signalbox::bench {

Outage::Outage(Fault fault, Group& group) : fault_(std::move(fault)), group_(group), begin_(Clock::now()) {
  if (fault_.kind == Fault::Kind::restart_broker) {
    group_.broker_server()->kill();
    group_.broker_server()->launch();
    return;
  }
  stopped_ = fault_.kind == Fault::Kind::pause_broker ? group_.broker_server()->pid() : group_.pids().front();
  assert(stopped_ > 0);  // -1 is everybody
  kill(stopped_, SIGSTOP);
}

Outage::~Outage() {
  if (stopped_ > 0) kill(stopped_, SIGCONT);
}

bool Outage::over() {
  if (fault_.kind == Fault::Kind::restart_broker) return group_.broker_server()->answers();
  if (Clock::now() < begin_ + fault_.length) return false;
  if (stopped_ > 0) kill(stopped_, SIGCONT);
  stopped_ = 0;
  return true;
}

}  // namespace signalbox::bench
