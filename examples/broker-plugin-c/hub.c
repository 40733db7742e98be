/* A complete broker plugin in C11: the brokers of one process see each other, like signalbox's own memory broker.
 *
 * The verbs take effect under a lock, at once, and put what has to be told into the queues of those whom it concerns; each
 * broker has a thread of its own that takes it out and calls the host. So no callback comes inside the calling stack, none
 * comes under the lock, and per channel messages and completions come in the order in which the calls took effect.
 *
 * What each verb promises stands in <signalbox/broker.hpp>, the rules of this boundary in <signalbox/plugin.h>.
 */
#define _POSIX_C_SOURCE 200809L /* clock_gettime, in strict C11 too */

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <signalbox/plugin.h>

enum { CHANNEL_BYTES = 768, BUCKETS = 4096, PAYLOAD_BYTES = 16 * 1024 * 1024 };

/* One thing to tell the host: the outcome of a call (op), or a message of `channel`. Bytes: the channel, then the payload. */
struct event {
  struct event* next;
  uint64_t op; /* 0: a message */
  signalbox_result result;
  size_t channel_size;
  size_t payload_size;
  char bytes[];
};

/* A channel that one broker wants, in the chain of its bucket. */
struct subscription {
  struct subscription* next;
  struct hub* hub;
  size_t size;
  char channel[];
};

/* One broker. */
struct hub {
  signalbox_broker table;
  const signalbox_host* host;
  size_t queue_limit; /* bytes of messages that may wait */
  pthread_t thread;
  bool started;

  /* Under the lock: */
  pthread_cond_t wake;
  struct event* first;
  struct event** last;
  size_t waiting_bytes;
  bool stopping;
  struct timespec deadline; /* of stop(): what waits then is not delivered any more */
};

/* One lock for all brokers of the process: the table of subscriptions, and their queues. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct subscription* buckets[BUCKETS];

/* Every op has to be completed, so this is where running out of memory ends. */
static void* allocate(size_t size) {
  void* memory = calloc(1, size);
  if (!memory) abort();
  return memory;
}

static signalbox_view view(const char* text) { return (signalbox_view){text, strlen(text)}; }

/* ---- the subscriptions, under the lock ---- */

/* FNV-1a. */
static struct subscription** bucket_of(signalbox_view channel) {
  uint64_t hash = 14695981039346656037U;
  for (size_t i = 0; i < channel.size; ++i) hash = (hash ^ (unsigned char)channel.data[i]) * 1099511628211U;
  return &buckets[hash % BUCKETS];
}

static bool is_of(const struct subscription* subscription, signalbox_view channel) {
  return subscription->size == channel.size && memcmp(subscription->channel, channel.data, channel.size) == 0;
}

/* The link that points to the hub's subscription, or the end of the chain. */
static struct subscription** find(const struct hub* hub, signalbox_view channel) {
  struct subscription** link = bucket_of(channel);
  while (*link && ((*link)->hub != hub || !is_of(*link, channel))) link = &(*link)->next;
  return link;
}

/* The first subscription to the channel at or after this one. */
static struct subscription* next_of(struct subscription* subscription, signalbox_view channel) {
  while (subscription && !is_of(subscription, channel)) subscription = subscription->next;
  return subscription;
}

static void insert(struct hub* hub, signalbox_view channel) {
  struct subscription** link = find(hub, channel);
  if (*link) return;
  struct subscription* subscription = allocate(sizeof *subscription + channel.size);
  subscription->hub = hub;
  subscription->size = channel.size;
  memcpy(subscription->channel, channel.data, channel.size);
  *link = subscription;
}

static void erase(struct subscription** link) {
  struct subscription* subscription = *link;
  if (!subscription) return;
  *link = subscription->next;
  free(subscription);
}

static void leave(const struct hub* hub) {
  for (size_t i = 0; i < BUCKETS; ++i) {
    struct subscription** link = &buckets[i];
    while (*link) {
      if ((*link)->hub == hub) {
        erase(link);
      } else {
        link = &(*link)->next;
      }
    }
  }
}

/* ---- a broker's queue, under the lock ---- */

static size_t cost(size_t channel_size, size_t payload_size) { return sizeof(struct event) + channel_size + payload_size; }

static struct event* new_event(uint64_t op, signalbox_view channel, signalbox_view payload) {
  struct event* event = allocate(sizeof *event + channel.size + payload.size);
  event->op = op;
  event->result.struct_size = sizeof event->result;
  event->channel_size = channel.size;
  event->payload_size = payload.size;
  if (channel.size > 0) memcpy(event->bytes, channel.data, channel.size);
  if (payload.size > 0) memcpy(event->bytes + channel.size, payload.data, payload.size);
  return event;
}

