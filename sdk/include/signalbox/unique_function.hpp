// A callable that is moved, never copied, and called at most a few times: what completions are made of.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace signalbox {

template <class Signature>
class UniqueFunction;

/// Holds any callable, also one that can't be copied (std::function would demand a copy constructor; C++23's
/// std::move_only_function is not in this standard). Callables up to 48 bytes that move without throwing need no allocation.
///
/// Threading: as the callable's; one object is used by one thread at a time.
template <class Result, class... Args>
class UniqueFunction<Result(Args...)> {
 public:
  UniqueFunction() noexcept = default;

  template <class Callable, class = std::enable_if_t<!std::is_same_v<std::decay_t<Callable>, UniqueFunction>>>
  // NOLINTNEXTLINE(google-explicit-constructor): a lambda is passed where a completion is asked for
  UniqueFunction(Callable&& callable) : operations_(&Operations::template of<std::decay_t<Callable>>()) {
    using Stored = std::decay_t<Callable>;
    if constexpr (fits<Stored>()) {
      ::new (static_cast<void*>(storage_)) Stored(std::forward<Callable>(callable));
    } else {
      ::new (static_cast<void*>(storage_)) Stored*(new Stored(std::forward<Callable>(callable)));
    }
  }

  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  UniqueFunction(const UniqueFunction&) = delete;
  UniqueFunction& operator=(const UniqueFunction&) = delete;
  ~UniqueFunction() { reset(); }

  explicit operator bool() const noexcept { return operations_ != nullptr; }

  Result operator()(Args... args) {
    assert(operations_ && "called an empty UniqueFunction");
    return operations_->call(storage_, std::forward<Args>(args)...);
  }

 private:
  static constexpr std::size_t kInlineBytes = 48;

  template <class Stored>
  static constexpr bool fits() {
    return sizeof(Stored) <= kInlineBytes && alignof(Stored) <= alignof(std::max_align_t) &&
           std::is_nothrow_move_constructible_v<Stored>;
  }

  /// As good as its bytes: what is captured by reference or is a number, and what stands elsewhere.
  template <class Stored>
  static constexpr bool moves_as_bytes() {
    return !fits<Stored>() || std::is_trivially_copyable_v<Stored>;
  }

  struct Operations {
    Result (*call)(void* storage, Args&&... args);
    void (*move)(void* from, void* to) noexcept;  // nullptr: its bytes are copied
    void (*destroy)(void* storage) noexcept;      // nullptr: nothing to be done

    template <class Stored>
    static Stored& get(void* storage) noexcept {
      if constexpr (fits<Stored>()) {
        return *std::launder(static_cast<Stored*>(storage));
      } else {
        return **std::launder(static_cast<Stored**>(storage));
      }
    }

    template <class Stored>
    static Result call_stored(void* storage, Args&&... args) {
      return get<Stored>(storage)(std::forward<Args>(args)...);
    }
    template <class Stored>
    static void move_stored(void* from, void* to) noexcept {
      ::new (to) Stored(std::move(get<Stored>(from)));
      get<Stored>(from).~Stored();
    }
    template <class Stored>
    static void destroy_stored(void* storage) noexcept {
      if constexpr (fits<Stored>()) {
        get<Stored>(storage).~Stored();
      } else {
        delete &get<Stored>(storage);
      }
    }

    template <class Stored>
    static const Operations& of() noexcept {
      static constexpr Operations table = [] {
        Operations operations{&call_stored<Stored>, nullptr, nullptr};
        if constexpr (!moves_as_bytes<Stored>()) operations.move = &move_stored<Stored>;
        if constexpr (!fits<Stored>() || !std::is_trivially_destructible_v<Stored>)
          operations.destroy = &destroy_stored<Stored>;
        return operations;
      }();
      return table;
    }
  };

  void take(UniqueFunction& other) noexcept {
    operations_ = std::exchange(other.operations_, nullptr);
    if (!operations_) return;
    if (operations_->move) {
      operations_->move(other.storage_, storage_);
    } else {
      std::memcpy(storage_, other.storage_, kInlineBytes);
    }
  }
  void reset() noexcept {
    if (const Operations* operations = std::exchange(operations_, nullptr); operations && operations->destroy) {
      operations->destroy(storage_);
    }
  }

  const Operations* operations_ = nullptr;
  alignas(std::max_align_t) std::byte storage_[kInlineBytes] = {};  // all of it is copied, also what a small callable leaves
};

}  // namespace signalbox
