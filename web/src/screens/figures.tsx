/* figures - a year in counts. Small counts are hidden, as in all that leaves the node, unless they are asked for in house. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, get, newKey } from '../api';
import { code, country, t } from '../i18n';
import type { Key } from '../i18n';
import { may, useStore } from '../store';
import { stamp } from '../time';
import { Button, explain, Scroll, Title, Trouble, useAct } from '../ui';

interface Cell {
    table: 'all' | 'category' | 'countries' | 'outcome' | 'intake_channel';
    code?: string;
    from?: string;
    to?: string;
    count?: number;
    suppressed?: boolean;
    at_least?: number;
    median_close_hours?: number;
    median_acknowledge_s?: number;
}
interface Part {
    opened?: number;
    closed?: number;
    received?: number;
    cells: Cell[];
}
interface Report {
    year: number;
    suppressed: boolean;
    made_at: string;
    members?: string[];
    live: Part;
    exercise: Part;
}

const TABLES: { table: Cell['table']; title: Key; type: string }[] = [
    { table: 'category', title: 'figures.by.category', type: 'Category' },
    { table: 'outcome', title: 'figures.by.outcome', type: 'Outcome' },
    { table: 'countries', title: 'figures.by.countries', type: '' },
    { table: 'intake_channel', title: 'figures.by.channel', type: 'IntakeChannel' },
];

function nameOf(cell: Cell, type: string): string {
    if (cell.table === 'countries') return t('figures.pair', { from: country(cell.from) || t('figures.not.said'), to: country(cell.to) || t('figures.not.said') });
    if (cell.code === 'OPEN') return t('state.OPEN');
    return !cell.code || cell.code === 'NOT_SAID' ? t('figures.not.said') : code(type, cell.code);
}
/* A hidden count is "under 5", or what is known at least of it. */
const countOf = (cell: Cell): string => (cell.count !== undefined ? String(cell.count) : cell.at_least ? t('figures.at.least', { n: cell.at_least }) : t('figures.hidden'));

function Table({ title, cells, type }: { title: string; cells: Cell[]; type: string }): JSX.Element | null {
    if (cells.length === 0) return null;
    const most = Math.max(1, ...cells.map((cell) => cell.count ?? cell.at_least ?? 0));
    return (
        <section class="panel">
            <h2>{title}</h2>
            <Scroll name={title}><table class="wide figures">
                <thead><tr><th scope="col">{title}</th><th scope="col" class="number">{t('figures.count')}</th><th scope="col" class="number">{t('figures.close')}</th><th scope="col" class="number">{t('figures.acknowledge')}</th></tr></thead>
                <tbody>{cells.map((cell) => (
                    <tr key={`${cell.code}${cell.from}${cell.to}`}>
                        <th scope="row">{nameOf(cell, type)}<meter aria-hidden="true" min={0} max={most} value={cell.count ?? cell.at_least ?? 0} /></th>
                        <td class="number">{countOf(cell)}</td>
                        <td class="number">{cell.median_close_hours === undefined ? '–' : t('figures.hours', { n: cell.median_close_hours })}</td>
                        <td class="number">{cell.median_acknowledge_s === undefined ? '–' : t('drills.seconds', { n: cell.median_acknowledge_s })}</td>
                    </tr>
                ))}</tbody>
            </table></Scroll>
        </section>
    );
}

function Sums({ part }: { part: Part }): JSX.Element {
    const rows: [Key, number | undefined][] = [['figures.opened', part.opened], ['figures.closed', part.closed], ['figures.received', part.received]];
    return <dl class="sums">{rows.map(([text, n]) => <div key={text}><dt>{t(text)}</dt><dd>{n ?? t('figures.hidden')}</dd></div>)}</dl>;
}

function Send({ year }: { year: number }): JSX.Element {
    const [asking, ask] = useState(false);
    const [key] = useState(newKey);
    const [done, setDone] = useState(0);
    const send = useAct(async () => {
        const { ladder } = await call<{ ladder: unknown[] }>('POST', '/v1/figures', { key, body: { year } });
        setDone(ladder.length);
        ask(false);
    });
    return (
        <>
            <div class="row">
                {asking ? <><Button kind="main" act={send} focus>{t('figures.send.yes', { year })}</Button><Button kind="quiet" act={() => ask(false)}>{t('cancel')}</Button></>
                    : <Button act={() => ask(true)}>{t('figures.send')}</Button>}
                <span role="status">{done > 0 && <span class="good">✓ {t('figures.sent', { n: done })}</span>}</span>
            </div>
            <Trouble text={send.error} />
        </>
    );
}

export function Figures(): JSX.Element {
    const now = useStore();
    const thisYear = new Date().getFullYear();
    const [year, setYear] = useState(thisYear);
    const [whole, setWhole] = useState(false);
    const [network, setNetwork] = useState(false);
    const [exercise, setExercise] = useState(false);
    const [report, setReport] = useState<Report | undefined>(undefined);
    const [error, setError] = useState('');
    const observer = now.members.find((one) => one.self)?.role === 'OBSERVER';
    useEffect(() => {
        let over = false;
        setError('');
        get<Report>(`/v1/figures?year=${year}${network ? '&network=true' : whole ? '&in_house=true' : ''}`).then((found) => !over && setReport(found), (caught: unknown) => !over && setError(explain(caught)));
        return () => {
            over = true;
        };
    }, [year, whole, network]);
    const part = report && (exercise ? report.exercise : report.live);
    const empty = part && part.cells.length === 0;
    return (
        <>
            <Title>{t('nav.figures')}</Title>
            <p>{t('figures.text')}</p>
            <div class="filters">
                <label>{t('figures.year')}<select value={String(year)} onChange={(event) => setYear(Number(event.currentTarget.value))}>{[0, 1, 2, 3, 4].map((n) => <option key={n} value={String(thisYear - n)}>{thisYear - n}</option>)}</select></label>
                <label>{t('figures.which')}<select value={exercise ? 'x' : 'l'} onChange={(event) => setExercise(event.currentTarget.value === 'x')}><option value="l">{t('figures.live')}</option><option value="x">{t('nav.drills')}</option></select></label>
                {observer && <label>{t('figures.whose')}<select value={network ? 'n' : 'o'} onChange={(event) => setNetwork(event.currentTarget.value === 'n')}><option value="o">{t('figures.ours')}</option><option value="n">{t('figures.network')}</option></select></label>}
            </div>
            {!network && <label class="check"><input type="checkbox" checked={whole} onChange={(event) => setWhole(event.currentTarget.checked)} /><span>{t('figures.whole')}<span class="hint block">{t('figures.whole.hint')}</span></span></label>}
            <Trouble text={error} />
            {!report && !error && <p>{t('loading')}</p>}
            {part && !empty && <Sums part={part} />}
            {empty && <p class="calm">{t('figures.none')}</p>}
            {part && TABLES.map(({ table, title, type }) => <Table key={table} title={t(title)} type={type} cells={part.cells.filter((cell) => cell.table === table)} />)}
            {report && <p class="hint">{t('figures.made', { time: stamp(report.made_at) })}</p>}
            {may(now, 'PUBLISH_LIVE') && !network && <Send year={year} />}
        </>
    );
}
