// What a sanitizer is not to report of libraries that are not instrumented, a reason a line. Compiled into the executables that
// load them: the environment's options stay free.

extern "C" {

__attribute__((visibility("default"))) const char* __tsan_default_suppressions();

const char* __tsan_default_suppressions() {
  return
      // OpenSSL's own exit handler frees a lock that nats.c's threads used before; they stand idle then, and nobody joins them.
      "race:CRYPTO_THREAD_lock_free\n";
}
}
