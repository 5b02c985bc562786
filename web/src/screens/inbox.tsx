/* inbox - one card per case: what needs an answer, what is open, what was sent, what is over. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { code, country, t } from '../i18n';
import type { Key } from '../i18n';
import { lateStep } from '../header';
import { to } from '../route';
import { mayApprove, needsAnswer, state, useNow, useStore, waitsForApproval } from '../store';
import { ago, stamp } from '../time';
import type { CaseSummary } from '../types';
import { atLeast, Phone, reached, StatusMark, Title, UrgencyMark } from '../ui';

export function nameOf(one: { child?: { given_name?: string; age_years?: number } }): string {
    const name = one.child?.given_name ?? t('case.erased.name');
    return one.child?.age_years === undefined ? name : t('case.name.age', { name, n: one.child.age_years });
}

function tell(one: CaseSummary): string {
    if (one.state === 'RETRACTED') return t('state.RETRACTED');
    if (one.state === 'CLOSED') return one.outcome ? t('state.closed.as', { outcome: code('Outcome', one.outcome) }) : t('state.CLOSED');
    return t(`state.${one.state}`);
}

/* It took more than a minute to come: then both times are said. */
const delayed = (one: CaseSummary): boolean =>
    !one.mine && Date.parse(one.received_at ?? '') - Date.parse(one.sent_at ?? '') > 60_000;

export function CaseCard({ one, now }: { one: CaseSummary; now: number }): JSX.Element {
    const waits = needsAnswer(one);
    const late = state.stalls.filter((stall) => stall.one.case_id === one.case_id);
    const ladder = one.state === 'OPEN' ? state.ladders[one.case_id] : undefined;
    return (
        <li class={`card ${late.length > 0 ? 'card-late' : ''} urgency-${one.urgency ?? 'ROUTINE'} ${one.status === 'EXERCISE' ? 'card-exercise' : ''} ${waits ? 'card-waits' : ''}`}>
            <a href={to('case', one.member, one.reference)}>
                <span class="card-head">
                    <StatusMark status={one.status} />
                    {one.state === 'OPEN' && <UrgencyMark urgency={one.urgency} />}
                    {one.state !== 'OPEN' && <span class="mark">{tell(one)}</span>}
                    {waits && <span class="mark mark-waits">{t('inbox.waits')}</span>}
                    {one.declined_at && <span class="mark">{code('DeclineCode', one.decline_code)}</span>}
                </span>
                <strong class="card-name">{nameOf(one)}</strong>
                <span>{code('Category', one.category)}</span>
            </a>
            <p class="card-foot">
                <span>{t(one.mine ? 'inbox.mine' : 'inbox.from', { country: country(one.country), reference: one.reference })}</span>
                <span>{t(one.mine ? 'inbox.sent' : 'inbox.arrived', { time: stamp(one.received_at ?? one.sent_at), ago: ago(one.received_at ?? one.sent_at, now) })}</span>
                {ladder && <span class={ladder.every((row) => reached[row.state] === 4) ? 'sum good' : 'sum'}>{t('ladder.sum', { delivered: atLeast(ladder, 2), acknowledged: atLeast(ladder, 4), n: ladder.length })}</span>}
                {delayed(one) && <span>{t('inbox.sent', { time: stamp(one.sent_at), ago: ago(one.sent_at, now) })}</span>}
                {late.map(({ row }) => <span key={row.member} class="stall">✕ {t(`late.${lateStep(row)}`, { country: country(row.country) })} <Phone number={row.phone} /></span>)}
                {one.late && <span class="trouble">{t('inbox.late')}</span>}
                {one.opener_withdrawn && <span class="trouble">{t('inbox.withdrawn')}</span>}
            </p>
        </li>
    );
}

interface Filter {
    text: string;
    from: string;
    category: string;
}
function fits(one: CaseSummary, filter: Filter): boolean {
    const text = filter.text.trim().toLocaleLowerCase();
    const words = [one.child?.given_name ?? '', one.reference, one.member, country(one.country)].join(' ').toLocaleLowerCase();
    return (text === '' || words.includes(text)) && (filter.from === '' || one.country === filter.from) &&
        (filter.category === '' || one.category === filter.category);
}

