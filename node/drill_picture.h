/*
 * drill_picture - the photo of an exercise that is sent at a time: pictures that people hand in do not wait for so
 * long. Everybody sees that it is none of a child: a hatched card that says EXERCISE three times. Pure.
 */
#ifndef NODE_DRILL_PICTURE_H
#define NODE_DRILL_PICTURE_H

#include "proto/buf.h"

#define DRILL_PICTURE_WIDTH 384
#define DRILL_PICTURE_HEIGHT 480

/* A PNG, always the same, appended; a broken buf says that memory was short. */
void drill_picture(struct buf *out);

#endif
