/* archive - every case that this node still knows, also what is left of those that were erased. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { get } from '../api';
import { code, country, t } from '../i18n';
import { to } from '../route';
import { day } from '../time';
import type { CaseSummary } from '../types';
import { explain, StatusMark, Title, Trouble } from '../ui';
import { nameOf } from './inbox';

const PAGES_MAX = 40;
const SHOWN_MAX = 200;

async function readBox(box: string): Promise<CaseSummary[]> {
    const all: CaseSummary[] = [];
    let cursor: string | null | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
        const next: { items: CaseSummary[]; next_cursor: string | null } =
            await get(`/v1/cases?box=${box}&limit=500${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
        all.push(...next.items);
        cursor = next.next_cursor;
        if (!cursor) break;
    }
    return all;
}

const wordsOf = (one: CaseSummary): string =>
    [nameOf(one), one.reference, one.member, country(one.country), code('Category', one.category), code('Outcome', one.outcome), one.drill_id ?? '', ...one.countries.map((each) => country(each))].join(' ').toLocaleLowerCase();

export function Archive(): JSX.Element {
    const [all, setAll] = useState<CaseSummary[] | undefined>(undefined);
    const [error, setError] = useState('');
    const [text, setText] = useState('');
    const [state, setState] = useState('');
    useEffect(() => {
        Promise.all([readBox('received'), readBox('sent')]).then(([received, sent]) => {
            const once = new Map([...received, ...sent].map((one) => [one.case_id, one]));
            setAll([...once.values()].sort((a, b) => (b.opened_at ?? b.sent_at ?? '').localeCompare(a.opened_at ?? a.sent_at ?? '')));
        }, (caught: unknown) => setError(explain(caught)));
    }, []);
    const asked = text.trim().toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const found = (all ?? []).filter((one) => (state === '' || one.state === state) && asked.every((word) => wordsOf(one).includes(word)));
    return (
        <>
            <Title>{t('nav.archive')}</Title>
            <div class="filters" role="search">
                <label>{t('archive.search')}<input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} /></label>
                <label>{t('archive.state')}
                    <select value={state} onChange={(event) => setState(event.currentTarget.value)}>
                        <option value="">{t('inbox.all')}</option>
                        {(['OPEN', 'CLOSED', 'RETRACTED', 'EXPIRED'] as const).map((one) => <option key={one} value={one}>{t(`state.${one}`)}</option>)}
                    </select>
                </label>
            </div>
            <Trouble text={error} />
            <p role="status">{all ? t('archive.found', { n: found.length }) : t('loading')}</p>
            <div class="scroll" tabIndex={0} role="region" aria-label={t('nav.archive')}>
                <table class="wide">
                    <thead><tr><th scope="col">{t('archive.case')}</th><th scope="col">{t('archive.opened')}</th><th scope="col">{t('country')}</th><th scope="col">{t('category')}</th><th scope="col">{t('archive.state')}</th></tr></thead>
                    <tbody>
                        {found.slice(0, SHOWN_MAX).map((one) => (
                            <tr key={one.case_id}>
                                <th scope="row"><a href={to('case', one.member, one.reference)}>{one.reference}</a> {nameOf(one)} {one.status === 'EXERCISE' && <StatusMark status={one.status} />}</th>
                                <td>{day(one.opened_at ?? one.sent_at)}</td><td>{country(one.country)}</td><td>{code('Category', one.category)}</td>
                                <td>{t(`state.${one.state}`)} {code('Outcome', one.outcome)}</td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            </div>
        </>
    );
}
