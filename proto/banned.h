/*
 * banned - functions that nobody here may call, as compile errors (the build includes this file before every source).
 * Unbounded copies, formats without a size, hidden state, numbers without a way to see an error.
 */
#ifndef PROTO_BANNED_H
#define PROTO_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison atoi atol atoll localtime gmtime ctime asctime rand srand

#endif
