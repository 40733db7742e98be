/* The example's hub with one thing done wrong, which the option `fault` names. */
#define _DEFAULT_SOURCE /* usleep */

#include <stdint.h>
#include <unistd.h>

#define signalbox_broker_plugin_v1 hub_plugin
#include "examples/broker-plugin-c/hub.c"
#undef signalbox_broker_plugin_v1

static char fault[64];

static bool is(const char* name) { return strcmp(fault, name) == 0; }

static void hang(void) {
  while (true) pause();
}

/* What a thread of the plugin does wrong with one publish. */
struct misdeed {
  void (*commit)(const struct misdeed* misdeed);
  const signalbox_host* host;
  uint64_t op;
  size_t channel_size;
  char channel[CHANNEL_BYTES];
};

static void* commit(void* misdeed) {
  ((struct misdeed*)misdeed)->commit(misdeed);
  free(misdeed);
  return NULL;
}

/* On a thread of the plugin's own, soon. */
static void later(struct hub* hub, uint64_t op, signalbox_view channel, void (*what)(const struct misdeed*)) {
  struct misdeed* misdeed = calloc(1, sizeof *misdeed);
  if (!misdeed) abort();
  misdeed->commit = what;
  misdeed->host = hub->host;
  misdeed->op = op;
  misdeed->channel_size = channel.size;
  memcpy(misdeed->channel, channel.data, channel.size);
  pthread_t thread;
  if (pthread_create(&thread, NULL, commit, misdeed) != 0) abort();
  pthread_detach(thread);
}

static void complete(const signalbox_host* host, uint64_t op, int32_t status) {
  const signalbox_result result = {.struct_size = sizeof result, .status = status};
  host->complete(host->context, op, &result);
}

/* The signal is what is tested: UBSan would end the process before it. */
__attribute__((no_sanitize("undefined"))) static void crash(const struct misdeed* misdeed) {
  (void)misdeed;
  volatile int* volatile nowhere = NULL; /* volatile: the compiler must neither see it nor leave the store out */
  *nowhere = 1;
}

static void complete_again(const struct misdeed* misdeed) {
  usleep(50 * 1000); /* after the hub has */
  complete(misdeed->host, misdeed->op, SIGNALBOX_OK);
}

static void complete_another(const struct misdeed* misdeed) { complete(misdeed->host, UINT64_C(0x123456789), SIGNALBOX_OK); }

static void complete_with_nonsense(const struct misdeed* misdeed) { complete(misdeed->host, misdeed->op, 77); }

static void report_nonsense(const struct misdeed* misdeed) {
  misdeed->host->state(misdeed->host->context, 99, NULL, 0);
  complete(misdeed->host, misdeed->op, SIGNALBOX_OK);
}

static void deliver_to_a_stranger(const struct misdeed* misdeed) {
  const signalbox_message message = {view("stranger"), view("psst")};
  misdeed->host->deliver(misdeed->host->context, &message, 1);
  complete(misdeed->host, misdeed->op, SIGNALBOX_OK);
}

static void deliver_null(const struct misdeed* misdeed) {
  const signalbox_message messages[] = {{{NULL, 0}, {NULL, 0}}, {{misdeed->channel, misdeed->channel_size}, {NULL, 0}}};
  misdeed->host->deliver(misdeed->host->context, messages, 2);
  misdeed->host->deliver(misdeed->host->context, NULL, 0);
  complete(misdeed->host, misdeed->op, SIGNALBOX_OK);
}

static void report_many_gaps(const struct misdeed* misdeed) {
  enum { COUNT = 100000 };
  signalbox_view* channels = calloc(COUNT, sizeof *channels);
  if (!channels) abort();
  for (size_t i = 0; i < COUNT; ++i) channels[i] = view("nobody");
  channels[COUNT - 1] = (signalbox_view){misdeed->channel, misdeed->channel_size};
  misdeed->host->gap(misdeed->host->context, channels, COUNT, view("many"));
  free(channels);
  complete(misdeed->host, misdeed->op, SIGNALBOX_OK);
}

static void* call_everything(void* self) {
  const signalbox_host* host = self;
  const signalbox_message message = {view("alice"), view("from a thread")};
  const signalbox_view channel = view("alice");
  for (int round = 0; round < 300; ++round) {
    host->deliver(host->context, &message, 1);
    host->gap(host->context, &channel, 1, view("a thread"));
    host->state(host->context, round % 2 == 0 ? SIGNALBOX_STATE_DEGRADED : SIGNALBOX_STATE_READY, NULL, 0);
    complete(host, UINT64_C(77), SIGNALBOX_OK);
    if (host->log_enabled(host->context, SIGNALBOX_LOG_DEBUG)) host->log(host->context, SIGNALBOX_LOG_DEBUG, view("x"));
  }
  host->state(host->context, SIGNALBOX_STATE_READY, NULL, 0);
  return NULL;
}

