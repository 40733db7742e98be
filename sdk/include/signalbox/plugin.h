/* The C ABI between Signalbox and a broker plugin. Valid C11 and C++20. C++ authors include plugin.hpp instead.
 *
 * A plugin is a shared library libsignalbox_NAME.so with one exported function, signalbox_broker_plugin_v1, which returns
 * a descriptor in static storage. The host loads it RTLD_NOW|RTLD_LOCAL, checks the ABI before it calls anything else, and
 * never unloads it. Plugins are trusted code.
 *
 * Growth: structs with a struct_size (rows of options: option_size) grow at their end only. Who hands one over fills it in;
 * who receives one reads it before touching a field that is newer than this ABI's first version, and takes a field that is not
 * there for 0. The others (view, setting, message) never grow: what needs more gets a new slot. Enumerations grow: a number
 * that the receiver does not know is the worst that it could mean (internal, unknown, unsupported, failed), an unknown option
 * flag is ignored. Fields named reserved are 0. Optional features are asked for by id through `extension`; what that returns
 * lives as long as its owner, host or broker.
 *
 * Thread tags: [control] one thread of the host, calls one after the other · [any-thread] any thread, several at once ·
 * [plugin] any thread of the plugin. create() and start() return within 10 and 5 s, stop() by its deadline; nothing else may
 * block. Nothing lets an exception out. What each verb and each call to the host promises stands in broker.hpp.
 */
#ifndef SIGNALBOX_PLUGIN_H
#define SIGNALBOX_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The host refuses another MAJOR. MINOR counts the growth within one, for people: struct_size says what is there. */
#define SIGNALBOX_ABI_MAJOR 1
#define SIGNALBOX_ABI_MINOR 0

#define SIGNALBOX_EXPORT __attribute__((visibility("default")))

/* Borrowed for the call. Bytes, UTF-8 where it is text; not NUL-terminated. data may be NULL where size is 0. */
typedef struct signalbox_view {
  const char* data;
  size_t size;
} signalbox_view;

/* One value of the plugin's section, after validation against its option table: durations in milliseconds, sizes in bytes,
 * booleans "true" or "false", a list as one setting per element under the same key. Absent lists have no setting. */
typedef struct signalbox_setting {
  signalbox_view key; /* dotted, without the plugin's name: "url", "tls.ca_file" */
  signalbox_view value;
} signalbox_setting;

typedef struct signalbox_message {
  signalbox_view channel;
  signalbox_view payload;
} signalbox_message;

/* The values of errc in errc.hpp; 0 is success. */
enum {
  SIGNALBOX_OK = 0,
  SIGNALBOX_INVALID_ARGUMENT = 1,
  SIGNALBOX_TOO_LARGE = 2,
  SIGNALBOX_UNAVAILABLE = 3,
  SIGNALBOX_OVERLOADED = 4,
  SIGNALBOX_UNKNOWN_OUTCOME = 5,
  SIGNALBOX_REJECTED = 6,
  SIGNALBOX_SUPERSEDED = 7,
  SIGNALBOX_UNSUPPORTED = 8,
  SIGNALBOX_CLOSED = 9,
  SIGNALBOX_INTERNAL = 10
};

/* Zero is the weakest promise. */
enum {
  SIGNALBOX_PRECISION_UNKNOWN = 0,
  SIGNALBOX_PRECISION_ESTIMATE = 1,
  SIGNALBOX_PRECISION_AT_LEAST = 2,
  SIGNALBOX_PRECISION_EXACT = 3
};
enum {
  SIGNALBOX_EXISTS_UNSUPPORTED = 0,
  SIGNALBOX_EXISTS_REPLICATED = 1,
  SIGNALBOX_EXISTS_PROBED = 2,
  SIGNALBOX_EXISTS_AUTHORITATIVE = 3
};
enum {
  SIGNALBOX_STATE_CONNECTING = 0,
  SIGNALBOX_STATE_READY = 1,
  SIGNALBOX_STATE_DEGRADED = 2,
  SIGNALBOX_STATE_FAILED = 3,
  SIGNALBOX_STATE_CLOSED = 4
};
enum { SIGNALBOX_LOG_DEBUG = 0, SIGNALBOX_LOG_INFO = 1, SIGNALBOX_LOG_WARNING = 2, SIGNALBOX_LOG_ERROR = 3 };

/* The outcome of one call. Fields that a verb does not use are 0. */
typedef struct signalbox_result {
  uint32_t struct_size;
  int32_t status;
  signalbox_view detail; /* the broker's own words, no secrets */
  uint64_t receivers;    /* publish */
  int32_t precision;     /* publish */
  int32_t exists;        /* exists: 0 or 1 */
} signalbox_result;

/* The plugin fills in every field: 0 is no weak promise in all of them. */
typedef struct signalbox_capabilities {
  uint32_t struct_size;
  int32_t receivers; /* SIGNALBOX_PRECISION_UNKNOWN … */
  int32_t exists;    /* SIGNALBOX_EXISTS_… */
  uint32_t propagation_hint_ms;
  uint64_t dead_host_bound_ms; /* 0: never a yes for a dead host; UINT64_MAX: not known */
  uint64_t max_payload_bytes;
  int32_t continuity; /* 0 or 1 */
  int32_t reserved;
} signalbox_capabilities;

