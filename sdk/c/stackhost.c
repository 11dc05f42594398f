/* The SDK's source in one translation unit: compile this file together with yours. */
#include "stackhost.h"

#include "src/internal.h"

#define STACKHOST_ABI_TABLES
#include "stackhost_abi.h"

#include "src/memory.c"
#include "src/text.c"
#include "src/decode.c"
#include "src/encode.c"
#include "src/json.c"
#include "src/random.c"
#include "src/host.c"
#include "src/state.c"
#include "src/http.c"
#include "src/guest.c"
#include "src/command.c"
