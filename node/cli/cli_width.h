/*
 * cli_width - the columns that a character takes on a terminal.
 */
#ifndef NODE_CLI_WIDTH_H
#define NODE_CLI_WIDTH_H

#include <stdint.h>

/* 0 for controls, combining and formatting characters, 2 for wide ones (East Asian, emoji), else 1. */
int cli_width_of(uint32_t character);

#endif