function Part({ title, cases, empty, now }: { title: Key; cases: CaseSummary[]; empty?: Key; now: number }): JSX.Element | null {
    if (cases.length === 0 && !empty) return null;
    return (
        <section aria-labelledby={title}>
            <h2 id={title}>{t(title)} <span class="count">{cases.length}</span></h2>
            {cases.length === 0 && empty && <p class="calm">{t(empty)}</p>}
            <ul class="cards">{cases.map((one) => <CaseCard key={one.case_id} one={one} now={now} />)}</ul>
        </section>
    );
}

function Filters({ cases, filter, set }: { cases: CaseSummary[]; filter: Filter; set: (filter: Filter) => void }): JSX.Element {
    const countries = [...new Set(cases.map((one) => one.country ?? ''))].filter(Boolean).sort();
    const categories = [...new Set(cases.map((one) => one.category ?? ''))].filter(Boolean).sort();
    return (
        <div class="filters" role="search">
            <label>{t('inbox.search')}<input type="search" value={filter.text} onInput={(event) => set({ ...filter, text: event.currentTarget.value })} /></label>
            <label>{t('country')}
                <select value={filter.from} onChange={(event) => set({ ...filter, from: event.currentTarget.value })}>
                    <option value="">{t('inbox.all')}</option>
                    {countries.map((one) => <option key={one} value={one}>{country(one)}</option>)}
                </select>
            </label>
            <label>{t('category')}
                <select value={filter.category} onChange={(event) => set({ ...filter, category: event.currentTarget.value })}>
                    <option value="">{t('inbox.all')}</option>
                    {categories.map((one) => <option key={one} value={one}>{code('Category', one)}</option>)}
                </select>
            </label>
        </div>
    );
}

/* Alerts of colleagues that wait for this person's eyes before they go out. */
function Approvals(): JSX.Element | null {
    const now = useStore();
    const waiting = now.drafts.filter((one) => waitsForApproval(one) && mayApprove(now, one));
    if (waiting.length === 0) return null;
    return (
        <section class="panel panel-danger" aria-labelledby="approvals">
            <h2 id="approvals">{t('approval.inbox', { n: waiting.length })}</h2>
            <ul>{waiting.map((one) => <li key={one.id}><a href={to('compose', one.id, '4')}>{one.child?.given_name ?? t('drafts.no.name')}</a> <span class="hint">{t('drafts.changed', { who: one.changed_by, ago: ago(one.changed_at, Date.now()) })}</span></li>)}</ul>
        </section>
    );
}

const OVER_SHOWN = 20;

export function Inbox(): JSX.Element {
    const { received, sent, loaded } = useStore();
    const now = useNow(10_000);
    const [filter, setFilter] = useState<Filter>({ text: '', from: '', category: '' });
    const all = [...received, ...sent];
    const shown = received.filter((one) => fits(one, filter));
    const mine = sent.filter((one) => fits(one, filter));
    const waits = shown.filter(needsAnswer);
    const open = shown.filter((one) => one.state === 'OPEN' && !needsAnswer(one));
    const over = [...shown.filter((one) => one.state !== 'OPEN' && !needsAnswer(one)), ...mine.filter((one) => one.state !== 'OPEN')]
        .sort((a, b) => (b.sent_at ?? '').localeCompare(a.sent_at ?? ''));
    return (
        <>
            <Title>{t('nav.inbox')}</Title>
            {!loaded && <p>{t('loading')}</p>}
            {all.length > 5 && <Filters cases={all} filter={filter} set={setFilter} />}
            <Approvals />
            {loaded && <Part title="inbox.part.waits" cases={waits} empty="inbox.nothing.waits" now={now} />}
            <Part title="inbox.part.open" cases={open} now={now} />
            <Part title="inbox.part.sent" cases={mine.filter((one) => one.state === 'OPEN')} now={now} />
            <Part title="inbox.part.over" cases={over.slice(0, OVER_SHOWN)} now={now} />
        </>
    );
}
