/* case - one case: who has it and how far, where it stalls and whom to call; what was answered; what can be done. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, casePath, get, newKey } from '../api';
import { Card, Times } from '../card';
import { calm, shown } from '../duty';
import { listen } from '../events';
import { code, country, language, spoken, t } from '../i18n';
import { parse, to } from '../route';
import { lineState, may, needsAnswer, readCases, state, update, useExercise, useNow } from '../store';
import { ago, clock, ownZone, stamp } from '../time';
import type { Approved, CaseView, LadderRow, ReplyKind, Step, ThreadEntry } from '../types';
import { atLeast, Button, English, explain, label, Phone, reached, StatusMark, Title, Trouble, UrgencyMark, useAct } from '../ui';
import { CloseForm, RetractForm } from './closing';
import { nameOf } from './inbox';
import { AskMediators, ReferralsOf } from './referrals';
import { ReplyForm } from './reply';

/* ---- the ladder ---- */

const STEPS: { step: Step; at: 'queued_at' | 'delivered_at' | 'shown_at' | 'acknowledged_at' }[] = [
    { step: 'QUEUED', at: 'queued_at' }, { step: 'DELIVERED', at: 'delivered_at' },
    { step: 'SHOWN', at: 'shown_at' }, { step: 'ACKNOWLEDGED', at: 'acknowledged_at' },
];

function Row({ row }: { row: LadderRow }): JSX.Element {
    const done = reached[row.state];
    const stuck = row.late || (done < 2 && row.connected === false);
    return (
        <tr class={stuck ? 'stuck' : done === 4 ? 'finished' : ''}>
            <th scope="row">{country(row.country)}<span class="hint"> {row.name}</span></th>
            {STEPS.map(({ step, at }, index) => (
                <td key={step} class={index < done ? 'reached' : 'open'}>
                    <span aria-hidden="true">{index < done ? '✓' : '·'}</span>
                    <span class="hidden">{t(index < done ? 'ladder.reached' : 'ladder.not.reached')}</span> {clock(row[at])}
                </td>
            ))}
            <td>
                {stuck && <strong class="stall">{t('ladder.call')} <Phone number={row.phone} /></strong>}
                {row.state === 'DECLINED' && <strong>{t('ladder.declined', { why: code('DeclineCode', row.decline_code) })}</strong>}
                {row.state === 'ERASED' && t('ladder.erased', { time: stamp(row.erased_at) })}
                {row.note && <English text={row.note} />}
                {!stuck && done < 4 && row.connected === false && <span class="hint">{t('presence.away')}</span>}
            </td>
        </tr>
    );
}

export function Ladder({ rows }: { rows: LadderRow[] }): JSX.Element {
    return (
        <section aria-labelledby="ladder">
            <h2 id="ladder">{t('ladder.title')}</h2>
            <p class="big" aria-live="polite">{t('ladder.sum', { delivered: atLeast(rows, 2), acknowledged: atLeast(rows, 4), n: rows.length })}</p>
            <div class="scroll" tabIndex={0} role="group" aria-labelledby="ladder">
                <table class="wide ladder">
                    <thead>
                        <tr>
                            <th scope="col">{t('ladder.to')}</th>
                            {STEPS.map(({ step }) => <th key={step} scope="col">{t(`step.${step}` as 'step.QUEUED')}</th>)}
                            <th scope="col">{t('ladder.stall')}</th>
                        </tr>
                    </thead>
                    <tbody>{rows.map((row) => <Row key={row.member} row={row} />)}</tbody>
                </table>
            </div>
        </section>
    );
}

/* ---- the photos ---- */

export const photosToCome = (view: CaseView): number =>
    view.case ? Math.max(0, (view.photos ?? 0) - (view.photos_here ?? 0) - (view.photos_refused?.length ?? 0)) : 0;

/* What is not on the card yet, or never will be, is said: a card without its photo looks whole. */
export function PhotosToCome({ view }: { view: CaseView }): JSX.Element {
    const coming = photosToCome(view);
    const refused = view.photos_refused?.length ?? 0;
    return (
        <div role="status">
            {coming > 0 && <p class="warning">{t('photo.coming', { n: coming })}</p>}
            {refused > 0 && <p class="trouble">{t('photo.refused', { n: refused })}</p>}
        </div>
    );
}

