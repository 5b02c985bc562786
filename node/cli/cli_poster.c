/* cli_poster: the page. Knows eight languages' words (those of web/locales/), and of the case only what is named here.
 */
#include "cli_poster.h"

#include <inttypes.h>
#include <string.h>

/* The words of a poster, as the console's catalogues have them. */
static const struct words {
    const char *language, *help, *seen, *call, *until, *after, *exercise, *away;
} languages[] = {
    {"en", "Help find", "Last seen:", "Have you seen this child? Call", "valid until ", "; to be taken down after that",
     "EXERCISE – not a real case", "Do not approach. Call the police."},
    {"fr", "Aidez à retrouver", "Vu pour la dernière fois :", "Avez-vous vu cet enfant ? Appelez le",
     "valable jusqu'au ", " ; à retirer ensuite", "EXERCICE – pas un cas réel", "Ne pas approcher. Appeler la police."},
    {"de", "Bitte helfen Sie suchen", "Zuletzt gesehen:", "Haben Sie dieses Kind gesehen? Rufen Sie an:", "gültig bis ",
     "; danach abzunehmen", "ÜBUNG – kein echter Fall", "Nicht ansprechen. Polizei rufen."},
    {"es", "Ayude a encontrar a", "Visto por última vez:", "¿Ha visto a este menor? Llame al", "válido hasta ",
     "; retírese después", "SIMULACRO – no es un caso real", "No acercarse. Llame a la policía."},
    {"it", "Aiutateci a trovare", "Visto per l'ultima volta:", "Avete visto questo minore? Chiamate", "valido fino a ",
     "; poi da rimuovere", "ESERCITAZIONE – non è un caso reale", "Non avvicinarsi. Chiamare la polizia."},
    {"pl", "Pomóż odnaleźć", "Ostatnio widziano:", "Widziano to dziecko? Proszę dzwonić:", "ważne do ", "; potem zdjąć",
     "ĆWICZENIE – to nie jest prawdziwa sprawa", "Nie podchodzić. Wezwać policję."},
    {"ro", "Ajutați la găsirea copilului", "Văzut ultima dată:", "Ați văzut acest copil? Sunați la", "valabil până la ",
     "; apoi de dat jos", "EXERCIȚIU – nu este un caz real", "Nu vă apropiați. Sunați poliția."},
    {"hu", "Segítsen megtalálni", "Utoljára látták:", "Látta ezt a gyermeket? Hívja:", "érvényes: ", "; utána leveendő",
     "GYAKORLAT – nem valódi eset", "Ne közelítse meg. Hívja a rendőrséget."},
};

static const struct words *words_of(const char *language)
{
    for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++)
        if (strcmp(languages[i].language, language) == 0)
            return &languages[i];
    return NULL;
}

bool cli_poster_speaks(const char *language)
{
    return words_of(language) != NULL;
}

/* ---- parts ---- */

/* Text, and never markup. */
static void add_text(struct buf *page, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *entity = *text == '<' ? "&lt;" :
            *text == '>'                  ? "&gt;" :
            *text == '&'                  ? "&amp;" :
            *text == '"'                  ? "&quot;" :
            *text == '\''                 ? "&#39;" :
                                            NULL;
        if (entity != NULL)
            buf_add_text(page, entity);
        else
            buf_add_u8(page, (uint8_t)*text);
    }
}

static void add_line(struct buf *page, const char *class, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    buf_printf(page, "<p class=\"%s\">", class);
    add_text(page, text);
    buf_add_text(page, "</p>\n");
}

/* RFC 4648. */
static void add_base64(struct buf *page, struct slice bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t group = (uint32_t)bytes.data[i] << 16 | (left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0) |
            (left > 2 ? bytes.data[i + 2] : 0);
        buf_add_u8(page, (uint8_t)digits[group >> 18]);
        buf_add_u8(page, (uint8_t)digits[group >> 12 & 63]);
        buf_add_u8(page, (uint8_t)(left > 1 ? digits[group >> 6 & 63] : '='));
        buf_add_u8(page, (uint8_t)(left > 2 ? digits[group & 63] : '='));
    }
}

static void add_photo(struct buf *page, struct slice photo)
{
    if (photo.len == 0)
        return;
    buf_add_text(page, "<img class=\"photo\" alt=\"\" src=\"data:image/jpeg;base64,");
    add_base64(page, photo);
    buf_add_text(page, "\">\n");
}

/* "2026-11-21T09:40:00.000Z" as "2026-11-21 09:40 UTC": the same in all languages. */
static void add_time(struct buf *page, const char *time)
{
    if (time != NULL && strlen(time) >= 16)
        buf_printf(page, "%.10s %.5s UTC", time, time + 11);
}

