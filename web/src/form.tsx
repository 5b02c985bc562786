/*
 * form - the fields of an alert. Each is named by its path in the case ("child.hair.colour"), which is also the name of
 * its label and of what the node has to say about it. What is left empty is left out.
 */
import { createContext } from 'preact';
import type { ComponentChildren, JSX } from 'preact';
import { useContext } from 'preact/hooks';
import { code, codesOf, country, language, spoken, t } from './i18n';
import type { Key } from './i18n';
import { europe } from './europe';
import type { CaseBody } from './types';
import { Said, Trouble, useId } from './ui';

export interface Form {
    body: CaseBody;
    set: (body: CaseBody) => void;
    refused: string; /* path of the field that the node refused, from the case's root */
    why: string;
}
export const FormContext = createContext<Form>({ body: {}, set: () => {}, refused: '', why: '' });

type Node = Record<string, unknown>;
export function at(body: unknown, path: string): unknown {
    return path.split('.').reduce<unknown>((node, name) => (node as Node | undefined)?.[name], body);
}
const empty = (value: unknown): boolean =>
    value === undefined || value === '' || value === null || (Array.isArray(value) && value.length === 0) ||
    (typeof value === 'object' && !Array.isArray(value) && Object.keys(value as Node).length === 0);

/* A copy with another value at the path; empty parts are left out. */
export function put<T>(body: T, path: string, value: unknown): T {
    const [name = '', ...rest] = path.split('.');
    const copy = { ...(body as Node) };
    const next = rest.length > 0 ? put((copy[name] as Node) ?? {}, rest.join('.'), value) : value;
    if (empty(next)) delete copy[name];
    else copy[name] = next;
    return copy as T;
}

interface Common {
    path: string;
    star?: boolean;
    hint?: Key;
}
export const labelOf = (path: string): string => t(`f.${path}` as Key);

export function useField(path: string): { value: unknown; set: (value: unknown) => void; error: string } {
    const form = useContext(FormContext);
    return {
        value: at(form.body, path),
        set: (value) => form.set(put(form.body, path, value)),
        error: form.refused === path || form.refused.startsWith(`${path}[`) ? form.why : '',
    };
}

function Frame({ path, star, hint, id, error, children }: Common & { id: string; error: string; children: ComponentChildren }): JSX.Element {
    return (
        <div class={`field ${error ? 'field-bad' : ''}`} data-path={path}>
            <label for={id}>{labelOf(path)}{star && <Star />}</label>
            {children}
            {hint && <p class="hint" id={`${id}-hint`}>{t(hint)}</p>}
            {error && <div role="alert"><Said id={`${id}-bad`} text={error} /></div>}
        </div>
    );
}
export const Star = (): JSX.Element => <span class="star"> * <span class="hidden">{t('field.required')}</span></span>;

const describedBy = (id: string, hint: unknown, error: string): string | undefined =>
    [hint ? `${id}-hint` : '', error ? `${id}-bad` : ''].filter(Boolean).join(' ') || undefined;

export function Text(props: Common & { max?: number; rows?: number; type?: 'text' | 'tel'; clean?: (text: string) => string; ready?: string[] }): JSX.Element {
    const { value, set, error } = useField(props.path);
    const id = useId();
    const shared = {
        id, maxLength: props.max ?? 120, value: (value as string | undefined) ?? '', 'aria-required': props.star,
        'aria-invalid': error !== '', 'aria-describedby': describedBy(id, props.hint, error),
    };
    const change = (text: string): void => set(props.clean ? props.clean(text) : text);
    return (
        <Frame {...props} id={id} error={error}>
            {props.rows ? <textarea {...shared} rows={props.rows} onInput={(event) => change(event.currentTarget.value)} />
                : props.type === 'tel' ? <input {...shared} type="tel" onInput={(event) => change(event.currentTarget.value)} />
                    : <input {...shared} type="text" onInput={(event) => change(event.currentTarget.value)} />}
            {props.ready && <div class="row ready">{props.ready.map((one) => <button key={one} type="button" class="quiet" onClick={() => set(one)}>{one}</button>)}</div>}
        </Frame>
    );
}

export function Day(props: Common): JSX.Element {
    const { value, set, error } = useField(props.path);
    const id = useId();
    return (
        <Frame {...props} id={id} error={error}>
            <input id={id} type="date" value={(value as string | undefined) ?? ''} aria-invalid={error !== ''} aria-describedby={describedBy(id, props.hint, error)} onInput={(event) => set(event.currentTarget.value)} />
        </Frame>
    );
}

export function Numeric(props: Common & { least: number; most: number }): JSX.Element {
    const { value, set, error } = useField(props.path);
    const id = useId();
    const change = (text: string): void => {
        const number = Number.parseInt(text, 10);
        set(Number.isNaN(number) ? undefined : number);
    };
    return (
        <Frame {...props} id={id} error={error}>
            <input id={id} type="number" inputMode="numeric" min={props.least} max={props.most} value={(value as number | undefined) ?? ''} aria-required={props.star}
                aria-invalid={error !== ''} aria-describedby={describedBy(id, props.hint, error)} onInput={(event) => change(event.currentTarget.value)} />
        </Frame>
    );
}

