/* ui - the few parts that every screen is made of. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Refused, Unreachable } from './api';
import { code, t } from './i18n';
import type { Key } from './i18n';
import type { Status } from './types';

/* What went wrong, in the node's words, beside the button. */
export function explain(error: unknown): string {
    if (error instanceof Unreachable) return t('error.unreachable');
    if (error instanceof Refused) return error.message;
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

export function Trouble({ text }: { text: string }): JSX.Element {
    return <div role="alert">{text !== '' && <p class="trouble">{text}</p>}</div>;
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

/* Moves the focus to the heading of a screen that was just opened, for those who listen. */
export function Title({ children, class: name }: { children: ComponentChildren; class?: string }): JSX.Element {
    const self = useRef<HTMLHeadingElement>(null);
    useEffect(() => self.current?.focus({ preventScroll: true }), []);
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