/* "Leonor Duarte, 12": the family name unless it is hidden. */
static void add_name(struct buf *page, const struct jdoc *child)
{
    const char *given = jdoc_get_text(child, "given_name", NULL), *family = jdoc_get_text(child, "family_name", "");
    int64_t age = jdoc_get_int(child, "age_years", -1), least = jdoc_get_int(child, "age_min_years", -1);
    buf_add_text(page, "<p class=\"name\">");
    if (given == NULL)
        given = jdoc_text(jdoc_at(jdoc_get(child, "aliases"), 0));
    add_text(page, given != NULL ? given : "");
    if (family[0] != '\0' && !jdoc_get_bool(child, "family_name_hidden", false)) {
        buf_add_u8(page, ' ');
        add_text(page, family);
    }
    if (age >= 0)
        buf_printf(page, ", %" PRId64, age);
    else if (least >= 0)
        buf_printf(page, ", %" PRId64 "\u2013%" PRId64, least, jdoc_get_int(child, "age_max_years", least));
    if (jdoc_get_int(child, "height_cm", 0) > 0)
        buf_printf(page, " \u00b7 %" PRId64 " cm", jdoc_get_int(child, "height_cm", 0));
    buf_add_text(page, "</p>\n");
}

static void add_seen(struct buf *page, const struct words *words, const struct jdoc *seen)
{
    const char *place = jdoc_get_text(seen, "place", ""), *country = jdoc_get_text(seen, "country", "");
    buf_printf(page, "<p>%s <strong>", words->seen);
    add_time(page, jdoc_get_text(seen, "at", NULL));
    if (jdoc_get_text(seen, "at", NULL) != NULL && place[0] != '\0')
        buf_add_text(page, " \u00b7 ");
    add_text(page, place);
    buf_add_text(page, country[0] != '\0' ? " (" : "");
    add_text(page, country);
    buf_add_text(page, country[0] != '\0' ? ")</strong></p>\n" : "</strong></p>\n");
}

static void add_call(struct buf *page, const struct words *words, const struct cli_poster *sheet)
{
    buf_printf(page, "<div class=\"call\"><p>%s<br><strong>", words->call);
    add_text(page, jdoc_get_text(sheet->poster, "phone", ""));
    buf_add_text(page, "</strong></p>");
    buf_add_text(page, sheet->qr);
    buf_add_text(page, "</div>\n<p class=\"foot\">");
    add_text(page, jdoc_get_text(sheet->view, "reference", ""));
    buf_printf(page, " \u00b7 %s", words->until);
    add_time(page, jdoc_get_text(sheet->poster, "valid_until", NULL));
    buf_printf(page, "%s</p>\n", words->after);
}

/* ---- the page ---- */

static const char style[] =
    "html{background:#fff;color:#000;font-family:sans-serif;text-align:center}"
    "body{margin:0 auto;box-sizing:border-box;display:flex;flex-direction:column;align-items:center;gap:3mm;"
    "overflow-wrap:anywhere;font-size:15pt}"
    "p{margin:0}h1{margin:0;font-size:40pt;color:#a8071a}.name{font-size:32pt;font-weight:bold}"
    ".photo{max-width:100%;min-height:0;flex:1 1 0;object-fit:contain}"
    ".exercise{font-size:22pt;font-weight:bold;border:2mm dashed #4f2d8f;color:#4f2d8f;padding:2mm 6mm}"
    ".away{font-weight:bold}.call{display:flex;align-items:center;justify-content:space-between;gap:6mm;width:100%;"
    "border-top:1.5mm solid #a8071a;padding-top:3mm;text-align:left;font-size:20pt}"
    ".call strong{font-size:38pt}.call svg{width:38mm;height:38mm;flex:none}.foot{font-size:10pt}";

int cli_poster_write(const struct cli_poster *sheet, struct buf *page)
{
    const struct words *words = words_of(jdoc_get_text(sheet->poster, "language", ""));
    const struct jdoc *body = jdoc_get(sheet->view, "case");
    bool square = strcmp(jdoc_get_text(sheet->poster, "form", ""), "square") == 0;
    if (words == NULL)
        return ERR_UNKNOWN;
    buf_printf(page,
               "<!doctype html>\n<html lang=\"%s\">\n<head><meta charset=\"utf-8\">"
               "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
               "'unsafe-inline'\"><title>%s</title>\n<style>@page{size:%s;margin:0}%s"
               "body{width:210mm;height:%smm;padding:12mm}</style></head>\n<body>\n",
               words->language, words->help, square ? "210mm 210mm" : "A4 portrait", style, square ? "210" : "297");
    if (strcmp(jdoc_get_text(sheet->view, "status", ""), "EXERCISE") == 0)
        add_line(page, "exercise", words->exercise);
    buf_printf(page, "<h1>%s</h1>\n", words->help);
    add_photo(page, sheet->photo);
    add_name(page, jdoc_get(body, "child"));
    add_seen(page, words, jdoc_get(body, "last_seen"));
    if (jdoc_get_bool(body, "do_not_approach", false))
        add_line(page, "away", words->away);
    add_call(page, words, sheet);
    buf_add_text(page, "</body>\n</html>\n");
    return buf_broken(page) ? ERR_NOMEM : OK;
}
