#include "signalbox/unique_function.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

namespace signalbox {
namespace {

using Function = UniqueFunction<int(int)>;

static_assert(!std::is_copy_constructible_v<Function> && !std::is_copy_assignable_v<Function>);
static_assert(std::is_nothrow_move_constructible_v<Function> && std::is_nothrow_move_assignable_v<Function>);

/// Counts how many of its kind live, and how often one was destroyed while it still owned its token.
class Tracked {
 public:
  struct Counts {
    int alive = 0;
    int released = 0;
  };
  explicit Tracked(Counts& counts) : counts_(&counts), owner_(true) { ++counts_->alive; }
  Tracked(Tracked&& other) noexcept : counts_(other.counts_), owner_(std::exchange(other.owner_, false)) { ++counts_->alive; }
  Tracked& operator=(Tracked&&) = delete;
  ~Tracked() {
    --counts_->alive;
    if (owner_) ++counts_->released;
  }

 private:
  Counts* counts_;
  bool owner_;
};

/// A capture of N bytes beside the tracked one, so that the same test runs with and without an allocation.
template <std::size_t N>
auto tracked_callable(Tracked::Counts& counts) {
  return [tracked = Tracked(counts), padding = std::array<char, N>{}](int x) { return x + static_cast<int>(padding[0]); };
}

TEST(UniqueFunction, IsEmptyUntilItIsGivenACallable) {
  Function function;
  EXPECT_FALSE(function);
  function = [](int x) { return x * 2; };
  ASSERT_TRUE(function);
  EXPECT_EQ(function(21), 42);
}

TEST(UniqueFunction, MovesWhatIsAsGoodAsItsBytesAndWhatIsNot) {
  int base = 1;
  UniqueFunction<int()> plain = [&base, more = 2] { return base + more; };
  UniqueFunction<int()> text = [kept = std::string("long enough to stand elsewhere")] { return static_cast<int>(kept.size()); };
  UniqueFunction<int()> large = [numbers = std::array<int, 64>{7}] { return numbers[0]; };
  for (int i = 0; i < 3; ++i) {
    std::swap(plain, text);
    std::swap(text, large);
  }
  EXPECT_EQ(plain() + text() + large(), 3 + 30 + 7);
  large = {};
  EXPECT_FALSE(large);
}

TEST(UniqueFunction, HoldsWhatCannotBeCopied) {
  UniqueFunction<std::string()> function = [text = std::make_unique<std::string>("moved in")] { return *text; };
  UniqueFunction<std::string()> other = std::move(function);
  EXPECT_FALSE(function);  // NOLINT(bugprone-use-after-move): that it is empty is the promise
  EXPECT_EQ(other(), "moved in");
}

TEST(UniqueFunction, PassesMoveOnlyArgumentsOnAndReferencesThrough) {
  UniqueFunction<int(std::unique_ptr<int>, int&)> function = [](std::unique_ptr<int> value, int& count) {
    ++count;
    return *value;
  };
  int count = 0;
  EXPECT_EQ(function(std::make_unique<int>(7), count), 7);
  EXPECT_EQ(count, 1);
}

TEST(UniqueFunction, KeepsItsStateBetweenCalls) {
  UniqueFunction<int()> function = [n = 0]() mutable { return ++n; };
  EXPECT_EQ(function(), 1);
  UniqueFunction<int()> other = std::move(function);
  EXPECT_EQ(other(), 2);
}

template <class Padding>
class UniqueFunctionStorage : public testing::Test {};
using Sizes = testing::Types<std::integral_constant<std::size_t, 8>, std::integral_constant<std::size_t, 500>>;
TYPED_TEST_SUITE(UniqueFunctionStorage, Sizes);

TYPED_TEST(UniqueFunctionStorage, DestroysItsCallableOnce) {
  Tracked::Counts counts;
  {
    Function function = tracked_callable<TypeParam::value>(counts);
    EXPECT_EQ(function(5), 5);
    EXPECT_EQ(counts.alive, 1);
  }
  EXPECT_EQ(counts.alive, 0);
  EXPECT_EQ(counts.released, 1);
}

TYPED_TEST(UniqueFunctionStorage, DestroysItsCallableOnceAfterMoves) {
  Tracked::Counts counts;
  {
    Function first = tracked_callable<TypeParam::value>(counts);
    Function second = std::move(first);
    Function third;
    third = std::move(second);
    EXPECT_EQ(third(6), 6);
    EXPECT_EQ(counts.alive, 1);
  }
  EXPECT_EQ(counts.alive, 0);
  EXPECT_EQ(counts.released, 1);
}

TYPED_TEST(UniqueFunctionStorage, DestroysTheOldCallableWhenANewOneIsAssigned) {
  Tracked::Counts old_counts;
  Tracked::Counts new_counts;
  Function function = tracked_callable<TypeParam::value>(old_counts);
  function = tracked_callable<TypeParam::value>(new_counts);
  EXPECT_EQ(old_counts.released, 1);
  EXPECT_EQ(new_counts.alive, 1);
  EXPECT_EQ(new_counts.released, 0);
}

TYPED_TEST(UniqueFunctionStorage, SurvivesAMoveToItself) {
  Tracked::Counts counts;
  Function function = tracked_callable<TypeParam::value>(counts);
  Function& same = function;
  function = std::move(same);
  ASSERT_TRUE(function);
  EXPECT_EQ(function(3), 3);
  EXPECT_EQ(counts.alive, 1);
}

TEST(UniqueFunction, AllocatesForACallableWhoseMoveMayThrow) {
  struct Throwing {
    int value;
    explicit Throwing(int v) : value(v) {}
    Throwing(Throwing&& other) noexcept(false) : value(other.value) {}
    int operator()(int x) const { return value + x; }
  };
  Function function = Throwing(1);
  Function other = std::move(function);  // moves the pointer, so nothing can throw
  EXPECT_EQ(other(1), 2);
}

TEST(UniqueFunction, AlignsACallableThatAsksForMore) {
  struct alignas(64) Wide {
    char bytes[8] = {};
    int operator()(int) const { return static_cast<int>(reinterpret_cast<std::uintptr_t>(this) % 64); }
  };
  Function function = Wide{};
  EXPECT_EQ(function(0), 0);
}

TEST(UniqueFunction, LetsAnExceptionOut) {
  UniqueFunction<void()> function = [] { throw 7; };
  EXPECT_THROW(function(), int);
  EXPECT_TRUE(function);
}

}  // namespace
}  // namespace signalbox