static void append(struct hub* hub, struct event* event) {
  if (event->op == 0) hub->waiting_bytes += cost(event->channel_size, event->payload_size);
  *hub->last = event;
  hub->last = &event->next;
  pthread_cond_signal(&hub->wake);
}

/* ---- the thread ---- */

static bool late(const struct timespec* deadline) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec > deadline->tv_sec || (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec);
}

/* Waits for events and takes all of them; NULL once stopping and empty. */
static struct event* take(struct hub* hub) {
  pthread_mutex_lock(&mutex);
  while (!hub->first && !hub->stopping) pthread_cond_wait(&hub->wake, &mutex);
  struct event* events = hub->first;
  hub->first = NULL;
  hub->last = &hub->first;
  pthread_mutex_unlock(&mutex);
  return events;
}

static void tell(struct hub* hub, const struct event* event) {
  const signalbox_host* host = hub->host;
  pthread_mutex_lock(&mutex);
  const bool closed = hub->stopping && late(&hub->deadline);
  if (event->op == 0) hub->waiting_bytes -= cost(event->channel_size, event->payload_size);
  pthread_mutex_unlock(&mutex);
  if (event->op != 0) {
    signalbox_result result = event->result;
    if (closed) {
      result.status = SIGNALBOX_CLOSED;
      result.detail = view("the hub is stopped");
    }
    host->complete(host->context, event->op, &result);
  } else if (!closed) {
    const signalbox_message message = {{event->bytes, event->channel_size},
                                       {event->bytes + event->channel_size, event->payload_size}};
    host->deliver(host->context, &message, 1);
  }
}

/* Tells the host all there is to tell, until the hub is stopped. */
static void tell_all(struct hub* hub) {
  for (struct event* event = take(hub); event; event = take(hub)) {
    while (event) {
      tell(hub, event);
      struct event* next = event->next;
      free(event);
      event = next;
    }
  }
}

static void* run(void* self) {
  struct hub* hub = self;
  hub->host->state(hub->host->context, SIGNALBOX_STATE_READY, NULL, 0);
  tell_all(hub);
  hub->host->state(hub->host->context, SIGNALBOX_STATE_CLOSED, NULL, 0);
  return NULL;
}

/* ---- the verbs ---- */

static void refuse(struct event* event, int32_t status, const char* why) {
  event->result.status = status;
  event->result.detail = view(why);
}

/* The event that will complete `op`, with what is wrong with the channel in it already. */
static struct event* completion(uint64_t op, signalbox_view channel) {
  struct event* event = new_event(op, (signalbox_view){NULL, 0}, (signalbox_view){NULL, 0});
  if (channel.size == 0 || channel.size > CHANNEL_BYTES) {
    refuse(event, SIGNALBOX_INVALID_ARGUMENT, "a channel has 1 to 768 bytes");
  }
  return event;
}

static void subscribe(void* self, uint64_t op, signalbox_view channel) {
  struct hub* hub = self;
  struct event* done = completion(op, channel);
  pthread_mutex_lock(&mutex);
  if (done->result.status == SIGNALBOX_OK && !hub->stopping) insert(hub, channel);
  append(hub, done);
  pthread_mutex_unlock(&mutex);
}

static void unsubscribe(void* self, uint64_t op, signalbox_view channel) {
  struct hub* hub = self;
  struct event* done = completion(op, channel);
  pthread_mutex_lock(&mutex);
  erase(find(hub, channel));
  append(hub, done);
  pthread_mutex_unlock(&mutex);
}

/* The message goes to all who want it, or to nobody if one of them has no room. */
static void send_to_all(struct event* done, signalbox_view channel, signalbox_view payload) {
  struct subscription* first = next_of(*bucket_of(channel), channel);
  for (struct subscription* each = first; each; each = next_of(each->next, channel)) {
    if (each->hub->waiting_bytes + cost(channel.size, payload.size) > each->hub->queue_limit) {
      refuse(done, SIGNALBOX_OVERLOADED, "a receiver's queue is full");
      return;
    }
  }
  for (struct subscription* each = first; each; each = next_of(each->next, channel)) {
    append(each->hub, new_event(0, channel, payload));
    ++done->result.receivers;
  }
}

static void publish(void* self, uint64_t op, signalbox_view channel, signalbox_view payload) {
  struct event* done = completion(op, channel);
  done->result.precision = SIGNALBOX_PRECISION_EXACT;
  if (payload.size > PAYLOAD_BYTES) refuse(done, SIGNALBOX_TOO_LARGE, "a payload has at most 16 MiB");
  pthread_mutex_lock(&mutex);
  if (done->result.status == SIGNALBOX_OK) send_to_all(done, channel, payload);
  append(self, done);
  pthread_mutex_unlock(&mutex);
}

