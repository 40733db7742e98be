/* A plugin of a later ABI: it has the entry of version 2 only. */
#include "signalbox/plugin.h"

SIGNALBOX_EXPORT const void* signalbox_broker_plugin_v2(void);

const void* signalbox_broker_plugin_v2(void) { return NULL; }