/* Host-owned; it and all that it points to outlive every broker made with it. Every slot: [plugin], never blocks,
 * not after stop() has returned, and before start() none but log_enabled, log and extension. */
typedef struct signalbox_host {
  uint32_t struct_size;
  uint32_t call_timeout_ms; /* deadline of each call */
  void* context;            /* first argument of every slot */
  signalbox_view instance_id;
  signalbox_view channel_prefix;
  uint64_t payload_bytes; /* the largest payload that the host will publish */
  int32_t (*log_enabled)(void* context, int32_t level);
  void (*log)(void* context, int32_t level, signalbox_view text);
  /* Copies and returns. `messages` and all views: borrowed for the call. */
  void (*deliver)(void* context, const signalbox_message* messages, size_t count);
  /* count 0: every wanted channel. */
  void (*gap)(void* context, const signalbox_view* channels, size_t count, signalbox_view reason);
  /* Exactly once for each op that a verb was given; a second time is ignored and logged as the plugin's fault. */
  void (*complete)(void* context, uint64_t op, const signalbox_result* result);
  void (*state)(void* context, int32_t state, const signalbox_view* reasons, size_t count);
  /* A channel whose subscribe has completed is refused now: it is wanted no more. */
  void (*refused)(void* context, signalbox_view channel, int32_t status, signalbox_view detail);
  /* NULL if the host has no such extension. */
  const void* (*extension)(void* context, const char* id);
} signalbox_host;

/* Plugin-owned until destroy(), so that either side may be the newer one. Every view: borrowed for the call. `op` is any
 * number, another one for each call of this broker. */
typedef struct signalbox_broker {
  uint32_t struct_size;
  uint32_t reserved;
  void* self;                                                                               /* first argument of every slot */
  void (*start)(void* self);                                                                /* [control] once, first */
  void (*subscribe)(void* self, uint64_t op, signalbox_view channel);                       /* [any-thread] */
  void (*unsubscribe)(void* self, uint64_t op, signalbox_view channel);                     /* [any-thread] */
  void (*publish)(void* self, uint64_t op, signalbox_view channel, signalbox_view payload); /* [any-thread] */
  void (*exists)(void* self, uint64_t op, signalbox_view channel);                          /* [any-thread] */
  /* [any-thread] from create() to destroy(), also before start(). out->struct_size is the host's: write no field beyond it. */
  void (*capabilities)(void* self, signalbox_capabilities* out);
  void (*stop)(void* self, uint32_t deadline_ms);       /* [control] once; after return no call to the host, no thread */
  void (*destroy)(void* self);                          /* [control] last: after stop(), or without start() and stop() */
  const void* (*extension)(void* self, const char* id); /* [any-thread] NULL if absent; the slot itself may be NULL */
} signalbox_broker;

enum {
  SIGNALBOX_OPTION_SECRET = 1,   /* masked wherever the configuration is shown; takes env:NAME and file:PATH */
  SIGNALBOX_OPTION_REQUIRED = 2, /* no fallback: must be set */
  SIGNALBOX_OPTION_PREFIX = 4,   /* any key below this one is accepted as text and passed through: "properties."; a row with a
                                    longer key that matches wins */
  SIGNALBOX_OPTION_URL = 8       /* text that is a URL: a password inside it is masked */
};

/* One row of the option table, from which the host validates, masks, and writes the documentation. */
typedef struct signalbox_option {
  const char* key;      /* "url", "tls_ca_file" */
  const char* type;     /* "text", "integer", "boolean", "duration", "size", "list" (of text), or words: "single|cluster" */
  const char* fallback; /* as it would stand in YAML: "2s", "64KiB"; "" for an empty text or list */
  const char* meaning;  /* one sentence for the documentation */
  int64_t min, max;     /* integer, milliseconds or bytes, inclusive; both 0: no limits */
  uint32_t flags;       /* SIGNALBOX_OPTION_… */
  uint32_t reserved;
} signalbox_option;

/* Static storage, never freed. */
typedef struct signalbox_plugin {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  const char* name;    /* [a-z0-9_]+, the section's name under `broker:` */
  const char* version; /* the plugin's own */
  const signalbox_option* options;
  size_t option_count;
  size_t option_size; /* sizeof(signalbox_option) as the plugin was built */
  /* [control] Makes a broker that is not started. On a fault: NULL, and one line of text in `error` (NUL-terminated,
   * at most error_size bytes with the NUL). Settings: borrowed for the call. host: outlives the broker. */
  const signalbox_broker* (*create)(const signalbox_host* host, const signalbox_setting* settings, size_t count, char* error,
                                    size_t error_size);
} signalbox_plugin;

typedef const signalbox_plugin* (*signalbox_broker_plugin_fn)(void);

#ifdef __cplusplus
}
#endif

#endif /* SIGNALBOX_PLUGIN_H */
