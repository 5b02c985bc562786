/* route - which screen, from the address after the hash. */
export type Route = { name: string; rest: string[] };

export function parse(hash: string): Route {
    const [name = '', ...rest] = hash.replace(/^#\/?/, '').split('/').map((part) => {
        try {
            return decodeURIComponent(part);
        } catch {
            return part;
        }
    });
    return { name: name || 'inbox', rest };
}
export const to = (name: string, ...rest: string[]): string => `#/${[name, ...rest].map(encodeURIComponent).join('/')}`;
export function go(name: string, ...rest: string[]): void {
    location.hash = to(name, ...rest);
}
