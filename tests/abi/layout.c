/* Prints what a compiled plugin and a compiled server know of each other: sizes, offsets and types of <signalbox/plugin.h>, and
 * its constants. What stands here beside the header is what `check` compares with the record.
 *
 * A field's type is written once more so that the compiler objects when the header's differs, and so that the record tells a
 * changed signature, which no size tells. A struct has no holes: a field that is missing here is one that the sum misses. */
#include <stdio.h>

#include <signalbox/plugin.h>

static size_t fields; /* bytes of those printed since STRUCT, which stands first in a function of its own */

#define STRUCT(name)                    \
  typedef name owner;                   \
  const char* const owner_name = #name; \
  fields = 0;                           \
  printf("%s\n", owner_name)

#define FIELD(name, ...)                                                                                     \
  do {                                                                                                       \
    _Static_assert(_Generic(&((owner*)0)->name, __VA_ARGS__ *: 1, default: 0), #name " is of another type"); \
    printf("  %3zu  %zu  %s: %s\n", offsetof(owner, name), sizeof(((owner*)0)->name), #name, #__VA_ARGS__);  \
    fields += sizeof(((owner*)0)->name);                                                                     \
  } while (0)

/* The type of a slot is a name, since C puts the * of a pointer to a function in its middle. */
#define SLOT(name, result, ...)                                                                              \
  do {                                                                                                       \
    typedef result (*slot)(__VA_ARGS__);                                                                     \
    _Static_assert(_Generic(((owner*)0)->name, slot: 1, default: 0), #name " has another signature");        \
    printf("  %3zu  %zu  %s: %s (%s)\n", offsetof(owner, name), sizeof(slot), #name, #result, #__VA_ARGS__); \
    fields += sizeof(slot);                                                                                  \
  } while (0)

#define END()                                                                                                  \
  do {                                                                                                         \
    printf("  %3zu  bytes, aligned to %zu\n\n", sizeof(owner), _Alignof(owner));                               \
    if (fields != sizeof(owner)) printf("tests/abi/layout.c does not list every field of %s\n\n", owner_name); \
  } while (0)

#define CONSTANT(name) printf("%s = %lld\n", #name, (long long)(name))

static void view(void) {
  STRUCT(signalbox_view);
  FIELD(data, const char*);
  FIELD(size, size_t);
  END();
}

static void setting(void) {
  STRUCT(signalbox_setting);
  FIELD(key, signalbox_view);
  FIELD(value, signalbox_view);
  END();
}

static void message(void) {
  STRUCT(signalbox_message);
  FIELD(channel, signalbox_view);
  FIELD(payload, signalbox_view);
  END();
}

static void result(void) {
  STRUCT(signalbox_result);
  FIELD(struct_size, uint32_t);
  FIELD(status, int32_t);
  FIELD(detail, signalbox_view);
  FIELD(receivers, uint64_t);
  FIELD(precision, int32_t);
  FIELD(exists, int32_t);
  END();
}

static void capabilities(void) {
  STRUCT(signalbox_capabilities);
  FIELD(struct_size, uint32_t);
  FIELD(receivers, int32_t);
  FIELD(exists, int32_t);
  FIELD(propagation_hint_ms, uint32_t);
  FIELD(dead_host_bound_ms, uint64_t);
  FIELD(max_payload_bytes, uint64_t);
  FIELD(continuity, int32_t);
  FIELD(reserved, int32_t);
  END();
}

static void host(void) {
  STRUCT(signalbox_host);
  FIELD(struct_size, uint32_t);
  FIELD(call_timeout_ms, uint32_t);
  FIELD(context, void*);
  FIELD(instance_id, signalbox_view);
  FIELD(channel_prefix, signalbox_view);
  FIELD(payload_bytes, uint64_t);
  SLOT(log_enabled, int32_t, void*, int32_t);
  SLOT(log, void, void*, int32_t, signalbox_view);
  SLOT(deliver, void, void*, const signalbox_message*, size_t);
  SLOT(gap, void, void*, const signalbox_view*, size_t, signalbox_view);
  SLOT(complete, void, void*, uint64_t, const signalbox_result*);
  SLOT(state, void, void*, int32_t, const signalbox_view*, size_t);
  SLOT(refused, void, void*, signalbox_view, int32_t, signalbox_view);
  SLOT(extension, const void*, void*, const char*);
  END();
}

static void broker(void) {
  STRUCT(signalbox_broker);
  FIELD(struct_size, uint32_t);
  FIELD(reserved, uint32_t);
  FIELD(self, void*);
  SLOT(start, void, void*);
  SLOT(subscribe, void, void*, uint64_t, signalbox_view);
  SLOT(unsubscribe, void, void*, uint64_t, signalbox_view);
  SLOT(publish, void, void*, uint64_t, signalbox_view, signalbox_view);
  SLOT(exists, void, void*, uint64_t, signalbox_view);
  SLOT(capabilities, void, void*, signalbox_capabilities*);
  SLOT(stop, void, void*, uint32_t);
  SLOT(destroy, void, void*);
  SLOT(extension, const void*, void*, const char*);
  END();
}

static void option(void) {
  STRUCT(signalbox_option);
  FIELD(key, const char*);
  FIELD(type, const char*);
  FIELD(fallback, const char*);
  FIELD(meaning, const char*);
  FIELD(min, int64_t);
  FIELD(max, int64_t);
  FIELD(flags, uint32_t);
  FIELD(reserved, uint32_t);
  END();
}

static void plugin(void) {
  STRUCT(signalbox_plugin);
  FIELD(struct_size, uint32_t);
  FIELD(abi_major, uint16_t);
  FIELD(abi_minor, uint16_t);
  FIELD(name, const char*);
  FIELD(version, const char*);
  FIELD(options, const signalbox_option*);
  FIELD(option_count, size_t);
  FIELD(option_size, size_t);
  SLOT(create, const signalbox_broker*, const signalbox_host*, const signalbox_setting*, size_t, char*, size_t);
  END();
}

static void entry_point(void) {
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
  view();
  setting();
  message();
  result();
  capabilities();
  host();
  broker();
  option();
  plugin();
  entry_point();
  constants();
  return 0;
}
