/* near: edit distance of two short words. Fixed memory, whatever the words. */
#include "near.h"

#include <string.h>

#define WORD_MAX 47

static int lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

int near_distance(const char *a, const char *b)
{
    int rows[3][WORD_MAX + 1];
    int a_len = (int)strnlen(a, WORD_MAX), b_len = (int)strnlen(b, WORD_MAX);
    for (int j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (int i = 1; i <= a_len; i++) {
        int *now = rows[i % 3];
        const int *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= b_len; j++) {
            int x = lower((unsigned char)a[i - 1]), y = lower((unsigned char)b[j - 1]);
            now[j] = least(least(last[j] + 1, now[j - 1] + 1), last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower((unsigned char)b[j - 2]) && y == lower((unsigned char)a[i - 2]))
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

int near_enough(const char *a, const char *b)
{
    int len = (int)strnlen(b, WORD_MAX);
    return near_distance(a, b) <= (len < 3 ? 1 : len / 3);
}
