/* Exports one function, ENTRY, which is not the one that this host calls. */
#include <stdlib.h>

#include "signalbox/plugin.h"

SIGNALBOX_EXPORT const void* ENTRY(void);

/* The host may look at a foreign ABI's entry, never call it. */
const void* ENTRY(void) { abort(); }
