/*
 * drills - exercises: prepare one under a name, send it now or let the node send it at its time, and see how each went.
 * The node keeps the timetable and scores the report: `hotline drill` shows the same.
 */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, casePath, get, newKey } from '../api';
import { listen } from '../events';
import { country, t } from '../i18n';
import type { Key } from '../i18n';
import { to } from '../route';
import { may, readDrafts, useExercise, useNow, useStore } from '../store';
import { ago, fromWall, ownZone, stamp, toWall } from '../time';
import type { CaseSummary, CaseView } from '../types';
import { Blocked, Button, English, explain, Scroll, Title, Trouble, useAct, useList } from '../ui';
import { useNewDraft } from './compose';
import { nameOf } from './inbox';

/* ---- how it went ---- */

interface Drill {
    id: string;
    cases: CaseSummary[];
}

export function drillsOf(sent: CaseSummary[]): Drill[] {
    const byId = new Map<string, CaseSummary[]>();
    for (const one of sent) if (one.status === 'EXERCISE') byId.set(one.drill_id ?? '', [...(byId.get(one.drill_id ?? '') ?? []), one]);
    return [...byId].map(([id, cases]) => ({ id, cases })).sort((a, b) => (b.cases[0]?.sent_at ?? '').localeCompare(a.cases[0]?.sent_at ?? ''));
}

const seconds = (from: string | undefined, till: string | undefined): string =>
    from && till ? t('drills.seconds', { n: Math.max(0, Math.round((Date.parse(till) - Date.parse(from)) / 1000)) }) : '–';

/* Half for the delivery, half for a person's acknowledgement. */
export function score(views: CaseView[]): { recipients: number; delivered: number; acknowledged: number; percent: number } {
    const rows = views.flatMap((view) => view.ladder);
    const acknowledged = rows.filter((row) => row.acknowledged_at).length;
    const delivered = rows.filter((row) => row.delivered_at ?? row.acknowledged_at).length;
    return { recipients: rows.length, delivered, acknowledged, percent: rows.length ? Math.round((50 * (delivered + acknowledged)) / rows.length) : 0 };
}

function Report({ drill }: { drill: Drill }): JSX.Element {
    const [views, setViews] = useState<CaseView[] | undefined>(undefined);
    const [error, setError] = useState('');
    useEffect(() => {
        Promise.all(drill.cases.map((one) => get<CaseView>(casePath(one.member, one.reference)))).then(setViews, (caught: unknown) => setError(explain(caught)));
    }, [drill.id, drill.cases.length]);
    if (!views) return <>{error ? <Trouble text={error} /> : <p>{t('loading')}</p>}</>;
    const sum = score(views);
    return (
        <>
            <p class="score"><strong>{sum.percent}</strong> <meter min={0} max={100} value={sum.percent} aria-hidden="true" /> <span>{t('drills.score', { percent: sum.percent })}</span></p>
            <p>{t('ladder.sum', { delivered: sum.delivered, acknowledged: sum.acknowledged, n: sum.recipients })}</p>
            <Scroll name={t('drills.report', { drill: drill.id })}>
                <table class="wide">
                    <thead><tr><th scope="col">{t('ladder.to')}</th><th scope="col">{t('drills.case')}</th><th scope="col">{t('drills.delivered.after')}</th><th scope="col">{t('drills.shown.after')}</th><th scope="col">{t('drills.acknowledged.after')}</th></tr></thead>
                    <tbody>
                        {views.flatMap((view) => view.ladder.map((row) => (
                            <tr key={`${view.case_id}${row.member}`} class={row.acknowledged_at ? '' : 'stuck'}><th scope="row">{country(row.country)} <span class="hint">{row.name}</span></th><td><a href={to('case', view.member, view.reference)}>{view.reference}</a></td>
                                <td>{seconds(row.queued_at, row.delivered_at ?? row.acknowledged_at)}</td><td>{seconds(row.queued_at, row.shown_at)}</td><td>{seconds(row.queued_at, row.acknowledged_at)}</td></tr>
                        )))}
                    </tbody>
                </table>
            </Scroll>
        </>
    );
}

function Past(): JSX.Element {
    const { sent } = useStore();
    const [open, setOpen] = useState<string | undefined>(undefined);
    const all = drillsOf(sent);
    return (
        <section aria-labelledby="past">
            <h2 id="past">{t('drills.past')}</h2>
            {all.length === 0 && <p class="calm">{t('drills.none')}</p>}
            {all.map((drill) => (
                <section key={drill.id} class="panel">
                    <div class="spread">
                        <h3>{drill.id || t('drills.unnamed')}</h3>
                        <span>{drill.cases.map(nameOf).join(', ')} · {stamp(drill.cases[0]?.sent_at)}</span>
                        <button type="button" aria-expanded={open === drill.id} onClick={() => setOpen(open === drill.id ? undefined : drill.id)}>{t('drills.report', { drill: drill.id })}</button>
                    </div>
                    {open === drill.id && <Report drill={drill} />}
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
    const [key, setKey] = useState(newKey);
    const ready = drafts.filter((one) => one.status === 'EXERCISE' && one.drill && one.missing.length === 0);
    const act = useAct(async () => {
        if (!draft) throw new Blocked(t('drills.choose'));
        await call('POST', '/v1/drills', { key, body: { draft, at, confirm: name } });
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