/* ---- the timeline ---- */

interface Moment {
    at: string;
    key: string;
    what: JSX.Element;
}

function Reply({ entry, own, answer }: { entry: ThreadEntry; own: boolean; answer: (id: string) => void }): JSX.Element {
    const seen = entry.sighting;
    return (
        <>
            <p>
                <strong>{code('ReplyKind', entry.kind)}</strong> {entry.mine ? t(entry.state === 'QUEUED' ? 'thread.queued' : 'thread.mine') : t('thread.from', { name: entry.from_name ?? entry.from, country: country(entry.country) })}
            </p>
            {seen && (
                <p class="big">
                    {[seen.place, country(seen.country), code('Confidence', seen.confidence)].filter(Boolean).join(' · ')}
                    {seen.with_companion && <span> · {t('sighting.companion')}</span>}
                    {seen.police_informed && <span> · {t('sighting.police')}</span>}
                </p>
            )}
            {seen?.at && <Times at={seen.at} zone={seen.zone ?? ownZone} reader={language()} />}
            {entry.text && <p class="written" lang={entry.text_language} dir="auto">{entry.text}{entry.text_language && entry.text_language !== language() && <span class="hint"> {t('card.as.written', { language: spoken(entry.text_language) })}</span>}</p>}
            {!entry.mine && own && ['QUESTION', 'SIGHTING', 'MESSAGE'].includes(entry.kind) && <Button kind="quiet" act={() => answer(entry.id)}>{t('thread.answer')}</Button>}
        </>
    );
}

function Timeline({ view, answer }: { view: CaseView; answer: (id: string) => void }): JSX.Element {
    const moments: Moment[] = [
        ...view.revisions.map((one) => ({ at: one.sent_at, key: `r${one.revision}`, what: <p><strong>{code('Act', one.act)}</strong> {t('thread.revision', { n: one.revision })}</p> })),
        ...view.thread.map((entry) => ({ at: entry.at, key: entry.id, what: <Reply entry={entry} own={view.mine} answer={answer} /> })),
        ...(view.acknowledgement ? [{ at: view.acknowledgement.at, key: 'ack', what: <p>{t('thread.acknowledged', { who: view.acknowledgement.as ?? '' })}</p> }] : []),
    ].sort((a, b) => b.at.localeCompare(a.at));
    return (
        <section aria-labelledby="timeline">
            <h2 id="timeline">{t('timeline.title')}</h2>
            <ol class="timeline">{moments.map(({ at, key, what }) => <li key={key}><time dateTime={at}>{stamp(at)}</time><div>{what}</div></li>)}</ol>
        </section>
    );
}

/* ---- what can be done ---- */

type Doing = '' | 'refer' | 'close' | 'retract' | 'SIGHTING' | 'QUESTION' | 'MESSAGE' | 'ACTING' | 'NOTHING_HERE';

function useQuick(view: CaseView, again: () => void): (kind: ReplyKind | 'ack') => Promise<void> {
    return async (kind) => {
        const path = casePath(view.member, view.reference);
        if (needsAnswer(view)) await call('POST', `${path}/acknowledge`, { key: newKey(), body: { as: state.session?.user || undefined } });
        if (kind !== 'ack') await call('POST', `${path}/replies`, { key: newKey(), body: { kind } });
        calm(view);
        void readCases();
        again();
    };
}

function Received({ view, doing, setDoing, again }: { view: CaseView; doing: Doing; setDoing: (doing: Doing) => void; again: () => void }): JSX.Element {
    const quick = useQuick(view, again);
    const ack = useAct(() => quick('ack'));
    const acting = useAct(() => quick('ACTING'));
    const nothing = useAct(() => quick('NOTHING_HERE'));
    const waits = needsAnswer(view);
    return (
        <>
            <div class="row" role="group" aria-label={t('case.acts')}>
                {waits && <Button kind="main" class="huge" act={ack}>{label(view.state === 'RETRACTED' ? 'answer.ack.retraction' : 'answer.ack', view.status)}</Button>}
                {view.state === 'OPEN' && (
                    <>
                        <Button act={() => setDoing('SIGHTING')}>{label('answer.sighting', view.status)}</Button>
                        <Button act={() => setDoing('QUESTION')}>{label('answer.question', view.status)}</Button>
                        <Button act={acting}>{label('answer.acting', view.status)}</Button>
                        <Button act={nothing}>{label('answer.nothing', view.status)}</Button>
                        <Button act={() => setDoing('MESSAGE')}>{label('answer.message', view.status)}</Button>
                        {view.case?.publicity?.level === 'PUBLIC' && <a class="button" href={to('poster', view.member, view.reference)}>{label('case.poster', view.status)}</a>}
                    </>
                )}
            </div>
            <Trouble text={ack.error || acting.error || nothing.error} />
            {(doing === 'SIGHTING' || doing === 'QUESTION' || doing === 'MESSAGE') && (
                <ReplyForm key={doing} member={view.member} reference={view.reference} status={view.status} kind={doing} done={() => {
                    setDoing('');
                    again();
                }} />
            )}
        </>
    );
}

