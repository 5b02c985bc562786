/*
 * store - what the console knows, in one object, and who draws it. Parts change by update() alone. Lists are read anew
 * from the node after each event that touches them: the node is right, the browser only shows.
 */
import { useEffect, useState } from 'preact/hooks';
import { casePath, get, Refused } from './api';
import type { CaseSummary, CaseView, DraftSummary, LadderRow, Member, NodeEvent, NodeStatus, Note, Referral, Session } from './types';

/* One recipient of a case of ours that is late: whom to call. */
export interface Stall {
    one: CaseSummary;
    row: LadderRow;
}

/* Starting: the node answers, and has not said yet how it stands with its relays. */
export type Line = State['line'] | 'starting';

export interface State {
    session: Session | null | undefined; /* undefined: not asked yet */
    line: 'live' | 'reconnecting' | 'offline'; /* this browser to its node */
    heardAt: number;
    lostAt: number; /* since when the line is not live; 0: it is */
    received: CaseSummary[];
    sent: CaseSummary[];
    loaded: boolean;
    drafts: DraftSummary[];
    members: Member[];
    status: NodeStatus | undefined;
    armedAt: number; /* 0: not armed */
    armedKnown: boolean; /* the node knows it too */
    soundElsewhere: boolean; /* another tab of this browser sounds the alarm */
    offlineSeen: boolean; /* the offline screen was put aside */
    exercise: boolean; /* what is on the screen is an exercise: the whole window shows it */
    ladders: Record<string, LadderRow[]>; /* of our own open cases, by case id */
    stalls: Stall[]; /* our own open cases that somebody has not answered in time */
    answers: NodeEvent[]; /* what other hotlines wrote and nobody has opened here, the newest first */
    glass: NodeEvent | undefined; /* somebody here has sent without the second person */
    referrals: Referral[] | undefined;
    notes: Note[] | undefined; /* undefined: not read, or the node keeps none */
    hash: string;
    languageVersion: number;
}

export const state: State = {
    session: undefined,
    line: 'reconnecting',
    heardAt: Date.now(),
    lostAt: Date.now(),
    received: [],
    sent: [],
    loaded: false,
    drafts: [],
    members: [],
    status: undefined,
    armedAt: 0,
    armedKnown: false,
    soundElsewhere: false,
    offlineSeen: false,
    exercise: false,
    ladders: {},
    stalls: [],
    answers: [],
    glass: undefined,
    referrals: undefined,
    notes: undefined,
    hash: location.hash,
    languageVersion: 0,
};

const listeners = new Set<() => void>();

export function update(part: Partial<State>): void {
    Object.assign(state, part);
    for (const listener of [...listeners]) listener();
}

/* Draws the component again after each update. */
export function useStore(): State {
    const [, draw] = useState(0);
    useEffect(() => {
        const listener = (): void => draw((n) => n + 1);
        listeners.add(listener);
        return () => void listeners.delete(listener);
    }, []);
    return state;
}

/* The time, again and again. */
export function useNow(everyMs = 1000): number {
    const [now, setNow] = useState(Date.now());
    useEffect(() => {
        const timer = setInterval(() => setNow(Date.now()), everyMs);
        return () => clearInterval(timer);
    }, [everyMs]);
    return now;
}

/* While the component is on the screen and `exercise` is true, the whole window is in exercise mode. */
export function useExercise(exercise: boolean): void {
    useEffect(() => {
        update({ exercise });
        return () => update({ exercise: false });
    }, [exercise]);
}

/* Who looks after the machines reads no cases. */
export const may = (now: State, what: string): boolean => now.session?.may?.includes(what) ?? now.session?.role !== 'it';
export const mayRead = (now: State): boolean => may(now, 'READ');

/* ---- reading ---- */

let onAsked: () => void = () => {};
/* Acts when a draft begins to wait for this person's approval. */
export function whenAsked(act: () => void): void {
    onAsked = act;
}


interface Page<T> {
    items: T[];
    next_cursor?: string | null;
}

/* One reading at a time of each list; asked for again meanwhile, it reads once more. */
function reader(read: () => Promise<void>): () => Promise<void> {
    let running: Promise<void> | undefined;
    let again = false;
    const run = async (): Promise<void> => {
        do {
            again = false;
            try {
                await read();
            } catch {
                /* the line's state says it; the next event reads again */
            }
        } while (again);
        running = undefined;
    };
    return () => {
        if (running) again = true;
        else running = run();
        return running!;
    };
}

