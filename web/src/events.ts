/*
 * events - one event stream per browser: the tab that holds the lock reads it and tells the others. It comes back with
 * the number of the last event, so that nothing is lost; a `gap` reads everything again. Silence of 25 s counts as lost.
 */
import { mayRead, readAll, readCases, readDrafts, readLadder, readMembers, readNotes, readReferrals, readStatus, state, update } from './store';
import { get } from './api';
import { chime, notify, soundFor } from './duty';
import { parse } from './route';
import type { NodeEvent, NodeStatus } from './types';

const SILENCE_MS = 25_000;
const ANSWERS_MAX = 50;
const OFFLINE_AFTER_MS = 12_000;
const TYPES = [
    'case.received', 'case.updated', 'case.closed', 'case.retracted', 'case.expiring', 'case.expired', 'case.review',
    'case.escalated', 'case.conflict', 'reply.received', 'referral.received', 'ladder.changed', 'relay.accepted', 'relay.refused', 'relay.state',
    'roster.changed', 'members.changed', 'alarm', 'drafts.changed', 'notes.changed', 'case.break_glass', 'poster.withdraw', 'drill.sent', 'drill.missed', 'drill.refused', 'gap', 'heartbeat',
];

const CHIMES = ['alarm', 'reply.received', 'referral.received', 'case.break_glass', 'drill.missed', 'drill.refused'];
/* Ours too: a colleague has sent it, or the timetable. */
const CASE_CHANGES = ['reply.received', 'alarm', 'relay.accepted', 'drill.sent'];
const STATUS_CHANGES = ['relay.state', 'roster.changed', 'alarm', 'ladder.changed'];

type Listener = (event: NodeEvent) => void;
const listeners = new Set<Listener>();
/* Tells each event to the listener until the returned function is called. */
export function listen(listener: Listener): () => void {
    listeners.add(listener);
    return () => void listeners.delete(listener);
}

function heard(): void {
    const part: Partial<typeof state> = { heardAt: Date.now() };
    if (state.line !== 'live') Object.assign(part, { line: 'live', lostAt: 0, offlineSeen: false });
    update(part);
}
function lost(): void {
    if (state.line === 'live') update({ line: 'reconnecting', lostAt: Date.now() });
}

/* A sighting goes before all else. The case that is open on the screen has been read already. */
function answered(event: NodeEvent): void {
    const { name, rest } = parse(state.hash);
    if (((name === 'case' && rest[1] === event.reference) || (name === 'referrals' && event.type === 'referral.received')) && !document.hidden) return;
    const rank = (one: NodeEvent): number => (one.kind === 'SIGHTING' ? 0 : 1);
    update({ answers: [event, ...state.answers].sort((a, b) => rank(a) - rank(b)).slice(0, ANSWERS_MAX) });
    notify(event.status === 'EXERCISE');
}

/* Where the rules ask for a second person, what waits for one is looked for: a draft is written without an event. */
let beats = 0;
const approvalAsked = (): boolean => (state.status?.approval?.required.length ?? 0) > 0 && ++beats % 2 === 0;

function take(event: NodeEvent): void {
    const wasLost = state.line !== 'live';
    heard();
    if (wasLost || event.type === 'gap') void readAll();
    if (event.type === 'case.received' || event.type === 'case.retracted') soundFor(event);
    if (CHIMES.includes(event.type)) chime();
    if (event.type.startsWith('case.') || CASE_CHANGES.includes(event.type)) void readCases();
    if (STATUS_CHANGES.includes(event.type)) void readStatus();
    if (event.type === 'members.changed' || event.type === 'roster.changed') void readMembers();
    if (event.type === 'reply.received' || event.type === 'referral.received') answered(event);
    if (event.type === 'referral.received' || event.type === 'case.closed') void readReferrals();
    if (event.type === 'drafts.changed' || (event.type === 'heartbeat' && approvalAsked())) void readDrafts();
    if (event.type === 'notes.changed') void readNotes();
    if (event.type === 'case.break_glass' && event.by !== state.session?.user) update({ glass: event });
    if (event.type === 'ladder.changed' && event.opener === state.status?.member) moved(event);
    for (const listener of [...listeners]) listener(event);
}

/* A colleague's own case: nothing but its way tells of it here. */
function moved(event: NodeEvent): void {
    const one = state.sent.find((each) => each.case_id === event.case_id);
    void (one ? readLadder(one) : readCases());
}

let lastId = '';
let unread = true; /* the lists are older than the stream */
let source: EventSource | undefined;
let channel: BroadcastChannel | undefined;
let release: (() => void) | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;
let watch: ReturnType<typeof setInterval> | undefined;

function receive(message: MessageEvent<string>): void {
    if (message.lastEventId) lastId = message.lastEventId;
    const event = JSON.parse(message.data) as NodeEvent;
    take(event);
    channel?.postMessage({ event, lastId });
}

/* Who may not read cases has no stream; the line is asked for. */
async function ask(): Promise<void> {
    try {
        update({ status: await get<NodeStatus>('/v1/status') });
        heard();
    } catch {
        lost();
    }
}

function open(): void {
    clearTimeout(retry);
    if (!mayRead(state)) {
        void ask();
        retry = setTimeout(open, 10_000);
        return;
    }
    source?.close();
    source = new EventSource(`/v1/events${lastId ? `?after=${lastId}` : ''}`);
    for (const type of TYPES) source.addEventListener(type, receive as EventListener);
    source.onopen = () => {
        heard();
        if (unread) void readAll(); /* what happened between the reading and the stream */
        unread = false;
    };
    source.onerror = () => {
        unread = true;
        lost();
        channel?.postMessage('lost');
        source?.close();
        retry = setTimeout(open, 1500 + Math.random() * 1000);
    };
}

function look(): void {
    const now = Date.now();
    if (!state.status) void readStatus();
    if (state.line === 'live' && now - state.heardAt > SILENCE_MS) {
        lost();
        if (source) open();
    }
    if (state.line === 'reconnecting' && now - state.lostAt > OFFLINE_AFTER_MS) update({ line: 'offline' });
}

/* Holds the stream until stop(): every browser has one, whatever its number of tabs. */
function lead(): Promise<void> {
    open();
    return new Promise((done) => {
        release = done;
    });
}

export function start(): void {
    if (watch) return;
    unread = true;
    update({ line: 'live', heardAt: Date.now(), lostAt: 0 }); /* the node has just said who is logged in */
    watch = setInterval(look, 1000);
    channel = new BroadcastChannel('hotline-events');
    channel.onmessage = (message: MessageEvent<'lost' | { event: NodeEvent; lastId: string }>) => {
        if (message.data === 'lost') return lost();
        lastId = message.data.lastId;
        take(message.data.event);
    };
    void navigator.locks.request('hotline-stream', () => (watch ? lead() : undefined));
}

export function stop(): void {
    clearInterval(watch);
    clearTimeout(retry);
    watch = undefined;
    source?.close();
    source = undefined;
    channel?.close();
    channel = undefined;
    release?.();
}
