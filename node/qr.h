/*
 * qr - a text as a QR code (ISO/IEC 18004, level M), drawn as SVG. The only file that knows libqrencode.
 */
#ifndef NODE_QR_H
#define NODE_QR_H

#include "proto/buf.h"
#include "proto/err.h"

#define QR_TEXT_MAX 200

/* Appends an SVG document, black on white with the quiet zone of four modules, that scales to any size. text: ASCII, 1
 * to QR_TEXT_MAX bytes. ERR_LIMIT, ERR_NOMEM. */
int qr_svg(const char *text, struct buf *out) MUST_CHECK;

#endif
