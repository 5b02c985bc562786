/*
 * draft - an alert that is being written: kept in the node as it is typed, under the ETag of what was read. What could
 * not be kept yet is said, and tried again; somebody else's change is never written over without asking.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, get, newKey, Refused, Unreachable } from './api';
import { listen } from './events';
import { t } from './i18n';
import { drop, keep, kept } from './keep';
import { readDrafts } from './store';
import type { Draft, DraftRequest } from './types';
import { Blocked, explain } from './ui';

const SAVE_AFTER_MS = 500;
const SAVE_WITHIN_MS = 2000; /* also of somebody who types without a pause */
const TRY_AGAIN_MS = 3000;
const LOOK_AGAIN_MS = 10_000; /* whether somebody else has changed, approved or sent it */

export type Saved = 'saved' | 'saving' | 'unsaved' | 'refused' | 'stale';
export interface Writing {
    draft?: Draft;
    words: DraftRequest;
    saved: Saved;
    trouble: string;
    refusedPath: string;
    changedBy: string;
    change: (part: Partial<DraftRequest>) => void;
    /* Resolves with the draft as it is kept, once everything typed is. */
    settle: () => Promise<Draft>;
    takeTheirs: () => void;
    keepMine: () => void;
    approve: (yes: boolean) => Promise<void>;
}

export const createDraft = (words: DraftRequest, key = newKey()): Promise<Draft> => call<Draft>('POST', '/v1/drafts', { key, body: words });

export function requestOf(draft: Draft): DraftRequest {
    const { case: body, to, restricted, status, drill, notes, updates, replaces } = draft;
    return { case: body, to, restricted, ...(status && { status }), ...(drill && { drill }), ...(notes && { notes }), ...(updates && { updates, replaces }) };
}
/* An update is as real and as restricted as its case: that is not said again. */
function said(words: DraftRequest): DraftRequest {
    const { status: _1, restricted: _2, drill: _3, ...update } = words;
    return words.updates ? update : words;
}

/* A line that was begun and says nothing yet stays on the screen and is not sent. */
function without<T>(value: T): T {
    if (Array.isArray(value)) return value.map(without).filter((one) => typeof one !== 'object' || one === null || Object.keys(one).length > 0) as T;
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, without(one)])) as T;
}

/* The keeper lives as long as the screen; it saves one state at a time. */
class Keeper {
    draft: Draft | undefined;
    words: DraftRequest = { case: {} };
    saved: Saved = 'saved';
    trouble = '';
    refusedPath = '';
    changedBy = ''; /* who wrote over what is kept here */
    private timer: ReturnType<typeof setTimeout> | undefined;
    private running: Promise<void> | undefined;
    private version = 0;
    private since = 0; /* when the oldest unsaved word was typed */

    constructor(readonly id: string, private readonly draw: () => void) {}

    async load(): Promise<void> {
        try {
            this.take(await get<Draft>(`/v1/drafts/${this.id}`));
            this.recover();
        } catch (error) {
            this.say('refused', explain(error));
        }
    }
    private take(draft: Draft): void {
        this.draft = draft;
        this.changedBy = draft.changed_by;
        this.words = requestOf(draft);
        this.say('saved');
    }
    /* What this window had not brought to the node when it ended. */
    private recover(): void {
        const left = kept<{ words: DraftRequest; etag: string }>(this.name());
        if (!left) return;
        this.words = left.words;
        this.version++;
        this.say(left.etag === this.draft?.etag ? 'unsaved' : 'stale');
        if (this.saved === 'unsaved') void this.save();
    }
    private name(): string {
        return `draft/${this.id}`;
    }
    private say(saved: Saved, trouble = '', path = ''): void {
        this.saved = saved;
        this.trouble = trouble;
        this.refusedPath = path;
        this.draw();
    }

