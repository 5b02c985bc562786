/*
 * referrals - a parental abduction handed to mediators: who is asked, what they answered; at a mediator, what is asked
 * of it. No name, no photo and no address of anybody goes with it.
 */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, casePath, newKey } from '../api';
import { Check, FormContext, labelOf, Numeric, Radios, Several, spokenChoices, Star, Text } from '../form';
import { code, codesOf, country, language, list, maybe, spoken, t } from '../i18n';
import { to } from '../route';
import { may, readReferrals, state, update, useExercise, useNow, useStore } from '../store';
import { ago, fromWall, ownZone, stamp, toWall } from '../time';
import type { CaseBody, CaseView, Referral } from '../types';
import { Blocked, Button, English, label, Phone, StatusMark, Title, Trouble, UrgencyMark, useAct, useId } from '../ui';

const DAYS_TO_ANSWER = 3;
const DAY_MS = 86_400_000;

/* ---- one of them ---- */

function Answer({ one }: { one: Referral }): JSX.Element {
    const [declining, decline] = useState(false);
    const [why, setWhy] = useState('');
    const [text, setText] = useState('');
    const id = useId();
    const say = async (act: 'ACCEPT' | 'DECLINE'): Promise<void> => {
        if (act === 'DECLINE' && !why) throw new Blocked(t('refer.need.why'));
        await call('POST', `/v1/referrals/${one.referral_id}/answer`, { key: newKey(), body: { act, ...(act === 'DECLINE' && { decline: why }), ...(text.trim() && { text: text.trim() }) } });
        await readReferrals();
    };
    const accept = useAct(() => say('ACCEPT'));
    const refuse = useAct(() => say('DECLINE'));
    return (
        <>
            {declining && (
                <label for={`${id}-why`}>{t('refer.why')}
                    <select id={`${id}-why`} value={why} onChange={(event) => setWhy(event.currentTarget.value)}>
                        <option value="">{t('choose')}</option>
                        {codesOf('ReferralDecline').map((name) => <option key={name} value={name}>{code('ReferralDecline', name)}</option>)}
                    </select>
                </label>
            )}
            <label for={`${id}-text`}>{t('refer.word')}<input id={`${id}-text`} maxLength={1000} value={text} onInput={(event) => setText(event.currentTarget.value)} /></label>
            <Trouble text={accept.error || refuse.error} />
            <div class="row">
                {!declining && <Button kind="main" act={accept}>{label('refer.accept', one.status)}</Button>}
                {declining ? <Button kind="main" act={refuse}>{label('refer.decline', one.status)}</Button> : <Button act={() => decline(true)}>{label('refer.decline', one.status)}</Button>}
                {declining && <Button kind="quiet" act={() => decline(false)}>{t('cancel')}</Button>}
            </div>
        </>
    );
}

function One({ one, named }: { one: Referral; named: boolean }): JSX.Element {
    const now = useNow(10_000);
    const waiting = one.state === 'OPEN' && !one.mine && one.answers.length === 0;
    return (
        <li class={`panel ${waiting ? 'panel-wait' : ''}`} data-state={one.state}>
            <p class="card-head"><StatusMark status={one.status} /> {one.state === 'OPEN' && <UrgencyMark urgency={one.urgency} />} <strong class="mark">{t(`refer.state.${one.state}`)}</strong>
                {named && (one.mine ? <a href={to('case', one.from, one.reference)}>{one.reference}</a> : <strong>{one.reference}</strong>)} {!one.mine && <span>{one.from_name ?? one.from} <Phone number={one.phone} /></span>}</p>
            <dl class="facts">
                <div class="fact"><dt>{labelOf('refer.answer_by')}</dt><dd><strong>{stamp(one.answer_by)}</strong> <span class="hint">{ago(one.answer_by, now)}</span></dd></div>
                <div class="fact"><dt>{labelOf('refer.countries')}</dt><dd>{list(one.countries.map((each) => country(each)))}</dd></div>
                <div class="fact"><dt>{labelOf('refer.languages')}</dt><dd>{list(one.languages.map((each) => spoken(each)))}</dd></div>
                <div class="fact"><dt>{t('refer.about')}</dt><dd>{list([...(one.children ? [t('refer.children', { n: one.children })] : []), ...(one.child_age_years === undefined ? [] : [t('age', { n: one.child_age_years })]), ...(one.hague_pending ? [labelOf('refer.hague_pending')] : [])]) || '–'}</dd></div>
                {one.contact?.phone && <div class="fact"><dt>{t('card.contact')}</dt><dd><Phone number={one.contact.phone} /></dd></div>}
            </dl>
            {one.text && <p class="written" lang={one.text_language} dir="auto">{one.text}</p>}
            {one.late && <p class="warning">{t('refer.late')}</p>}
            {one.text_shows && <div class="warning">⚠ {t('refer.shows')} <English text={one.text_shows} /></div>}
            <ul>
                {one.answers.map((each) => (
                    <li key={each.member}><strong class={each.act === 'ACCEPT' ? 'good' : ''}>{each.act === 'ACCEPT' ? '✓ ' : '✕ '}{t(`refer.act.${each.act}`)}</strong> {one.mine && t('send.one', { country: country(each.country), name: each.name ?? each.member })} {code('ReferralDecline', each.decline)} <span class="hint">{stamp(each.at)}</span>
                        {each.text && <span class="written block" dir="auto">{each.text}</span>}</li>
                ))}
                {one.mine && one.ladder.filter((row) => !one.answers.some((each) => each.member === row.member)).map((row) => (
                    <li key={row.member}>· {t('send.one', { country: country(row.country), name: row.name ?? row.member })} <span class="hint">{maybe(`step.${row.state}`) ?? row.state}</span></li>
                ))}
            </ul>
            {waiting && may(state, 'ANSWER') && <Answer one={one} />}
        </li>
    );
}

