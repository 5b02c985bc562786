/* qr: one path of an SVG, a rectangle for each run of dark modules. Reads nothing but the text that it is given. */
#include "node/qr.h"

#include <qrencode.h>
#include <string.h>

#define QUIET 4 /* modules around it, as the standard wants */

static void add_row(const QRcode *code, int y, struct buf *out)
{
    const unsigned char *row = code->data + (size_t)y * (size_t)code->width;
    for (int x = 0; x < code->width;) {
        int from = x;
        while (x < code->width && (row[x] & 1) != 0)
            x++;
        if (x > from)
            buf_printf(out, "M%d %dh%dv1h-%dz", from + QUIET, y + QUIET, x - from, x - from);
        else
            x++;
    }
}

int qr_svg(const char *text, struct buf *out)
{
    size_t len = strlen(text);
    if (len == 0 || len > QR_TEXT_MAX)
        return ERR_LIMIT;
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (code == NULL)
        return ERR_NOMEM;
    int side = code->width + 2 * QUIET;
    buf_printf(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
               "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"",
               side, side, side, side);
    for (int y = 0; y < code->width; y++)
        add_row(code, y, out);
    buf_add_text(out, "\"/></svg>\n");
    QRcode_free(code);
    return buf_broken(out) ? ERR_NOMEM : OK;
}