    change(part: Partial<DraftRequest>): void {
        this.words = { ...this.words, ...part };
        this.version++;
        this.since ||= Date.now();
        keep(this.name(), { words: this.words, etag: this.draft?.etag });
        if (this.saved !== 'stale') this.say('unsaved');
        else this.draw();
        this.later(Math.max(0, Math.min(SAVE_AFTER_MS, this.since + SAVE_WITHIN_MS - Date.now())));
    }
    private later(ms: number): void {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => void this.save(), ms);
    }
    save(): Promise<void> {
        clearTimeout(this.timer);
        if (this.running) {
            return this.running.then(() => (this.saved === 'unsaved' ? this.save() : undefined));
        }
        if (!this.draft || this.saved === 'saved' || this.saved === 'stale') return Promise.resolve();
        this.running = this.saveOnce().finally(() => {
            this.running = undefined;
        });
        return this.running;
    }
    private async saveOnce(): Promise<void> {
        const version = this.version;
        this.since = 0;
        this.say('saving');
        try {
            const draft = await call<Draft>('PUT', `/v1/drafts/${this.id}`, { body: without(said(this.words)), etag: this.draft!.etag });
            this.draft = draft;
            if (version === this.version) drop(this.name());
            this.say(version === this.version ? 'saved' : 'unsaved');
            if (version !== this.version) this.later(SAVE_AFTER_MS);
            void readDrafts();
        } catch (error) {
            this.refuse(error);
        }
    }
    private refuse(error: unknown): void {
        if (error instanceof Unreachable) {
            this.say('unsaved', explain(error));
            return this.later(TRY_AGAIN_MS);
        }
        const problem = error instanceof Refused ? error.problem : undefined;
        this.say(problem?.code === 'STALE' ? 'stale' : 'refused', explain(error), problem?.path ?? '');
        if (this.saved === 'stale') void this.askWho();
    }
    private async askWho(): Promise<void> {
        this.changedBy = (await get<Draft>(`/v1/drafts/${this.id}`)).changed_by;
        this.draw();
    }

    async settle(): Promise<Draft> {
        await this.save();
        if (this.saved !== 'saved' || !this.draft) throw new Blocked(this.trouble);
        return this.draft;
    }
    async keepMine(): Promise<void> {
        this.draft = await get<Draft>(`/v1/drafts/${this.id}`);
        this.say('unsaved');
        await this.save();
    }
    /* The second person's word on what is kept now, or that word taken back. */
    async approve(yes: boolean): Promise<void> {
        const draft = await this.settle();
        this.draft = await call<Draft>(yes ? 'POST' : 'DELETE', `/v1/drafts/${this.id}/approval`, { etag: draft.etag });
        this.draw();
    }
    /* Somebody else approved it, or changed it, while it is open here. */
    async look(): Promise<void> {
        if (this.saved !== 'saved' || !this.draft) return;
        let draft: Draft;
        try {
            draft = await get<Draft>(`/v1/drafts/${this.id}`);
        } catch (error) {
            return this.gone(error);
        }
        if (this.saved !== 'saved') return;
        if (draft.etag === this.draft?.etag) {
            this.draft = draft;
            this.draw();
        } else {
            this.take(draft);
        }
    }
    /* Sent or deleted by somebody else: its form would only pretend. */
    private gone(error: unknown): void {
        if (!(error instanceof Refused && error.problem.status === 404)) return;
        this.draft = undefined;
        drop(this.name());
        this.say('saved', t('drafts.gone'));
    }
    leave(): void {
        void this.save();
    }
}

export function useDraft(id: string): Writing {
    const [, draw] = useState(0);
    const keeper = useRef<Keeper | undefined>(undefined);
    keeper.current ??= new Keeper(id, () => draw((n) => n + 1));
    const own = keeper.current;
    useEffect(() => {
        void own.load();
        const warn = (event: BeforeUnloadEvent): void => {
            if (own.saved === 'saved') return;
            own.leave();
            event.preventDefault();
        };
        addEventListener('beforeunload', warn);
        const deaf = listen((event) => {
            if (event.type === 'drafts.changed' && event.draft === id) void own.look();
        });
        const looks = setInterval(() => void own.look(), LOOK_AGAIN_MS);
        return () => {
            deaf();
            clearInterval(looks);
            removeEventListener('beforeunload', warn);
            own.leave();
        };
    }, []);
    const { draft, words, saved, trouble, refusedPath, changedBy } = own;
    return {
        draft, words, saved, trouble, refusedPath, changedBy, change: (part) => own.change(part), settle: () => own.settle(),
        takeTheirs: () => {
            drop(`draft/${id}`);
            void own.load();
        }, keepMine: () => void own.keepMine(),
        approve: (yes) => own.approve(yes),
    };
}
