/*
 * duty - the armed console: says to the node that somebody sits here, sounds the alarm for what is urgent, and is the
 * only tab of this browser that does.
 */
import * as alarm from './alarm';
import { call, casePath, Refused } from './api';
import { t } from './i18n';
import { state, update, urgentOnes } from './store';
import type { CaseSummary, NodeEvent } from './types';

const ALIVE_MS = 10_000;
const console_id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
let alive: ReturnType<typeof setInterval> | undefined;
let giveUp: (() => void) | undefined;
let spoken: string[] = []; /* languages of this shift */

/* What the people at this console speak, as they said when they armed it. */
export const shiftLanguages = (): string[] => (state.armedAt ? spoken : []);

/* The lock says which tab sounds. False: another tab has it. */
function takeSound(): Promise<boolean> {
    return new Promise((answer) => {
        void navigator.locks.request('hotline-alarm', { ifAvailable: true }, (lock) => {
            answer(lock !== null);
            return lock === null ? undefined : new Promise<void>((done) => (giveUp = done));
        });
    });
}

/* The node forgets its consoles when it restarts, and may be away: it is told again until it knows. */
async function stayAlive(): Promise<void> {
    try {
        if (state.armedKnown) await call('POST', '/v1/console/alive', { body: { console: console_id } });
        else await call('POST', '/v1/console/arm', { body: { console: console_id, user: state.session?.user ?? '', languages: spoken } });
        if (!state.armedKnown && state.armedAt) update({ armedKnown: true });
    } catch (error) {
        if (state.armedKnown) update({ armedKnown: false });
        if (error instanceof Refused && error.problem.status === 401) quit();
    }
}

async function keepScreenOn(): Promise<void> {
    try {
        await navigator.wakeLock?.request('screen');
    } catch {
        /* a wish only */
    }
}

/* From a click. The alarm sounds here from now on, whatever the node says; false when another tab is armed already. */
export async function arm(languages: string[]): Promise<boolean> {
    if (!(await takeSound())) {
        update({ soundElsewhere: true });
        return false;
    }
    spoken = languages;
    update({ armedAt: Date.now(), armedKnown: false, soundElsewhere: false });
    await stayAlive();
    clearInterval(alive);
    alive = setInterval(() => void stayAlive(), ALIVE_MS);
    void keepScreenOn();
    tend();
    return true;
}

function quit(): void {
    clearInterval(alive);
    giveUp?.();
    giveUp = undefined;
    alarm.stop();
    update({ armedAt: 0, armedKnown: false });
}

export async function disarm(): Promise<void> {
    quit();
    try {
        await call('POST', '/v1/console/disarm', { body: { console: console_id } });
    } catch {
        /* the node notices by itself that nobody is alive here */
    }
}

/* ---- the sound follows what is urgent ---- */

const LIST_FOLLOWS_MS = 5000;
let heardOf = 0; /* when the last urgent event came: the list may not have it yet */
const answered = new Set<string>();
const nameOf = (one: { case_id?: string; revision?: number }): string => `${one.case_id}/${one.revision}`;

/* At the event itself, before any list was read: seconds count. The list, once it can know of it, then decides. */
export function soundFor(event: NodeEvent): void {
    if (!state.armedAt) return;
    if (event.urgency !== 'IMMEDIATE') return alarm.chime();
    if (document.documentElement.dataset['alarm'] !== 'live') alarm.start(event.status === 'EXERCISE' ? 'exercise' : 'live');
    heardOf = Date.now();
    notify(event.status === 'EXERCISE');
}

/* Something to look at that wakes nobody: an answer came, or somebody is late. */
export function chime(): void {
    if (state.armedAt) alarm.chime();
}

/* Nothing of a case is in it: other people may see the screen. */
export function notify(exercise: boolean): void {
    if (!('Notification' in window) || Notification.permission !== 'granted' || !document.hidden) return;
    const notice = new Notification(t(exercise ? 'notice.exercise' : 'notice.live'), { tag: 'hotline', requireInteraction: !exercise });
    notice.onclick = () => window.focus();
}

/* The person has answered here; the list may lag behind. */
export function calm(one: CaseSummary): void {
    answered.add(nameOf(one));
    heardOf = 0;
    tend();
}
export const waiting = (): CaseSummary[] => urgentOnes().filter((one) => !answered.has(nameOf(one)));

/* A window that is not armed, and was asked for its sound while something waits: until that is answered. */
let askedHere = false;
export function soundHere(): void {
    askedHere = true;
    tend();
}

/* Starts, changes or ends the sound as the list says. */
export function tend(): void {
    const first = waiting()[0];
    if (!first && Date.now() - heardOf > LIST_FOLLOWS_MS) alarm.stop();
    if (!first) {
        askedHere = false;
        return;
    }
    if (state.armedAt || askedHere) alarm.start(first.status === 'EXERCISE' ? 'exercise' : 'live');
}

/* Tells the publisher that it stands on a screen in front of an armed console. */
export async function shown(one: { member: string; reference: string; revision: number }): Promise<void> {
    if (!state.armedAt || document.visibilityState !== 'visible') return;
    try {
        await call('POST', `${casePath(one.member, one.reference)}/shown`, { body: { revision: one.revision } });
    } catch {
        /* said again with the next drawing */
    }
}