static void exists(void* self, uint64_t op, signalbox_view channel) {
  struct event* done = completion(op, channel);
  pthread_mutex_lock(&mutex);
  done->result.exists = next_of(*bucket_of(channel), channel) ? 1 : 0;
  append(self, done);
  pthread_mutex_unlock(&mutex);
}

static void capabilities(void* self, signalbox_capabilities* out) {
  (void)self;
  out->receivers = SIGNALBOX_PRECISION_EXACT;
  out->exists = SIGNALBOX_EXISTS_AUTHORITATIVE;
  out->propagation_hint_ms = 0;
  out->dead_host_bound_ms = 0;
  out->max_payload_bytes = PAYLOAD_BYTES;
  out->continuity = 0; /* there is no outage that a broker in the same process could survive */
}

/* ---- from create to destroy ---- */

static void start(void* self) {
  struct hub* hub = self;
  const int error = pthread_create(&hub->thread, NULL, run, hub);
  hub->started = error == 0;
  if (hub->started) return;
  char text[128];
  snprintf(text, sizeof text, "config: no thread can be started: error %d", error);
  const signalbox_view reason = view(text);
  hub->host->state(hub->host->context, SIGNALBOX_STATE_FAILED, &reason, 1);
}

static void stop(void* self, uint32_t deadline_ms) {
  struct hub* hub = self;
  pthread_mutex_lock(&mutex);
  clock_gettime(CLOCK_MONOTONIC, &hub->deadline);
  hub->deadline.tv_sec += deadline_ms / 1000;
  hub->deadline.tv_nsec += (long)(deadline_ms % 1000) * 1000000L;
  if (hub->deadline.tv_nsec >= 1000000000L) {
    hub->deadline.tv_sec += 1;
    hub->deadline.tv_nsec -= 1000000000L;
  }
  hub->stopping = true;
  leave(hub);
  pthread_cond_signal(&hub->wake);
  pthread_mutex_unlock(&mutex);
  if (hub->started) {
    pthread_join(hub->thread, NULL);
  } else {
    tell_all(hub); /* the calls that nobody could answer */
  }
}

static void destroy(void* self) {
  struct hub* hub = self;
  while (hub->first) {
    struct event* next = hub->first->next;
    free(hub->first);
    hub->first = next;
  }
  pthread_cond_destroy(&hub->wake);
  free(hub);
}

/* Validated by the host against this table: a bad value never gets here, and an absent one arrives as its fallback. */
static const signalbox_option options[] = {
    {.key = "queue_bytes",
     .type = "size",
     .fallback = "64MiB",
     .meaning = "Messages that may wait to be delivered; beyond: overloaded.",
     .min = 64 * 1024,
     .max = INT64_C(64) * 1024 * 1024 * 1024},
};

static uint64_t number(const signalbox_setting* settings, size_t count, const char* key) {
  for (size_t i = 0; i < count; ++i) {
    if (settings[i].key.size != strlen(key) || memcmp(settings[i].key.data, key, settings[i].key.size) != 0) continue;
    uint64_t value = 0;
    for (size_t digit = 0; digit < settings[i].value.size; ++digit)
      value = value * 10 + (uint64_t)(settings[i].value.data[digit] - '0');
    return value;
  }
  return 0;
}

static const signalbox_broker* create(const signalbox_host* host, const signalbox_setting* settings, size_t count, char* error,
                                      size_t error_size) {
  struct hub* hub = calloc(1, sizeof *hub);
  if (!hub) {
    snprintf(error, error_size, "out of memory");
    return NULL;
  }
  hub->table = (signalbox_broker){.struct_size = sizeof hub->table,
                                  .self = hub,
                                  .start = start,
                                  .subscribe = subscribe,
                                  .unsubscribe = unsubscribe,
                                  .publish = publish,
                                  .exists = exists,
                                  .capabilities = capabilities,
                                  .stop = stop,
                                  .destroy = destroy};
  hub->host = host;
  hub->queue_limit = number(settings, count, "queue_bytes");
  hub->last = &hub->first;
  pthread_cond_init(&hub->wake, NULL);
  return &hub->table;
}

SIGNALBOX_EXPORT const signalbox_plugin* signalbox_broker_plugin_v1(void);

const signalbox_plugin* signalbox_broker_plugin_v1(void) {
  static const signalbox_plugin plugin = {.struct_size = sizeof plugin,
                                          .abi_major = SIGNALBOX_ABI_MAJOR,
                                          .abi_minor = SIGNALBOX_ABI_MINOR,
                                          .name = "hub",
                                          .version = "1.0.0",
                                          .options = options,
                                          .option_count = sizeof options / sizeof options[0],
                                          .option_size = sizeof options[0],
                                          .create = create};
  return &plugin;
}
