/* Prints what a compiled plugin and a compiled server know of each other: sizes, offsets and types of <signalbox/plugin.h>, and
 * its constants. What stands here beside the header is what `check` compares with the record.
 *
 * A field's type is written once more so that the compiler objects when the header's differs, and so that the record tells a
 * changed signature, which no size tells. A struct has no holes: a field that is missing here is one that the sum misses. */
#include <stdio.h>

#include <signalbox/plugin.h>

static size_t fields; /* bytes of those printed since STRUCT */

#define STRUCT(name) (fields = 0, printf("%s\n", #name))

#define FIELD(owner, name, ...)                                                                                         \
  do {                                                                                                                  \
    _Static_assert(_Generic(&((owner*)0)->name, __VA_ARGS__ *: 1, default: 0), #owner "." #name " is of another type"); \
    printf("  %3zu  %zu  %s: %s\n", offsetof(owner, name), sizeof(((owner*)0)->name), #name, #__VA_ARGS__);             \
    fields += sizeof(((owner*)0)->name);                                                                                \
  } while (0)

/* The type of a slot is a name, since C puts the * of a pointer to a function in its middle. */
#define SLOT(owner, name, result, ...)                                                                           \
  do {                                                                                                           \
    typedef result (*slot)(__VA_ARGS__);                                                                         \
    _Static_assert(_Generic(((owner*)0)->name, slot: 1, default: 0), #owner "." #name " has another signature"); \
    printf("  %3zu  %zu  %s: %s (%s)\n", offsetof(owner, name), sizeof(slot), #name, #result, #__VA_ARGS__);     \
    fields += sizeof(slot);                                                                                      \
  } while (0)

#define END(name)                                                                                        \
  do {                                                                                                   \
    printf("  %3zu  bytes, aligned to %zu\n\n", sizeof(name), _Alignof(name));                           \
    if (fields != sizeof(name)) printf("tests/abi/layout.c does not list every field of " #name "\n\n"); \
  } while (0)

#define CONSTANT(name) printf("%s = %lld\n", #name, (long long)(name))

static void views_and_results(void) {
  STRUCT(signalbox_view);
  FIELD(signalbox_view, data, const char*);
  FIELD(signalbox_view, size, size_t);
  END(signalbox_view);

  STRUCT(signalbox_setting);
  FIELD(signalbox_setting, key, signalbox_view);
  FIELD(signalbox_setting, value, signalbox_view);
  END(signalbox_setting);

  STRUCT(signalbox_message);
  FIELD(signalbox_message, channel, signalbox_view);
  FIELD(signalbox_message, payload, signalbox_view);
  END(signalbox_message);

  STRUCT(signalbox_result);
  FIELD(signalbox_result, struct_size, uint32_t);
  FIELD(signalbox_result, status, int32_t);
  FIELD(signalbox_result, detail, signalbox_view);
  FIELD(signalbox_result, receivers, uint64_t);
  FIELD(signalbox_result, precision, int32_t);
  FIELD(signalbox_result, exists, int32_t);
  END(signalbox_result);

  STRUCT(signalbox_capabilities);
  FIELD(signalbox_capabilities, struct_size, uint32_t);
  FIELD(signalbox_capabilities, receivers, int32_t);
  FIELD(signalbox_capabilities, exists, int32_t);
  FIELD(signalbox_capabilities, propagation_hint_ms, uint32_t);
  FIELD(signalbox_capabilities, dead_host_bound_ms, uint64_t);
  FIELD(signalbox_capabilities, max_payload_bytes, uint64_t);
  FIELD(signalbox_capabilities, continuity, int32_t);
  FIELD(signalbox_capabilities, reserved, int32_t);
  END(signalbox_capabilities);
}

static void host_and_broker(void) {
  STRUCT(signalbox_host);
  FIELD(signalbox_host, struct_size, uint32_t);
  FIELD(signalbox_host, call_timeout_ms, uint32_t);
  FIELD(signalbox_host, context, void*);
  FIELD(signalbox_host, instance_id, signalbox_view);
  FIELD(signalbox_host, channel_prefix, signalbox_view);
  FIELD(signalbox_host, payload_bytes, uint64_t);
  SLOT(signalbox_host, log_enabled, int32_t, void*, int32_t);
  SLOT(signalbox_host, log, void, void*, int32_t, signalbox_view);
  SLOT(signalbox_host, deliver, void, void*, const signalbox_message*, size_t);
  SLOT(signalbox_host, gap, void, void*, const signalbox_view*, size_t, signalbox_view);
  SLOT(signalbox_host, complete, void, void*, uint64_t, const signalbox_result*);
  SLOT(signalbox_host, state, void, void*, int32_t, const signalbox_view*, size_t);
  SLOT(signalbox_host, refused, void, void*, signalbox_view, int32_t, signalbox_view);
  SLOT(signalbox_host, extension, const void*, void*, const char*);
  END(signalbox_host);

  STRUCT(signalbox_broker);
  FIELD(signalbox_broker, struct_size, uint32_t);
  FIELD(signalbox_broker, reserved, uint32_t);
  FIELD(signalbox_broker, self, void*);
  SLOT(signalbox_broker, start, void, void*);
  SLOT(signalbox_broker, subscribe, void, void*, uint64_t, signalbox_view);
  SLOT(signalbox_broker, unsubscribe, void, void*, uint64_t, signalbox_view);
  SLOT(signalbox_broker, publish, void, void*, uint64_t, signalbox_view, signalbox_view);
  SLOT(signalbox_broker, exists, void, void*, uint64_t, signalbox_view);
  SLOT(signalbox_broker, capabilities, void, void*, signalbox_capabilities*);
  SLOT(signalbox_broker, stop, void, void*, uint32_t);
  SLOT(signalbox_broker, destroy, void, void*);
  SLOT(signalbox_broker, extension, const void*, void*, const char*);
  END(signalbox_broker);
}

static void option_and_plugin(void) {
  STRUCT(signalbox_option);
  FIELD(signalbox_option, key, const char*);
  FIELD(signalbox_option, type, const char*);
  FIELD(signalbox_option, fallback, const char*);
  FIELD(signalbox_option, meaning, const char*);
  FIELD(signalbox_option, min, int64_t);
  FIELD(signalbox_option, max, int64_t);
  FIELD(signalbox_option, flags, uint32_t);
  FIELD(signalbox_option, reserved, uint32_t);
  END(signalbox_option);

  STRUCT(signalbox_plugin);
  FIELD(signalbox_plugin, struct_size, uint32_t);
  FIELD(signalbox_plugin, abi_major, uint16_t);
  FIELD(signalbox_plugin, abi_minor, uint16_t);
  FIELD(signalbox_plugin, name, const char*);
  FIELD(signalbox_plugin, version, const char*);
  FIELD(signalbox_plugin, options, const signalbox_option*);
  FIELD(signalbox_plugin, option_count, size_t);
  FIELD(signalbox_plugin, option_size, size_t);
  SLOT(signalbox_plugin, create, const signalbox_broker*, const signalbox_host*, const signalbox_setting*, size_t, char*,
       size_t);
  END(signalbox_plugin);

  _Static_assert(_Generic((signalbox_broker_plugin_fn)0, const signalbox_plugin* (*)(void): 1, default: 0),
                 "signalbox_broker_plugin_fn has another signature");
  printf("signalbox_broker_plugin_fn: const signalbox_plugin* (void)\n\n");
}

static void constants(void) {
  CONSTANT(SIGNALBOX_ABI_MAJOR);
  CONSTANT(SIGNALBOX_ABI_MINOR);
  CONSTANT(SIGNALBOX_OK);
  CONSTANT(SIGNALBOX_INVALID_ARGUMENT);
  CONSTANT(SIGNALBOX_TOO_LARGE);
  CONSTANT(SIGNALBOX_UNAVAILABLE);
  CONSTANT(SIGNALBOX_OVERLOADED);
  CONSTANT(SIGNALBOX_UNKNOWN_OUTCOME);
  CONSTANT(SIGNALBOX_REJECTED);
  CONSTANT(SIGNALBOX_SUPERSEDED);
  CONSTANT(SIGNALBOX_UNSUPPORTED);
  CONSTANT(SIGNALBOX_CLOSED);
  CONSTANT(SIGNALBOX_INTERNAL);
  CONSTANT(SIGNALBOX_PRECISION_UNKNOWN);
  CONSTANT(SIGNALBOX_PRECISION_ESTIMATE);
  CONSTANT(SIGNALBOX_PRECISION_AT_LEAST);
  CONSTANT(SIGNALBOX_PRECISION_EXACT);
  CONSTANT(SIGNALBOX_EXISTS_UNSUPPORTED);
  CONSTANT(SIGNALBOX_EXISTS_REPLICATED);
  CONSTANT(SIGNALBOX_EXISTS_PROBED);
  CONSTANT(SIGNALBOX_EXISTS_AUTHORITATIVE);
  CONSTANT(SIGNALBOX_STATE_CONNECTING);
  CONSTANT(SIGNALBOX_STATE_READY);
  CONSTANT(SIGNALBOX_STATE_DEGRADED);
  CONSTANT(SIGNALBOX_STATE_FAILED);
  CONSTANT(SIGNALBOX_STATE_CLOSED);
  CONSTANT(SIGNALBOX_LOG_DEBUG);
  CONSTANT(SIGNALBOX_LOG_INFO);
  CONSTANT(SIGNALBOX_LOG_WARNING);
  CONSTANT(SIGNALBOX_LOG_ERROR);
  CONSTANT(SIGNALBOX_OPTION_SECRET);
  CONSTANT(SIGNALBOX_OPTION_REQUIRED);
  CONSTANT(SIGNALBOX_OPTION_PREFIX);
  CONSTANT(SIGNALBOX_OPTION_URL);
}

int main(void) {
  _Static_assert(sizeof(void*) == 8 && sizeof(long) == 8, "the record is that of LP64");
  views_and_results();
  host_and_broker();
  option_and_plugin();
  constants();
  return 0;
}
