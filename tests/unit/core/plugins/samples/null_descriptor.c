/* A plugin that has nothing to say for itself. */
#include <stddef.h>

#include "signalbox/plugin.h"

SIGNALBOX_EXPORT const signalbox_plugin* signalbox_broker_plugin_v1(void);

const signalbox_plugin* signalbox_broker_plugin_v1(void) { return NULL; }
