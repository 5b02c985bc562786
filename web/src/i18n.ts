/*
 * i18n - every text that a person reads comes from web/locales/. A text with a number is a set of plural forms; a word
 * is never glued to another. Names of countries and languages are the browser's own (Intl.DisplayNames).
 */
import type english from '../locales/en.json';

declare const LOCALE_URLS: Record<string, string>;

export type Key = keyof typeof english;
type Text = string | Record<string, string>;
type Values = Record<string, string | number>;

export const languages = Object.keys(LOCALE_URLS).sort();
const ownName = (language: string): string => new Intl.DisplayNames([language], { type: 'language' }).of(language) ?? language;
export const languageNames = new Map(languages.map((language) => [language, ownName(language)]));

const catalogues = new Map<string, Record<string, Text>>();
let current = 'en';

export const language = (): string => current;

export async function load(wanted: string): Promise<void> {
    if (catalogues.has(wanted)) return;
    const answer = await fetch(LOCALE_URLS[wanted] ?? LOCALE_URLS['en']!);
    if (!answer.ok) throw new Error(wanted);
    catalogues.set(wanted, (await answer.json()) as Record<string, Text>);
}

export async function use(wanted: string): Promise<void> {
    await load(wanted);
    current = wanted;
    document.documentElement.lang = wanted;
    try {
        localStorage.setItem('language', wanted);
    } catch {
        /* a browser that keeps nothing: chosen again next time */
    }
}

/* As chosen before, as the browser prefers, or English. */
export function preferred(): string {
    let chosen: string | null = null;
    try {
        chosen = localStorage.getItem('language');
    } catch {
        /* as above */
    }
    const wishes = [chosen ?? '', ...navigator.languages].map((wish) => wish.slice(0, 2));
    return wishes.find((wish) => languages.includes(wish)) ?? 'en';
}

function fill(text: string, values: Values): string {
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

export function tIn(reader: string, key: string, values: Values = {}): string {
    const text = catalogues.get(reader)?.[key] ?? catalogues.get('en')?.[key];
    if (text === undefined) return key;
    if (typeof text === 'string') return fill(text, values);
    const form = new Intl.PluralRules(reader).select(Number(values['n'] ?? 0));
    return fill(text[form] ?? text['other'] ?? key, values);
}

/* Texts of codes that a newer node may send: undefined when this version has none. */
export const maybe = (key: string, values: Values = {}): string | undefined =>
    catalogues.get('en')?.[key] === undefined ? undefined : tIn(current, key, values);

export const t = (key: Key, values: Values = {}): string => tIn(current, key, values);

/* A code of the schema in words: code('Category', 'RUNAWAY'). A code that this version does not know is shown as it is. */
export function code(type: string, name: string | number | undefined, reader = current): string {
    if (name === undefined || name === '') return '';
    const key = `${type}.${name}`;
    const text = tIn(reader, key);
    return text === key ? String(name) : text;
}

/* All codes of a type by their words, the vague ones last. */
export function codesOf(type: string): string[] {
    const names = Object.keys(catalogues.get('en') ?? {}).filter((key) => key.startsWith(`${type}.`)).map((key) => key.slice(type.length + 1));
    const vague = (name: string): number => (name === 'OTHER' || name === 'UNKNOWN' ? 1 : 0);
    return names.sort((a, b) => vague(a) - vague(b) || code(type, a).localeCompare(code(type, b), current));
}

/* As code(), for an adjective inside of a phrase: "Coat (blue)". */
export const inner = (type: string, name: string | undefined, reader = current): string =>
    code(type, name, reader).toLocaleLowerCase(reader);

function display(type: 'region' | 'language', value: string, reader: string): string {
    try {
        return new Intl.DisplayNames([reader], { type }).of(value) ?? value;
    } catch {
        return value;
    }
}
export const country = (value: string | undefined, reader = current): string => (value ? display('region', value, reader) : '');
export const spoken = (value: string, reader = current): string => display('language', value, reader);
/* A number with so many decimals, as the reader writes it. */
export const decimal = (value: number, digits = 1): string => new Intl.NumberFormat(current, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
export const list = (items: string[], reader = current): string =>
    new Intl.ListFormat(reader, { style: 'short', type: 'unit' }).format(items);