/* ---- asking ---- */

interface Words {
    languages?: string[];
    countries?: string[];
    urgency?: string;
    child_age_years?: number;
    children?: number;
    hague_pending?: boolean;
    text?: string;
}

function AnswerBy({ at, set }: { at: string; set: (at: string) => void }): JSX.Element {
    const id = useId();
    return (
        <div class="field">
            <label for={id}>{labelOf('refer.answer_by')}<Star /></label>
            <input id={id} type="datetime-local" value={toWall(at, ownZone)} onInput={(event) => set(fromWall(event.currentTarget.value, ownZone) ?? at)} />
        </div>
    );
}

export function AskMediators({ view, done }: { view: CaseView; done: () => void }): JSX.Element {
    const { members } = useStore();
    const [body, set] = useState<CaseBody>({ refer: { urgency: 'EXPECTED', children: 1, child_age_years: view.child?.age_years } });
    const [at, setAt] = useState(new Date(Date.now() + DAYS_TO_ANSWER * DAY_MS).toISOString());
    const [key, setKey] = useState(newKey);
    const where = [...new Set(members.filter((one) => one.role === 'MEDIATOR' && one.standing === 'ACTIVE' && !one.self).map((one) => one.country))];
    const act = useAct(async () => {
        const words = (body['refer'] ?? {}) as Words;
        if (!words.languages?.length || !words.countries?.length) throw new Blocked(t('refer.need'));
        const phone = view.case?.contact?.phone;
        try {
            await call('POST', `${casePath(view.member, view.reference)}/referrals`, { key, body: { ...words, answer_by: at, ...(words.text && { text_language: language() }), ...(phone && { contact: { phone } }) } });
        } finally {
            setKey(newKey());
        }
        await readReferrals();
        done();
    });
    if (where.length === 0) return <p class="trouble">{t('refer.nobody')}</p>;
    return (
        <FormContext.Provider value={{ body, set, refused: '', why: '' }}>
            <form class="panel" onSubmit={(event) => {
                event.preventDefault();
                act.run();
            }}>
                <h2>{t('refer.title')}</h2>
                <p>{t('refer.text')}</p>
                <Several path="refer.countries" star choices={where.map((one) => ({ value: one, text: country(one) }))} />
                <Several path="refer.languages" star choices={spokenChoices()} few={[language(), ...(view.case?.child?.languages ?? []), 'en', 'fr']} />
                <div class="grid"><AnswerBy at={at} set={setAt} /><Numeric path="refer.children" least={1} most={20} /><Numeric path="refer.child_age_years" least={0} most={25} /></div>
                <Radios path="refer.urgency" choices={['IMMEDIATE', 'EXPECTED', 'ROUTINE'].map((one) => ({ value: one, text: code('Urgency', one) }))} />
                <Check path="refer.hague_pending" />
                <Text path="refer.text" rows={3} max={1000} hint="refer.text.hint" />
                <Trouble text={act.error} />
                <div class="row"><button class="main" aria-disabled={act.busy}>{label('refer.go', view.status)}</button><Button act={done}>{t('cancel')}</Button></div>
            </form>
        </FormContext.Provider>
    );
}

/* ---- on the page of a case, and all of them ---- */

export function ReferralsOf({ view }: { view: CaseView }): JSX.Element | null {
    const own = (useStore().referrals ?? []).filter((one) => one.mine && one.reference === view.reference);
    if (own.length === 0) return null;
    return (
        <section aria-labelledby="mediation">
            <h2 id="mediation">{t('nav.referrals')}</h2>
            <ul>{own.map((one) => <One key={one.referral_id} one={one} named={false} />)}</ul>
        </section>
    );
}

export function Referrals(): JSX.Element {
    const { referrals, members } = useStore();
    const mediator = members.some((one) => one.self && one.role === 'MEDIATOR');
    useExercise((referrals ?? []).length > 0 && referrals!.every((one) => one.status === 'EXERCISE'));
    useEffect(() => void readReferrals(), []);
    useEffect(() => {
        if (state.answers.some((one) => one.type === 'referral.received')) update({ answers: state.answers.filter((one) => one.type !== 'referral.received') });
    }, [referrals]);
    return (
        <>
            <Title>{t('nav.referrals')}</Title>
            <p>{t(mediator ? 'refer.text.mediator' : 'refer.text')}</p>
            {!mediator && <p class="hint">{t('refer.where')}</p>}
            {!referrals && <p>{t('loading')}</p>}
            {referrals?.length === 0 && <p class="calm">{t('refer.none')}</p>}
            <ul>{(referrals ?? []).map((one) => <One key={one.referral_id} one={one} named />)}</ul>
        </>
    );
}
