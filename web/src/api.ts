/*
 * api - the only way from the console to its node. Refusals come as Refused, with the node's own words. A write that
 * gets no answer is tried again under the same idempotency key, so that it happens once.
 */
import type { Problem } from './types';

export class Refused extends Error {
    constructor(readonly problem: Problem) {
        super(problem.detail ?? problem.title);
    }
}
/* No answer at all: the node or the way to it is down. */
export class Unreachable extends Error {}

let csrf = '';
let onLoggedOut: () => void = () => {};

export function setCsrf(token: string): void {
    csrf = token;
}
export function whenLoggedOut(act: () => void): void {
    onLoggedOut = act;
}

/* One for each thing meant, the same for each try. */
export function newKey(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

interface Options {
    body?: unknown;
    bytes?: Blob;
    key?: string;
    etag?: string;
    signal?: AbortSignal;
}

function headers(method: string, options: Options): Headers {
    const all = new Headers({ Accept: 'application/json' });
    if (options.bytes) all.set('Content-Type', 'application/octet-stream');
    else if (options.body !== undefined) all.set('Content-Type', 'application/json');
    if (options.key) all.set('Idempotency-Key', options.key);
    if (options.etag) all.set('If-Match', options.etag);
    if (method !== 'GET') all.set('X-CSRF-Token', csrf);
    return all;
}

async function problemOf(response: Response): Promise<Problem> {
    const fallback: Problem = { status: response.status, code: 'IO', title: response.statusText || `HTTP ${response.status}` };
    try {
        const said = (await response.json()) as Partial<Problem>;
        return { ...fallback, ...said, status: response.status };
    } catch {
        return fallback;
    }
}

async function once<T>(method: string, path: string, options: Options): Promise<T> {
    let response: Response;
    try {
        response = await fetch(path, {
            method,
            headers: headers(method, options),
            body: options.bytes ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
            credentials: 'same-origin',
            cache: 'no-store',
            signal: options.signal,
        });
    } catch (error) {
        if (options.signal?.aborted) throw error;
        throw new Unreachable(path);
    }
    if (!response.ok) {
        const problem = await problemOf(response);
        if (problem.status === 401 && path !== '/v1/session') onLoggedOut();
        if (problem.status === 502 || problem.status === 504) throw new Unreachable(path);
        throw new Refused(problem);
    }
    if (response.status === 204) return undefined as T;
    return (await response.json()) as T;
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/* Reads once; a write under a key is tried for some seconds more when nobody answers. */
export async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
    const tries = options.key ? 4 : 1;
    for (let n = 1; ; n++) {
        try {
            return await once<T>(method, path, options);
        } catch (error) {
            if (!(error instanceof Unreachable) || n >= tries) throw error;
            await pause(500 * n);
        }
    }
}

export const get = <T>(path: string): Promise<T> => call<T>('GET', path);
export const casePath = (member: string, reference: string): string =>
    `/v1/cases/${encodeURIComponent(`${member}:${reference}`)}`;
