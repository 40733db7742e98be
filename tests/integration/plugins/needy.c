/* A plugin that needs a function of a library: built with it but no path to it, or without it. */
#include "signalbox/plugin.h"

extern int signalbox_tests_elsewhere(void);

SIGNALBOX_EXPORT const signalbox_plugin* signalbox_broker_plugin_v1(void);

const signalbox_plugin* signalbox_broker_plugin_v1(void) { return signalbox_tests_elsewhere() ? NULL : NULL; }
