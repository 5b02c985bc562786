/*
 * drills - exercises: prepare one under a name, send it now or let the node send it at its time, and see how each went.
 * The node keeps the timetable and scores the report: `hotline drill` shows the same.
 */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, get, newKey } from '../api';
import { listen } from '../events';
import { country, t } from '../i18n';
import type { Key } from '../i18n';
import { to } from '../route';
import { may, readDrafts, useExercise, useNow, useStore } from '../store';
import { ago, fromWall, ownZone, stamp, toWall } from '../time';
import { Blocked, Button, English, explain, Scroll, Title, Trouble, useAct, useList } from '../ui';
import { useNewDraft } from './compose';

/* ---- how it went ---- */

type Missed = 'DELIVERED' | 'SHOWN' | 'ACKNOWLEDGED';
interface Sum {
    drill_id: string; /* '': exercises without a name */
    sent_at: string;
    cases: number;
    recipients: number;
    delivered: number;
    shown: number;
    acknowledged: number;
    missed: number;
    score: number;
}
interface Reached {
    reference: string;
    member: string;
    country: string;
    name: string;
    delivered_after_ms?: number;
    shown_after_ms?: number;
    acknowledged_after_ms?: number;
    missed: Missed[];
}

const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : t('drills.seconds', { n: Math.round(ms / 1000) }));

function Report({ id, own }: { id: string; own: string }): JSX.Element {
    const [rows, setRows] = useState<Reached[] | undefined>(undefined);
    const [error, setError] = useState('');
    useEffect(() => {
        get<{ rows: Reached[] }>(`/v1/drills/report?drill=${encodeURIComponent(id)}`).then((found) => setRows(found.rows), (caught: unknown) => setError(explain(caught)));
    }, [id]);
    if (!rows) return <>{error ? <Trouble text={error} /> : <p>{t('loading')}</p>}</>;
    return (
        <Scroll name={t('drills.report', { drill: id })}>
            <table class="wide">
                <thead><tr><th scope="col">{t('ladder.to')}</th><th scope="col">{t('drills.case')}</th><th scope="col">{t('drills.delivered.after')}</th><th scope="col">{t('drills.shown.after')}</th><th scope="col">{t('drills.acknowledged.after')}</th></tr></thead>
                <tbody>
                    {rows.map((row) => (
                        <tr key={`${row.reference}${row.member}`} class={row.missed.length > 0 ? 'stuck' : ''}><th scope="row">{country(row.country)} <span class="hint">{row.name}</span></th><td><a href={to('case', own, row.reference)}>{row.reference}</a></td>
                            <td>{seconds(row.delivered_after_ms)}</td><td>{seconds(row.shown_after_ms)}</td><td>{seconds(row.acknowledged_after_ms)}</td></tr>
                    ))}
                </tbody>
            </table>
        </Scroll>
    );
}

/* One under the other, so that it is seen whether it gets better. */
function Past(): JSX.Element {
    const own = useStore().status?.member ?? '';
    const [open, setOpen] = useState<string | undefined>(undefined);
    const past = useList<Sum>('/v1/drills/report');
    useEffect(() => listen((event) => {
        if (event.type.startsWith('drill.') || (event.status === 'EXERCISE' && event.type === 'ladder.changed')) void past.read();
    }), []);
    return (
        <section aria-labelledby="past">
            <h2 id="past">{t('drills.past')}</h2>
            <Trouble text={past.error} />
            {past.items?.length === 0 && <p class="calm">{t('drills.none')}</p>}
            {(past.items ?? []).map((one) => (
                <section key={one.drill_id} class="panel">
                    <div class="spread">
                        <h3>{one.drill_id || t('drills.unnamed')}</h3>
                        <span>{stamp(one.sent_at)}</span>
                        <span class="score"><strong>{one.score}</strong> <meter min={0} max={100} value={one.score} aria-hidden="true" /> <span>{t('drills.score', { percent: one.score })}</span></span>
                        <button type="button" aria-expanded={open === one.drill_id} onClick={() => setOpen(open === one.drill_id ? undefined : one.drill_id)}>{t('drills.report', { drill: one.drill_id })}</button>
                    </div>
                    <p>{t('ladder.sum', { delivered: one.delivered, acknowledged: one.acknowledged, n: one.recipients })}{one.missed > 0 && <strong class="trouble"> · {t('drills.missed', { n: one.missed })}</strong>}</p>
                    {open === one.drill_id && <Report id={one.drill_id} own={own} />}
                </section>
            ))}
        </section>
    );
}

/* ---- the timetable ---- */

interface Planned {
    id: string;
    drill: string;
    at: string;
    by: string;
    state: 'SCHEDULED' | 'SENT' | 'MISSED' | 'REFUSED';
    why?: string;
    reference?: string;
}