export function Select(props: Common & { options: { value: string; text: string }[] }): JSX.Element {
    const { value, set, error } = useField(props.path);
    const id = useId();
    return (
        <Frame {...props} id={id} error={error}>
            <select id={id} value={(value as string | undefined) ?? ''} aria-required={props.star} aria-invalid={error !== ''}
                aria-describedby={describedBy(id, props.hint, error)} onChange={(event) => set(event.currentTarget.value)}>
                <option value="">{props.star ? t('choose') : t('field.unknown')}</option>
                {props.options.map((one) => <option key={one.value} value={one.value}>{one.text}</option>)}
            </select>
        </Frame>
    );
}
export const options = (type: string): { value: string; text: string }[] =>
    codesOf(type).map((name) => ({ value: name, text: code(type, name) }));
export const Coded = (props: Common & { type: string }): JSX.Element => <Select {...props} options={options(props.type)} />;
/* One of a few codes, all to be seen: one click, and back to unknown by another. */
export function Pick(props: Common & { type: string }): JSX.Element {
    const { value, set, error } = useField(props.path);
    const id = useId();
    const known = value === 'UNKNOWN' ? undefined : value;
    const chip = (one: string | undefined, text: string): JSX.Element => (
        <label key={text} class="chip"><input type="radio" name={id} checked={known === one} onChange={() => set(one)} />{text}</label>
    );
    return (
        <fieldset class={`pick ${error ? 'field-bad' : ''}`} data-path={props.path}>
            <legend>{labelOf(props.path)}</legend>
            {options(props.type).filter((one) => one.value !== 'UNKNOWN').map((one) => chip(one.value, one.text))}
            {chip(undefined, t('field.unknown'))}
            {error && <Trouble text={error} />}
        </fieldset>
    );
}
export const Country = (props: Common): JSX.Element =>
    <Select {...props} options={europe().map((one) => ({ value: one, text: country(one) }))} />;

export function Check(props: { path: string; danger?: boolean }): JSX.Element {
    const { value, set } = useField(props.path);
    return (
        <label class={`check ${props.danger ? 'check-danger' : ''}`} data-path={props.path}>
            <input type="checkbox" checked={value === true} onChange={(event) => set(event.currentTarget.checked || undefined)} />{labelOf(props.path)}
        </label>
    );
}

/* One of a few, all of them to be seen, none chosen beforehand. */
export function Radios(props: Common & { choices: { value: unknown; text: string; hint?: string }[] }): JSX.Element {
    const { value, set, error } = useField(props.path);
    const id = useId();
    return (
        <fieldset class={error ? 'field-bad' : ''} data-path={props.path}>
            <legend>{labelOf(props.path)}{props.star && <Star />}</legend>
            <div class="choices">
                {props.choices.map((one) => (
                    <label key={one.text} class="check">
                        <input type="radio" name={id} checked={value === one.value} onChange={() => set(one.value)} />
                        <span>{one.text}{one.hint && <span class="hint block">{one.hint}</span>}</span>
                    </label>
                ))}
            </div>
            {error && <Trouble text={error} />}
        </fieldset>
    );
}

/* Several of many: those chosen come first, the others unfold. */
export function Several(props: Common & { choices: { value: string; text: string }[]; few?: string[] }): JSX.Element {
    const { value, set, error } = useField(props.path);
    const chosen = (value as string[] | undefined) ?? [];
    const toggle = (one: string): void => set(chosen.includes(one) ? chosen.filter((other) => other !== one) : [...chosen, one]);
    const first = new Set([...(props.few ?? []), ...chosen]);
    const chip = (one: { value: string; text: string }): JSX.Element => (
        <label key={one.value} class="chip"><input type="checkbox" checked={chosen.includes(one.value)} onChange={() => toggle(one.value)} />{one.text}</label>
    );
    const rest = props.choices.filter((one) => !first.has(one.value));
    return (
        <fieldset class={error ? 'field-bad' : ''} data-path={props.path}>
            <legend>{labelOf(props.path)}{props.star && <Star />}</legend>
            {props.hint && <p class="hint">{t(props.hint)}</p>}
            <div class="chips">{props.choices.filter((one) => first.has(one.value)).map(chip)}</div>
            {rest.length > 0 && (props.few || chosen.length > 0
                ? <details><summary>{t('field.more')}</summary><div class="chips">{rest.map(chip)}</div></details>
                : <div class="chips">{rest.map(chip)}</div>)}
            {error && <Trouble text={error} />}
        </fieldset>
    );
}

const SPOKEN = ['en', 'de', 'fr', 'es', 'it', 'pl', 'ro', 'hu', 'nl', 'pt', 'el', 'bg', 'cs', 'sk', 'sl', 'hr', 'bs', 'sr', 'mk', 'sq', 'da', 'sv', 'nb', 'fi', 'is',
    'et', 'lv', 'lt', 'uk', 'ru', 'be', 'tr', 'ar', 'ku', 'fa', 'ps', 'ti', 'am', 'so', 'ur', 'bn', 'hi', 'zh', 'vi', 'ka', 'hy', 'rom', 'ga', 'mt', 'ca', 'wo', 'ff'];
/* The first official language of a country, as its people write it on a form: "pt" of PT. */
export const tongueOf = (country: string): string => (country ? new Intl.Locale(`und-${country}`).maximize().language : language());
export const spokenChoices = (): { value: string; text: string }[] =>
    SPOKEN.map((one) => ({ value: one, text: spoken(one) })).sort((a, b) => a.text.localeCompare(b.text));
