/* What the files of the conformance guest share. */
#include "stackhost.h"

sh_code route_log(sh_request *request, sh_response *response);
sh_code route_config(sh_request *request, sh_response *response);
sh_code route_secret(sh_request *request, sh_response *response);
sh_code route_supports(sh_request *request, sh_response *response);
sh_code route_fetch(sh_request *request, sh_response *response);
sh_code route_batch(sh_request *request, sh_response *response);
sh_code route_leak(sh_request *request, sh_response *response);
sh_code route_grow(sh_request *request, sh_response *response);

/* Makes the areas of the leak route before the snapshot. */
void prepare_leak(void);
/* A number of the query, or otherwise. */
int64_t query_number(const sh_request *request, const char *name, int64_t otherwise);