export const readCases = reader(async () => {
    if (!mayRead(state)) return;
    const [received, sent] = await Promise.all([
        get<Page<CaseSummary>>('/v1/cases?box=received&limit=500'),
        get<Page<CaseSummary>>('/v1/cases?box=sent&limit=500'),
    ]);
    update({ received: received.items, sent: sent.items, loaded: true });
    void readLadders();
});
export const readDrafts = reader(async () => {
    if (!may(state, 'DRAFT')) return;
    const had = new Set(state.drafts.filter(waitsForApproval).map((one) => one.id));
    update({ drafts: (await get<Page<DraftSummary>>('/v1/drafts')).items });
    if (state.drafts.some((one) => waitsForApproval(one) && mayApprove(state, one) && !had.has(one.id))) onAsked();
});
export const readMembers = reader(async () => update({ members: (await get<Page<Member>>('/v1/members')).items }));
export const readStatus = reader(async () => {
    const status = await get<NodeStatus>('/v1/status');
    update({ status });
    if ((status.late ?? 0) !== state.stalls.length) void readLadders();
});
const LADDERS_LOOKED_AT = 20;
function takeLadders(ladders: Record<string, LadderRow[]>): void {
    const stalls = state.sent.flatMap((one) => (one.state === 'OPEN' ? (ladders[one.case_id] ?? []) : []).filter((row) => row.late).map((row) => ({ one, row })));
    update({ ladders, stalls });
}
/* How far our open cases are and who is late with which: the newest ones. */
export const readLadders = reader(async () => {
    if (!mayRead(state)) return;
    const open = state.sent.filter((one) => one.state === 'OPEN').slice(0, LADDERS_LOOKED_AT);
    const views = await Promise.all(open.map((one) => get<CaseView>(casePath(one.member, one.reference))));
    takeLadders(Object.fromEntries(views.map((one) => [one.case_id, one.ladder])));
});
/* One of them has moved. */
export async function readLadder(one: CaseSummary): Promise<void> {
    try {
        const view = await get<CaseView>(casePath(one.member, one.reference));
        takeLadders({ ...state.ladders, [view.case_id]: view.ladder });
    } catch {
        /* as above */
    }
}
export const readNotes = reader(async () => {
    try {
        if (may(state, 'NOTES')) update({ notes: (await get<Page<Note>>('/v1/notes')).items });
    } catch (error) {
        if (error instanceof Refused) update({ notes: undefined });
    }
});
export const readReferrals = reader(async () => {
    if (mayRead(state)) update({ referrals: (await get<Page<Referral>>('/v1/referrals')).items });
});
export const readAll = (): Promise<unknown> => Promise.all([readStatus(), readCases(), readDrafts(), readMembers(), readNotes(), readReferrals()]);

/* ---- what follows from it ---- */

/* The way to the other hotlines: this browser to its node, and the node to its relays. */
export function lineState(now: State = state): Line {
    if (now.line !== 'live') return now.line;
    if (!now.status) return 'starting'; /* nothing was lost: nobody has asked yet */
    return now.status.relays.some((relay) => relay.state === 'CONNECTED') ? 'live' : 'offline';
}

/* A complete real alert that waits for this person as the second one. */
export function mayApprove(now: State, draft: DraftSummary): boolean {
    const { approval } = draft;
    return approval !== undefined && now.session?.user !== approval.author && may(now, 'PUBLISH_LIVE') &&
        (approval.by === 'ANYBODY' || now.session?.role === 'supervisor');
}
export const waitsForApproval = (draft: DraftSummary): boolean =>
    draft.status === 'ACTUAL' && draft.missing.length === 0 && draft.approval?.need === 'REQUIRED' && !draft.approval.approved_by;

export const openOnes = (now: State): CaseSummary[] => [...now.received, ...now.sent].filter((one) => one.state === 'OPEN');
export const needsAnswer = (one: CaseSummary): boolean =>
    !one.mine && !one.acknowledged && !one.declined_at && one.state !== 'EXPIRED';
/* What is shown whole-screen with the alarm: an urgent alert, and its retraction, which is as loud. */
export const isUrgent = (one: CaseSummary): boolean =>
    needsAnswer(one) && one.urgency === 'IMMEDIATE' && (one.state === 'OPEN' || one.state === 'RETRACTED');

/* The live ones before the exercises, the oldest first. */
export function urgentOnes(): CaseSummary[] {
    return state.received.filter(isUrgent).sort((a, b) =>
        a.status === b.status ? (a.received_at ?? '').localeCompare(b.received_at ?? '') : a.status === 'ACTUAL' ? -1 : 1);
}
