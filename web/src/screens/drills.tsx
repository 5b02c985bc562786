/* drills - exercises: begin one under a name, see how the others went. Each is scored as `hotline drill report` does. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { casePath, get } from '../api';
import { country, t } from '../i18n';
import { to } from '../route';
import { useExercise, useStore } from '../store';
import { stamp } from '../time';
import type { CaseSummary, CaseView } from '../types';
import { explain, Title, Trouble } from '../ui';
import { useNewDraft } from './compose';
import { nameOf } from './inbox';

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
            <p class="big">{t('drills.score', { percent: sum.percent })}</p>
            <p>{t('ladder.sum', { delivered: sum.delivered, acknowledged: sum.acknowledged, n: sum.recipients })}</p>
            <div class="scroll" tabIndex={0} role="region" aria-label={t('drills.report', { drill: drill.id })}>
                <table class="wide">
                    <thead><tr><th scope="col">{t('ladder.to')}</th><th scope="col">{t('drills.case')}</th><th scope="col">{t('drills.delivered.after')}</th><th scope="col">{t('drills.acknowledged.after')}</th></tr></thead>
                    <tbody>
                        {views.flatMap((view) => view.ladder.map((row) => (
                            <tr key={`${view.case_id}${row.member}`}><th scope="row">{country(row.country)} <span class="hint">{row.name}</span></th><td><a href={to('case', view.member, view.reference)}>{view.reference}</a></td>
                                <td>{seconds(row.queued_at, row.delivered_at ?? row.acknowledged_at)}</td><td>{seconds(row.queued_at, row.acknowledged_at)}</td></tr>
                        )))}
                    </tbody>
                </table>
            </div>
        </>
    );
}

export function Drills(): JSX.Element {
    const { sent } = useStore();
    const [name, setName] = useState('');
    const [open, setOpen] = useState<string | undefined>(undefined);
    const begin = useNewDraft('EXERCISE', name.trim() || undefined);
    useExercise(true);
    return (
        <>
            <Title>{t('nav.drills')}</Title>
            <p>{t('drills.text')}</p>
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
            <h2>{t('drills.past')}</h2>
            {drillsOf(sent).length === 0 && <p class="calm">{t('drills.none')}</p>}
            {drillsOf(sent).map((drill) => (
                <section key={drill.id} class="panel">
                    <div class="spread">
                        <h3>{drill.id || t('drills.unnamed')}</h3>
                        <span>{drill.cases.map(nameOf).join(', ')} · {stamp(drill.cases[0]?.sent_at)}</span>
                        <button type="button" aria-expanded={open === drill.id} onClick={() => setOpen(open === drill.id ? undefined : drill.id)}>{t('drills.report', { drill: drill.id })}</button>
                    </div>
                    {open === drill.id && <Report drill={drill} />}
                </section>
            ))}
        </>
    );
}