static void call_from_many_threads(const struct misdeed* misdeed) {
  enum { THREADS = 8 };
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; ++i) {
    if (pthread_create(&threads[i], NULL, call_everything, (void*)(uintptr_t)misdeed->host) != 0) abort();
  }
  for (int i = 0; i < THREADS; ++i) pthread_join(threads[i], NULL);
  complete(misdeed->host, misdeed->op, SIGNALBOX_OK);
}

/* For as long as the process lives. */
static void go_on_calling(const struct misdeed* misdeed) {
  const signalbox_host* host = misdeed->host;
  const signalbox_message message = {{misdeed->channel, misdeed->channel_size}, view("late")};
  while (true) {
    host->deliver(host->context, &message, 1);
    complete(host, misdeed->op, SIGNALBOX_OK);
    host->state(host->context, SIGNALBOX_STATE_READY, NULL, 0);
    host->gap(host->context, NULL, 0, view("late"));
    usleep(100);
  }
}

static void faulty_start(void* self) {
  if (is("start_hangs")) hang();
  if (is("start_is_slow")) sleep(6);
  if (is("start_takes_its_time")) {
    const signalbox_host* host = ((struct hub*)self)->host;
    host->log(host->context, SIGNALBOX_LOG_WARNING, view("starts"));
    sleep(4);
  }
  start(self);
}

static void faulty_publish(void* self, uint64_t op, signalbox_view channel, signalbox_view payload) {
  struct hub* hub = self;
  if (is("publish_hangs")) hang();
  if (is("never_completes")) return;
  if (is("crashes")) {
    later(hub, op, channel, crash);
  } else if (is("unknown_status")) {
    later(hub, op, channel, complete_with_nonsense);
  } else if (is("unknown_state")) {
    later(hub, op, channel, report_nonsense);
  } else if (is("stranger")) {
    later(hub, op, channel, deliver_to_a_stranger);
  } else if (is("nulls")) {
    later(hub, op, channel, deliver_null);
  } else if (is("many_gaps")) {
    later(hub, op, channel, report_many_gaps);
  } else if (is("many_threads")) {
    later(hub, op, channel, call_from_many_threads);
  } else {
    if (is("twice")) later(hub, op, channel, complete_again);
    if (is("another_call")) later(hub, op, channel, complete_another);
    if (is("late")) later(hub, op, channel, go_on_calling);
    publish(self, op, channel, payload);
  }
}

static void faulty_stop(void* self, uint32_t deadline_ms) {
  if (is("stop_hangs")) hang();
  stop(self, deadline_ms);
}

static void faulty_destroy(void* self) {
  if (is("destroy_hangs")) hang();
  if (is("late")) usleep(50 * 1000); /* stopped, but not gone: the thread calls meanwhile */
  destroy(self);
}

static const signalbox_broker* faulty_create(const signalbox_host* host, const signalbox_setting* settings, size_t count,
                                             char* error, size_t error_size) {
  for (size_t i = 0; i < count; ++i) {
    if (settings[i].key.size == 5) snprintf(fault, sizeof fault, "%.*s", (int)settings[i].value.size, settings[i].value.data);
  }
  if (is("create_hangs")) hang();
  if (is("create_silent")) return NULL;
  if (is("create_fails")) {
    snprintf(error, error_size, "fault: it was asked for");
    return NULL;
  }
  struct hub* hub = create(host, settings, count, error, error_size)->self;
  hub->queue_limit = SIZE_MAX;
  hub->table.start = faulty_start;
  hub->table.publish = faulty_publish;
  hub->table.stop = faulty_stop;
  hub->table.destroy = faulty_destroy;
  return &hub->table;
}

static const signalbox_option faulty_options[] = {
    {.key = "fault", .type = "text", .fallback = "", .meaning = "What it does wrong."},
};

SIGNALBOX_EXPORT const signalbox_plugin* signalbox_broker_plugin_v1(void);

const signalbox_plugin* signalbox_broker_plugin_v1(void) {
  static signalbox_plugin plugin;
  plugin = *hub_plugin();
  plugin.name = "faulty";
  plugin.options = faulty_options;
  plugin.option_count = 1;
  plugin.create = faulty_create;
  return &plugin;
}
