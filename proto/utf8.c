/* utf8: the strict decoder of RFC 3629. Reads only inside its slice. */
#include "utf8.h"

int32_t utf8_next(struct slice text, size_t *ret_len)
{
    static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = text.data[0];
    *ret_len = 1;
    if (first < 0x80)
        return first;
    size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.len < len)
        return -1;
    int32_t point = first & (0xff >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((text.data[i] & 0xc0) != 0x80)
            return -1;
        point = point << 6 | (text.data[i] & 0x3f);
    }
    if (point < least[len] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return -1;
    *ret_len = len;
    return point;
}

bool utf8_is_valid(struct slice text)
{
    while (text.len > 0) {
        size_t len;
        if (utf8_next(text, &len) < 0)
            return false;
        text.data += len;
        text.len -= len;
    }
    return true;
}

bool utf8_is_control(int32_t point)
{
    if (point < 0x20)
        return point != '\n' && point != '\t';
    return (point >= 0x7f && point <= 0x9f) || point == 0x061c || point == 0x200e || point == 0x200f ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}
