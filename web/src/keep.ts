/*
 * keep - words that the node does not have yet, kept by this window over a reload or a crash: sessionStorage, which ends
 * with the window and is emptied at each logout. Nothing of it is a draft: those are the node's.
 */
export function keep(name: string, value: unknown): void {
    try {
        sessionStorage.setItem(name, JSON.stringify(value));
    } catch {
        /* full, or a browser that keeps nothing: the page itself still has the words */
    }
}
export function kept<T>(name: string): T | undefined {
    try {
        const text = sessionStorage.getItem(name);
        return text === null ? undefined : (JSON.parse(text) as T);
    } catch {
        return undefined;
    }
}
export function drop(name: string): void {
    try {
        sessionStorage.removeItem(name);
    } catch {
        /* as above */
    }
}
export function dropAll(): void {
    try {
        sessionStorage.clear();
    } catch {
        /* as above */
    }
}
