/* A plugin that makes no broker. A macro makes its descriptor wrong in one way. */
#include <stddef.h>

#include "signalbox/plugin.h"

#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION "1.2.3"
#endif

#if defined(LONG_OPTIONS)
/* Rows of a later SDK. */
struct option {
  signalbox_option row;
  const char* later_field;
};
static const struct option options[] = {
    {{"url", "text", "none://", "Where to go.", 0, 0, SIGNALBOX_OPTION_URL, 0}, "x"},
    {{"patience", "integer", "3", "How often to try.", 1, 9, 0, 0}, "y"},
};
#elif !defined(NO_OPTION_AT_ALL) && !defined(NO_OPTIONS)
static const signalbox_option options[] = {
    {"url", "text", "none://", "Where to go.", 0, 0, SIGNALBOX_OPTION_URL, 0},
    {"patience", "integer", "3", "How often to try.", 1, 9, 0, 0},
};
#endif

#ifndef NO_CREATE
static const signalbox_broker* create(const signalbox_host* host, const signalbox_setting* settings, size_t count, char* error,
                                      size_t error_size) {
  (void)host, (void)settings, (void)count;
  if (error_size > 0) error[0] = '\0';
  return NULL;
}
#endif

static const signalbox_plugin descriptor = {
#ifdef SHORT_DESCRIPTOR
    .struct_size = sizeof(signalbox_plugin) - 8,
#else
    .struct_size = sizeof(signalbox_plugin),
#endif
#ifdef OTHER_ABI
    .abi_major = SIGNALBOX_ABI_MAJOR + 7,
#else
    .abi_major = SIGNALBOX_ABI_MAJOR,
#endif
    .abi_minor = SIGNALBOX_ABI_MINOR,
#ifndef NO_NAME
    .name = "sample",
#endif
#ifndef NO_VERSION
    .version = PLUGIN_VERSION,
#endif
#if defined(NO_OPTIONS)
    .option_count = 2,
    .option_size = sizeof(signalbox_option),
#elif !defined(NO_OPTION_AT_ALL)
    .options = (const signalbox_option*)(const void*)options,
    .option_count = sizeof options / sizeof options[0],
#ifdef SHORT_OPTIONS
    .option_size = sizeof options[0] - 8,
#else
    .option_size = sizeof options[0],
#endif
#endif
#ifndef NO_CREATE
    .create = create,
#endif
};

SIGNALBOX_EXPORT const signalbox_plugin* signalbox_broker_plugin_v1(void);

const signalbox_plugin* signalbox_broker_plugin_v1(void) { return &descriptor; }
