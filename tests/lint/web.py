#!/usr/bin/env python3
"""The console's texts: every language has every text of en.json and nothing else, with the same values in braces and the
plural forms that its grammar needs; every code of the schemas has a phrase, the one of proto/case_phrase_en.c in
English. When it is built: at most 60 kB of script and style, gzipped. usage: web.py [TOP]
"""
import gzip
import json
import pathlib
import re
import sys

SIZE_MAX = 60 * 1000
# The plural forms that integers take (Unicode CLDR).
FORMS = {"en": {"one", "other"}, "de": {"one", "other"}, "hu": {"one", "other"}, "it": {"one", "other"},
         "fr": {"one", "other"}, "es": {"one", "other"}, "pl": {"one", "few", "many"}, "ro": {"one", "few", "other"}}

top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
findings = []


def values(text):
    return set(re.findall(r"\{(\w+)\}", text))


def forms(text):
    return text if isinstance(text, dict) else {"other": text}


def check_text(where, language, text, english):
    given, wanted = forms(text), set().union(*(values(one) for one in forms(english).values()))
    if isinstance(text, dict) != isinstance(english, dict):
        findings.append(f"{where}: plural forms are wanted exactly where English has them")
    elif isinstance(text, dict) and len(english) > 1 and not FORMS[language] <= set(given):
        findings.append(f"{where}: lacks the forms {sorted(FORMS[language] - set(given))}")
    for form, one in given.items():
        if not one.strip():
            findings.append(f"{where}: is empty")
        missing = wanted - values(one) - ({"n"} if form == "one" else set())
        if missing or values(one) - wanted:
            findings.append(f"{where} ({form}): its values are {sorted(values(one))}, in English {sorted(wanted)}")


locales = {path.stem: json.loads(path.read_text()) for path in sorted((top / "web/locales").glob("*.json"))}
english = locales.get("en", {})
for language, texts in locales.items():
    findings += [f"{language}.json: {key} is missing" for key in sorted(english.keys() - texts.keys())]
    findings += [f"{language}.json: {key} is not in en.json" for key in sorted(texts.keys() - english.keys())]
    for key in sorted(english.keys() & texts.keys()):
        check_text(f"{language}.json: {key}", language, texts[key], english[key])

phrases = dict(re.findall(r'\{"([A-Z]\w*\.\w+)", "([^"]*)"\}', (top / "proto/case_phrase_en.c").read_text()))
if not phrases:
    findings.append("proto/case_phrase_en.c: no phrases found")
findings += [f"en.json: {key} is \"{english.get(key)}\", in proto/case_phrase_en.c \"{phrase}\""
             for key, phrase in phrases.items() if english.get(key) != phrase]

assets = [path for path in (top / "build/web/assets").glob("*") if path.suffix in (".js", ".css")]
size = sum(len(gzip.compress(path.read_bytes(), 9)) for path in assets)
if size > SIZE_MAX:
    findings.append(f"build/web: {size} bytes of script and style, gzipped (most: {SIZE_MAX})")

if findings:
    print("\n".join(findings))
    sys.exit(1)
print("ok lint web")
