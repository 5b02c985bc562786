/*
 * draft - an alert that is being written: kept in the node as it is typed, under the ETag of what was read. What could
 * not be kept yet is said, and tried again; somebody else's change is never written over without asking.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, get, newKey, Refused, Unreachable } from './api';
import { readDrafts } from './store';
import type { Draft, DraftRequest } from './types';
import { explain } from './ui';

const SAVE_AFTER_MS = 500;
const TRY_AGAIN_MS = 3000;

export type Saved = 'saved' | 'saving' | 'unsaved' | 'refused' | 'stale';
export interface Writing {
    draft?: Draft;
    words: DraftRequest;
    saved: Saved;
    trouble: string;
    refusedPath: string;
    change: (part: Partial<DraftRequest>) => void;
    /* Resolves with the draft as it is kept, once everything typed is. */
    settle: () => Promise<Draft>;
    takeTheirs: () => void;
    keepMine: () => void;
}

export const createDraft = (words: DraftRequest, key = newKey()): Promise<Draft> => call<Draft>('POST', '/v1/drafts', { key, body: words });

export function requestOf(draft: Draft): DraftRequest {
    const { case: body, to, restricted, status, drill, notes } = draft;
    return { case: body, to, restricted, ...(status && { status }), ...(drill && { drill }), ...(notes && { notes }) };
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
    private timer: ReturnType<typeof setTimeout> | undefined;
    private running: Promise<void> | undefined;
    private version = 0;

    constructor(readonly id: string, private readonly draw: () => void) {}

    async load(): Promise<void> {
        try {
            this.take(await get<Draft>(`/v1/drafts/${this.id}`));
        } catch (error) {
            this.say('refused', explain(error));
        }
    }
    private take(draft: Draft): void {
        this.draft = draft;
        this.words = requestOf(draft);
        this.say('saved');
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
        if (this.saved !== 'stale') this.say('unsaved');
        else this.draw();
        this.later(SAVE_AFTER_MS);
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
        this.say('saving');
        try {
            const draft = await call<Draft>('PUT', `/v1/drafts/${this.id}`, { body: without(this.words), etag: this.draft!.etag });
            this.draft = draft;
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
    }

    async settle(): Promise<Draft> {
        await this.save();
        if (this.saved !== 'saved' || !this.draft) throw new Error(this.trouble);
        return this.draft;
    }
    async keepMine(): Promise<void> {
        this.draft = await get<Draft>(`/v1/drafts/${this.id}`);
        this.say('unsaved');
        await this.save();
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
        return () => {
            removeEventListener('beforeunload', warn);
            own.leave();
        };
    }, []);
    const { draft, words, saved, trouble, refusedPath } = own;
    return {
        draft, words, saved, trouble, refusedPath, change: (part) => own.change(part), settle: () => own.settle(),
        takeTheirs: () => void own.load(), keepMine: () => void own.keepMine(),
    };
}