function Own({ view, doing, setDoing, set }: { view: CaseView; doing: Doing; setDoing: (doing: Doing) => void; set: (view?: CaseView) => void }): JSX.Element {
    const done = (next?: CaseView): void => {
        setDoing('');
        if (next) set(next);
        void readCases();
    };
    return (
        <>
            <div class="row" role="group" aria-label={t('case.acts')}>
                {(view.state === 'OPEN' || view.state === 'CLOSED') && view.case && <a class="button" href={to('update', view.member, view.reference)}>{label(view.state === 'OPEN' ? 'case.update' : 'case.reopen', view.status)}</a>}
                {lineState() !== 'live' && state.line === 'live' && <a class="button" download={`${view.reference}.sealed`} href={`${casePath(view.member, view.reference)}/sealed`}>{label('sealed.save', view.status)}</a>}
                {view.state === 'OPEN' && <Button act={() => setDoing('close')}>{label('case.close', view.status)}</Button>}
                {((view.state === 'OPEN' && view.case?.publicity?.level === 'PUBLIC') || (view.posters?.registered ?? 0) > 0) && <a class="button" href={to('poster', view.member, view.reference)}>{label('case.poster', view.status)}</a>}
                {view.state === 'OPEN' && view.category === 'PARENTAL_ABDUCTION' && state.members.some((one) => one.role === 'MEDIATOR') && may(state, 'PUBLISH_LIVE') && <Button act={() => setDoing('refer')}>{label('refer.title', view.status)}</Button>}
                <Button act={() => print()}>{t('case.receipt')}</Button>
                {(view.state === 'OPEN' || view.state === 'CLOSED') && <Button kind="danger" act={() => setDoing('retract')}>{label('case.retract', view.status)}</Button>}
            </div>
            {doing === 'refer' && <AskMediators view={view} done={() => setDoing('')} />}
            {doing === 'close' && <CloseForm view={view} done={done} />}
            {doing === 'retract' && <RetractForm view={view} done={done} />}
        </>
    );
}

/* ---- the page ---- */

function useCase(member: string, reference: string): { view?: CaseView; error: string; read: () => void; set: (view?: CaseView) => void } {
    const [view, set] = useState<CaseView | undefined>(undefined);
    const [error, setError] = useState('');
    const read = (): void => {
        get<CaseView>(casePath(member, reference)).then((found) => {
            set(found);
            setError('');
        }, (caught: unknown) => setError(explain(caught)));
    };
    useEffect(() => {
        read();
        return listen((event) => {
            if (event.reference === reference || event.type === 'gap') read();
        });
    }, [member, reference]);
    useEffect(() => {
        if (view && !view.mine && needsAnswer(view)) void shown(view);
    }, [view?.revision]);
    useEffect(() => {
        if (!view || photosToCome(view) === 0) return;
        const timer = setTimeout(read, 3000);
        return () => clearTimeout(timer);
    }, [view]);
    useEffect(() => update({ answers: state.answers.filter((one) => one.reference !== reference) }), [member, reference, view?.thread.length]);
    return { view, error, read, set };
}