function PlannedRow({ one, read, own }: { one: Planned; read: () => Promise<void>; own: string }): JSX.Element {
    const [asking, ask] = useState(false);
    const now = useNow(10_000);
    const cancel = useAct(() => call('DELETE', `/v1/drills/${one.id}`).then(read));
    const state: Key = `drills.state.${one.state}`;
    return (
        <tr data-state={one.state}>
            <th scope="row">{one.drill}</th>
            <td>{stamp(one.at)} <span class="hint">{ago(one.at, now)}</span></td>
            <td class={one.state === 'SCHEDULED' || one.state === 'SENT' ? '' : 'trouble'}>{t(state)} {one.reference && <a href={to('case', own, one.reference)}>{one.reference}</a>}{one.why && <English text={one.why} />}</td>
            <td>{one.by}</td>
            <td>
                {one.state === 'SCHEDULED' && (asking ? <Button kind="danger" act={cancel} focus>{t('drills.cancel.yes')}</Button> : <Button kind="quiet" act={() => ask(true)}>{t('drills.cancel')}</Button>)}
                <Trouble text={cancel.error} />
            </td>
        </tr>
    );
}

const HOUR_MS = 3_600_000;

function Schedule({ read }: { read: () => Promise<void> }): JSX.Element {
    const { drafts } = useStore();
    const [draft, setDraft] = useState('');
    const [at, setAt] = useState(new Date(Math.ceil(Date.now() / HOUR_MS) * HOUR_MS + HOUR_MS).toISOString());
    const [name, setName] = useState('');
    const [picture, setPicture] = useState(true);
    const [key, setKey] = useState(newKey);
    const ready = drafts.filter((one) => one.status === 'EXERCISE' && one.drill && one.missing.length === 0);
    const act = useAct(async () => {
        if (!draft) throw new Blocked(t('drills.choose'));
        await call('POST', '/v1/drills', { key, body: { draft, at, confirm: name, ...(picture && { picture }) } });
        setKey(newKey());
        setName('');
        setDraft('');
        await read();
    });
    useEffect(() => void readDrafts(), []);
    if (ready.length === 0) return <p class="hint">{t('drills.schedule.first')}</p>;
    return (
        <form class="panel" onSubmit={(event) => {
            event.preventDefault();
            act.run();
        }}>
            <h3>{t('drills.schedule')}</h3>
            <div class="grid">
                <label>{t('drills.draft')}
                    <select value={draft} onChange={(event) => setDraft(event.currentTarget.value)}>
                        <option value="">{t('choose')}</option>
                        {ready.map((one) => <option key={one.id} value={one.id}>{t('drills.draft.one', { drill: one.drill ?? '', name: one.child?.given_name ?? '' })}</option>)}
                    </select>
                </label>
                <label>{t('sighting.at')}<input type="datetime-local" required value={toWall(at, ownZone)} onInput={(event) => setAt(fromWall(event.currentTarget.value, ownZone) ?? at)} /></label>
                <label>{t('send.type.name')}<input required autocomplete="off" value={name} onInput={(event) => setName(event.currentTarget.value)} /></label>
            </div>
            <label class="check"><input type="checkbox" checked={picture} onChange={(event) => setPicture(event.currentTarget.checked)} />{t('drills.picture')}</label>
            <p class="hint">{t('drills.schedule.hint')}</p>
            <Trouble text={act.error} />
            <button class="main" aria-disabled={act.busy}>{t('exercise.button', { act: t('drills.schedule') })}</button>
        </form>
    );
}

function Timetable(): JSX.Element | null {
    const now = useStore();
    const planned = useList<Planned>('/v1/drills');
    useEffect(() => listen((event) => {
        if (event.type.startsWith('drill.')) void planned.read();
    }), []);
    if (planned.absent) return null;
    return (
        <section aria-labelledby="planned">
            <h2 id="planned">{t('drills.planned')}</h2>
            <Trouble text={planned.error} />
            {planned.items?.length === 0 && <p class="calm">{t('drills.planned.none')}</p>}
            {planned.items && planned.items.length > 0 && (
                <Scroll name={t('drills.planned')}><table class="wide">
                    <thead><tr><th scope="col">{t('drills.name')}</th><th scope="col">{t('hooks.at')}</th><th scope="col">{t('archive.state')}</th><th scope="col">{t('audit.who')}</th><th scope="col">{t('users.acts')}</th></tr></thead>
                    <tbody>{planned.items.map((one) => <PlannedRow key={one.id} one={one} read={planned.read} own={now.status?.member ?? ''} />)}</tbody>
                </table></Scroll>
            )}
            {may(now, 'PUBLISH_EXERCISE') && planned.items && <Schedule read={planned.read} />}
        </section>
    );
}

export function Drills(): JSX.Element {
    const now = useStore();
    const [name, setName] = useState('');
    const begin = useNewDraft('EXERCISE', name.trim() || undefined);
    useExercise(true);
    return (
        <>
            <Title>{t('nav.drills')}</Title>
            <p>{t('drills.text')}</p>
            {may(now, 'DRAFT') && (
                <form class="panel" onSubmit={(event) => {
                    event.preventDefault();
                    begin.run();
                }}>
                    <label>{t('drills.name')}
                        <input pattern="[A-Z0-9\-]{1,32}" maxLength={32} value={name} aria-describedby="drill-hint" onInput={(event) => setName(event.currentTarget.value.toUpperCase().replace(/[^A-Z0-9-]/g, '-'))} />
                    </label>
                    <p class="hint" id="drill-hint">{t('drills.name.hint')}</p>
                    <Trouble text={begin.error} />
                    <button class="main">{t('exercise.button', { act: t('drills.begin') })}</button>
                </form>
            )}
            <Timetable />
            <Past />
        </>
    );
}
