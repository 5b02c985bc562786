/* ui - the few parts that every screen is made of. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, Refused, Unreachable } from './api';
import { code, language, maybe, t } from './i18n';
import type { Key } from './i18n';
import type { LadderRow, Problem, Status, Step } from './types';

/*
 * A refusal in the reader's language, with the field's name when it is about one. What the node says in English stands
 * on the lines after the first: for those who look after the machines, behind a disclosure (Trouble).
 */
function refusal(problem: Problem): string {
    const words = maybe(`problem.${problem.code}`);
    const detail = problem.detail ?? problem.title;
    if (words === undefined || (language() === 'en' && detail && !OWN_WORDS.includes(problem.code))) return detail;
    if (OWN_WORDS.includes(problem.code) || !detail) return words;
    const field = problem.path && maybe(`f.${problem.path.replace(/^case\./, '').replace(/\[\d+\]/g, '')}`);
    return `${field ? t('problem.field', { words, field }) : words}\n${detail}`;
}
const OWN_WORDS = ['LOGIN', 'TOTP', 'TOO_MANY', 'STALE', 'CSRF'];

/* What this window itself does not let pass: words for the person, and no fault. */
export class Blocked extends Error {}

/* What went wrong, in words, beside the button. */
export function explain(error: unknown): string {
    if (error instanceof Unreachable) return t('error.unreachable');
    if (error instanceof Refused) return refusal(error.problem);
    if (error instanceof Blocked) return error.message;
    return t('error.unexpected', { what: error instanceof Error ? error.message : String(error) });
}

export interface Act {
    busy: boolean;
    error: string;
    run: () => void;
}

/* One act behind a button: not twice at a time, its refusal kept for display. */
export function useAct(act: () => Promise<unknown>): Act {
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState('');
    const running = useRef(false);
    const run = (): void => {
        if (running.current) return;
        running.current = true;
        setBusy(true);
        setError('');
        act().catch((caught: unknown) => setError(explain(caught))).finally(() => {
            running.current = false;
            setBusy(false);
        });
    };
    return { busy, error, run };
}

/* A list of the node, read now and whenever asked for. */
export function useList<T>(path: string): { items: T[] | undefined; error: string; absent: boolean; read: () => Promise<void> } {
    const [items, setItems] = useState<T[] | undefined>(undefined);
    const [error, setError] = useState('');
    const [absent, setAbsent] = useState(false);
    const read = async (): Promise<void> => {
        try {
            setItems((await get<{ items: T[] }>(path)).items);
            setError('');
        } catch (caught) {
            const none = caught instanceof Refused && caught.problem.status === 404;
            setAbsent(none); /* an older node keeps no such list */
            setError(none ? '' : explain(caught));
        }
    };
    useEffect(() => void read(), [path]);
    return { items, error, absent, read };
}

/* A wide table: scrolled by keyboard too, where it does not fit. */
export function Scroll({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
    return <div class="scroll" tabIndex={0} role="group" aria-label={name}>{children}</div>;
}

/* English words for IT, behind those in the reader's language. */
export function Detail({ text }: { text: string }): JSX.Element {
    return <details class="detail"><summary>{t('problem.detail')}</summary><p lang="en">{text}</p></details>;
}
/* What the node says, where nothing says it in the reader's language. */
export const English = ({ text }: { text: string }): JSX.Element => (language() === 'en' ? <span class="hint block">{text}</span> : <Detail text={text} />);
/* As explain() made it. */
export function Said({ text, id }: { text: string; id?: string }): JSX.Element {
    const [words = '', ...detail] = text.split('\n');
    return <div class="said"><p class="trouble" id={id}>{words}</p>{detail.length > 0 && <Detail text={detail.join('\n')} />}</div>;
}
export function Trouble({ text }: { text: string }): JSX.Element {
    return <div role="alert">{text !== '' && <Said text={text} />}</div>;
}

/* A button for a case says EXERCISE when the case is one. */
export function label(key: Key, status: Status | undefined): string {
    return status === 'EXERCISE' ? t('exercise.button', { act: t(key) }) : t(key);
}

export function Button(props: {
    children: ComponentChildren; act: Act | (() => void); kind?: 'main' | 'danger' | 'quiet' | 'plain'; class?: string;
    disabled?: boolean; focus?: boolean; describedby?: string;
}): JSX.Element {
    const act = typeof props.act === 'function' ? { busy: false, error: '', run: props.act } : props.act;
    const self = useRef<HTMLButtonElement>(null);
    useEffect(() => {
        if (props.focus) self.current?.focus();
    }, [props.focus]);
    return (
        <button type="button" ref={self} class={`${props.kind ?? 'plain'} ${props.class ?? ''}`} onClick={act.run}
            aria-disabled={act.busy} disabled={props.disabled} aria-describedby={props.describedby}>
            {props.children}
        </button>
    );
}

/* A screen that was just opened begins at its top; its heading gets the focus, for those who listen. */
export function Title({ children, class: name }: { children: ComponentChildren; class?: string }): JSX.Element {
    const self = useRef<HTMLHeadingElement>(null);
    useEffect(() => {
        scrollTo(0, 0);
        self.current?.focus({ preventScroll: true });
    }, []);
    return <h1 tabIndex={-1} ref={self} class={name}>{children}</h1>;
}

export function StatusMark({ status }: { status: Status | undefined }): JSX.Element | null {
    if (!status) return null;
    return <span class={`mark ${status === 'EXERCISE' ? 'mark-exercise' : 'mark-live'}`}>{status === 'EXERCISE' ? t('exercise.word') : t('live.word')}</span>;
}

export function UrgencyMark({ urgency }: { urgency: string | undefined }): JSX.Element | null {
    if (!urgency) return null;
    const sign = urgency === 'IMMEDIATE' ? '▲' : urgency === 'EXPECTED' ? '●' : '○';
    return <span class={`mark urgency-${urgency}`}><span aria-hidden="true">{sign} </span>{code('Urgency', urgency)}</span>;
}

/* How far up the ladder, and how many are there; who declined has not acknowledged. */
export const reached: Record<Step, number> = { QUEUED: 1, DELIVERED: 2, SHOWN: 3, ACKNOWLEDGED: 4, DECLINED: 4, ERASED: 4 };
export const atLeast = (rows: LadderRow[], least: number): number => rows.filter((row) => reached[row.state] >= least && (least < 4 || row.state !== 'DECLINED')).length;

let fieldNumber = 0;
export function useId(): string {
    const id = useRef('');
    if (id.current === '') id.current = `f${++fieldNumber}`;
    return id.current;
}

/* +351 210 000 000: the country's code apart, then groups of three. */
function readable(number: string): string {
    const parts = /^\+(3[578]\d|42\d|[17]|\d\d)(\d+)$/.exec(number);
    if (!parts) return number;
    return `+${parts[1]} ${parts[2]!.replace(/(\d{3})(?=\d\d)/g, '$1 ')}`;
}

export function Phone({ number }: { number: string | undefined }): JSX.Element | null {
    if (!number) return null;
    return <a class="phone" href={`tel:${number}`}>{readable(number)}</a>;
}