function Over({ view }: { view: CaseView }): JSX.Element | null {
    if (view.state === 'OPEN') return null;
    const down = view.posters?.withdraw ?? 0;
    const closing = view.closing;
    return (
        <div class={`panel ${view.state === 'RETRACTED' ? 'panel-danger' : ''}`}>
            <p class="big"><strong>{t(`state.${view.state}`)}</strong> {code('Outcome', closing?.outcome ?? view.outcome)} {country(closing?.found_country)} {stamp(closing?.closed_at)}</p>
            {closing?.reason && <p class="written" dir="auto">{closing.reason}</p>}
            {(view.continued_as ?? []).map((one) => <p key={one.reference}><a href={to('case', one.member, one.reference)}>{t('case.continued', { reference: one.reference })}</a></p>)}
            {down > 0 && <p class="trouble"><a href={to('poster', view.member, view.reference)}>{t('poster.down', { n: down })}</a></p>}
            {view.erased_at && <p>{t('case.erased', { time: stamp(view.erased_at) })}</p>}
            {view.mine && view.erased_of !== undefined && <p>{t('case.erased.of', { done: view.erased_by ?? 0, n: view.erased_of })}</p>}
            {(view.not_erased ?? []).map((one) => <p key={one.member} class={one.withdrawn ? 'trouble' : 'hint'}>{t(one.withdrawn ? 'case.not.erased.withdrawn' : 'case.not.erased', { name: one.name ?? one.member, time: stamp(one.last_heard_at) })}</p>)}
        </div>
    );
}

function ApprovedBy({ approved_by: who, approved_at: at, break_glass: reason, break_glass_by: breaker, break_glass_at: broken }: Approved): JSX.Element {
    if (reason) return <p class="warning">⚠ {t('approval.glass.by', { who: breaker ?? '', time: stamp(broken), reason })}</p>;
    return <p class="good">✓ {t('approval.given', { who: who ?? '', time: stamp(at) })}</p>;
}

export function CaseScreen({ member, reference }: { member: string; reference: string }): JSX.Element {
    const { view, error, read, set } = useCase(member, reference);
    const asked = parse(state.hash).rest[2];
    const [doing, setDoing] = useState<Doing>(asked === 'sighting' ? 'SIGHTING' : asked === 'question' ? 'QUESTION' : '');
    const [answering, setAnswering] = useState('');
    const now = useNow(5000);
    useExercise(view?.status === 'EXERCISE');
    if (!view) return <><Title>{reference}</Title><Trouble text={error} />{!error && <p>{t('loading')}</p>}</>;
    const photo = (n: number): string | undefined => ((view.photos_here ?? 0) >= n ? `${casePath(member, reference)}/photo?number=${n}` : undefined);
    return (
        <>
            <p><a href={to('inbox')}>← {t('nav.inbox')}</a></p>
            <Title>{nameOf(view)}</Title>
            <p class="card-head"><StatusMark status={view.status} /> {view.state === 'OPEN' && <UrgencyMark urgency={view.urgency} />} <span>{t(view.mine ? 'inbox.mine' : 'case.from', { country: country(view.country), reference: view.reference, name: view.opener_name ?? view.member })}</span> <span>{ago(view.sent_at, now)}</span> {!view.mine && <Phone number={view.phone} />}</p>
            <Trouble text={error} />
            <Over view={view} />
            {view.mine ? <Own view={view} doing={doing} setDoing={setDoing} set={set} /> : <Received view={view} doing={doing} setDoing={setDoing} again={read} />}
            {view.mine && view.accepted_by < view.accepted_needed && <p class="warning">⚠ {t('case.accepting', { done: view.accepted_by, n: view.accepted_needed })}</p>}
            {view.mine && view.unreached.length > 0 && <p class="trouble">{t('case.unreached', { countries: view.unreached.map((one) => country(one)).join(', ') })}</p>}
            {(view.approvals ?? (view.approval ? [view.approval] : [])).map((one, index) => <ApprovedBy key={index} {...one} />)}
            {view.mine && <Ladder rows={view.ladder} />}
            {view.mine && <ReferralsOf view={view} />}
            <Timeline view={view} answer={setAnswering} />
            {answering && <ReplyForm key={answering} member={member} reference={reference} status={view.status} kind="ANSWER" inReplyTo={answering} done={() => {
                setAnswering('');
                read();
            }} />}
            {view.case && <section aria-labelledby="alert"><h2 id="alert">{t('case.alert')}</h2><PhotosToCome view={view} /><Card body={view.case} reader={language()} photo={photo} /></section>}
        </>
    );
}
