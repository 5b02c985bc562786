/* time - instants as people read them: in the place's own zone and in the reader's. */
import { language, t } from './i18n';

const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
export const zones: string[] = Intl.supportedValuesOf('timeZone');
export const ownZone = here;

/* Plain "en" would write dates as in America. */
const regional = (reader: string): string => (reader === 'en' ? 'en-GB' : reader);

function format(at: Date, zone: string | undefined, parts: Intl.DateTimeFormatOptions, reader: string): string {
    try {
        return new Intl.DateTimeFormat(regional(reader), { ...parts, timeZone: zone }).format(at);
    } catch {
        return new Intl.DateTimeFormat(regional(reader), { ...parts, timeZone: 'UTC', timeZoneName: 'short' }).format(at);
    }
}

const dated: Intl.DateTimeFormatOptions = { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };

export function stamp(at: string | undefined, zone?: string, reader = language()): string {
    return at ? format(new Date(at), zone, dated, reader) : '';
}
export function clock(at: string | undefined): string {
    return at ? format(new Date(at), undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }, language()) : '';
}
export function day(at: string | undefined, reader = language()): string {
    return at ? format(new Date(at), undefined, { dateStyle: 'medium' }, reader) : '';
}

/* A date without a time ("2017-03-12"), as it is anywhere. */
export const date = (at: string, reader = language()): string => format(new Date(at), 'UTC', { dateStyle: 'medium' }, reader);
/* Whole years since such a date; undefined for what is no date of birth of a child. */
export function yearsSince(at: string, now: number): number | undefined {
    const [born, today] = [new Date(at), new Date(now)];
    if (Number.isNaN(born.getTime())) return undefined;
    const before = today.getUTCMonth() < born.getUTCMonth() || (today.getUTCMonth() === born.getUTCMonth() && today.getUTCDate() < born.getUTCDate());
    const years = today.getUTCFullYear() - born.getUTCFullYear() - (before ? 1 : 0);
    return years >= 0 && years <= 25 ? years : undefined;
}

const CLOCKS_DIFFER_S = 60; /* the node's clock may be ahead of this one: that is no future */

/* "Seconds ago", "3 min. ago", "in 2 hr.": to be drawn again as time goes. */
export function ago(at: string | number | undefined, now: number): string {
    if (at === undefined) return '';
    const past = Math.round((now - (typeof at === 'number' ? at : Date.parse(at))) / 1000);
    if (past > -CLOCKS_DIFFER_S && past < 5) return t('time.now');
    const seconds = Math.abs(past);
    const say = (n: number, unit: Intl.RelativeTimeFormatUnit): string =>
        new Intl.RelativeTimeFormat(language(), { numeric: 'always', style: 'short' }).format(-Math.sign(past) * Math.round(n), unit);
    if (seconds < 90) return say(seconds, 'second');
    if (seconds < 5400) return say(seconds / 60, 'minute');
    if (seconds < 172800) return say(seconds / 3600, 'hour');
    return say(seconds / 86400, 'day');
}

/* Minutes by which the zone is ahead of UTC at the instant. */
function offsetMinutes(zone: string, at: number): number {
    const fixed = /^([+-])(\d\d):(\d\d)$/.exec(zone);
    if (fixed) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3]));
    const parts = new Intl.DateTimeFormat('en', {
        timeZone: zone, year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', hourCycle: 'h23',
    }).formatToParts(new Date(at));
    const value = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
    return Math.round((Date.UTC(value('year'), value('month') - 1, value('day'), value('hour'), value('minute')) - at) / 60000);
}

/* The wall clock of a zone ("2026-06-12T21:05") as an instant, and back. Undefined when it is no time. */
export function fromWall(wall: string, zone: string): string | undefined {
    const asUtc = Date.parse(`${wall}Z`);
    if (Number.isNaN(asUtc)) return undefined;
    try {
        const first = asUtc - offsetMinutes(zone, asUtc) * 60000;
        return new Date(asUtc - offsetMinutes(zone, first) * 60000).toISOString();
    } catch {
        return undefined;
    }
}
export function toWall(at: string | undefined, zone: string): string {
    if (!at) return '';
    const instant = Date.parse(at);
    if (Number.isNaN(instant)) return '';
    try {
        return new Date(instant + offsetMinutes(zone, instant) * 60000).toISOString().slice(0, 16);
    } catch {
        return '';
    }
}
