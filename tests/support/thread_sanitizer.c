// What every executable has in a build for ThreadSanitizer (cmake/Signalbox.cmake): the one list of suppressions, and C11's
// threads, mutexes and condition variables by the POSIX ones. ThreadSanitizer knows only those: a thread that the C library's
// thrd_create() has begun crashes it at its first report, and librdkafka begins its threads so. In glibc the types are the same
// underneath.
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

#define EXPORTED __attribute__((visibility("default")))

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "mtx_t holds a pthread_mutex_t");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "cnd_t holds a pthread_cond_t");
_Static_assert(sizeof(thrd_t) == sizeof(pthread_t), "thrd_t is a pthread_t");

/// A reason a line. Reports in which none of these is a frame are told.
EXPORTED const char* __tsan_default_suppressions(void);
const char* __tsan_default_suppressions(void) {
  return "race:librdkafka.so\n"  // not instrumented: its reference counts are not seen, so what it frees looks like a race
         "race:CRYPTO_THREAD_lock_free\n";  // OpenSSL's exit handler: nats.c's threads stand idle then, and nobody joins them
}

struct start {
  thrd_start_t function;
  void* argument;
};

static void* run(void* pointer) {
  const struct start start = *(struct start*)pointer;
  free(pointer);
  return (void*)(intptr_t)start.function(start.argument);
}

static int result(int error) {
  switch (error) {
    case 0: return thrd_success;
    case EBUSY: return thrd_busy;
    case ETIMEDOUT: return thrd_timedout;
    case ENOMEM: return thrd_nomem;
    default: return thrd_error;
  }
}

EXPORTED int thrd_create(thrd_t* thread, thrd_start_t function, void* argument) {
  struct start* start = malloc(sizeof *start);
  if (!start) return thrd_nomem;
  *start = (struct start){function, argument};
  const int error = pthread_create(thread, NULL, run, start);
  if (error) free(start);
  return result(error);
}

EXPORTED int thrd_join(thrd_t thread, int* value) {
  void* returned = NULL;
  const int error = pthread_join(thread, &returned);
  if (!error && value) *value = (int)(intptr_t)returned;
  return result(error);
}

EXPORTED int mtx_init(mtx_t* mutex, int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if (type & mtx_recursive) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  const int error = pthread_mutex_init((pthread_mutex_t*)mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
  return result(error);
}
EXPORTED void mtx_destroy(mtx_t* mutex) { pthread_mutex_destroy((pthread_mutex_t*)mutex); }
EXPORTED int mtx_lock(mtx_t* mutex) { return result(pthread_mutex_lock((pthread_mutex_t*)mutex)); }
EXPORTED int mtx_unlock(mtx_t* mutex) { return result(pthread_mutex_unlock((pthread_mutex_t*)mutex)); }

EXPORTED int cnd_init(cnd_t* condition) { return result(pthread_cond_init((pthread_cond_t*)condition, NULL)); }
EXPORTED void cnd_destroy(cnd_t* condition) { pthread_cond_destroy((pthread_cond_t*)condition); }
EXPORTED int cnd_signal(cnd_t* condition) { return result(pthread_cond_signal((pthread_cond_t*)condition)); }
EXPORTED int cnd_broadcast(cnd_t* condition) { return result(pthread_cond_broadcast((pthread_cond_t*)condition)); }
EXPORTED int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  return result(pthread_cond_wait((pthread_cond_t*)condition, (pthread_mutex_t*)mutex));
}
EXPORTED int cnd_timedwait(cnd_t* restrict condition, mtx_t* restrict mutex, const struct timespec* restrict until) {
  return result(pthread_cond_timedwait((pthread_cond_t*)condition, (pthread_mutex_t*)mutex, until));
}
