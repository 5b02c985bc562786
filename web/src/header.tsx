/* header - always there: the line and its age, armed or not, open cases, language, help. */
import type { JSX } from 'preact';
import { call } from './api';
import { disarm } from './duty';
import { dropAll } from './keep';
import * as i18n from './i18n';
import { code, country, t } from './i18n';
import { parse, to } from './route';
import { lineState, may, mayRead, needsAnswer, openOnes, state, update, useNow, useStore } from './store';
import type { Line as LineName, State } from './store';
import { ago } from './time';
import type { LadderRow } from './types';
import { Phone, StatusMark } from './ui';
import type { Key } from './i18n';

export function LineState({ exercise }: { exercise: boolean }): JSX.Element {
    return <Line line={lineState(useStore())} exercise={exercise} />;
}

/* In the window of an exercise the word LIVE stands nowhere: there it says CONNECTED. */
function Line({ line, exercise }: { line: LineName; exercise: boolean }): JSX.Element {
    const now = useNow();
    const sign = line === 'live' ? '●' : line === 'reconnecting' || line === 'starting' ? '◐' : '✕';
    const since = line === 'live' ? ago(state.heardAt, now) : ago(state.lostAt || state.heardAt, now);
    return (
        <div class={`state line-${line}`}>
            <strong role="status"><span aria-hidden="true">{sign} </span>{line === 'starting' ? t('starting') : t(line === 'live' && exercise ? 'line.connected' : `line.${line}`)}</strong>
            {line !== 'starting' && <span class="age">{t(line === 'live' ? 'line.heard' : 'line.since', { ago: since })}</span>}
        </div>
    );
}

function Armed(): JSX.Element {
    const { armedAt, armedKnown, soundElsewhere } = useStore();
    if (armedAt) {
        return (
            <a class="state armed" href={to('shift')}>
                <strong><span aria-hidden="true">♪ </span>{t('armed.yes')}</strong>
                <span class="age">{t(armedKnown ? 'armed.hint' : 'armed.unknown')}</span>
            </a>
        );
    }
    return (
        <a class="state not-armed" href={to('shift')}>
            <strong><span aria-hidden="true">✕ </span>{t('armed.no')}</strong>
            <span class="age">{t(soundElsewhere ? 'armed.elsewhere' : 'armed.now')}</span>
        </a>
    );
}

export function LanguageChoice(): JSX.Element {
    const choose = (event: Event): void => {
        void i18n.use((event.target as HTMLSelectElement).value).then(() => update({ languageVersion: state.languageVersion + 1 }));
    };
    return (
        <label class="language">
            <span class="hidden">{t('language')}</span>
            <select onChange={choose} value={i18n.language()}>
                {i18n.languages.map((one) => <option key={one} value={one} lang={one}>{i18n.languageNames.get(one)}</option>)}
            </select>
        </label>
    );
}

export const logOut = async (): Promise<void> => {
    await disarm();
    dropAll();
    try {
        await call('DELETE', '/v1/session');
    } finally {
        location.reload();
    }
};

/* Somebody has not answered in time: whom to call, on every screen, until it is over. */
function Stalls(): JSX.Element | null {
    const { stalls } = useStore();
    const [first, ...more] = stalls;
    if (!first) return null;
    const { one, row } = first;
    return (
        <p class="stalls" role="alert">
            <span aria-hidden="true">✕ </span>
            <a href={to('case', one.member, one.reference)}>{one.reference}</a> {one.status === 'EXERCISE' && <StatusMark status={one.status} />} {t(`late.${lateStep(row)}`, { country: country(row.country) })} <strong>{t('ladder.call')} <Phone number={row.phone} /></strong>
            {more.length > 0 && <span> · {t('late.more', { n: more.length })}</span>}
        </p>
    );
}
/* What came from others and nobody has opened in this window: a sighting first. */
function Answers(): JSX.Element | null {
    const [first, ...more] = useStore().answers;
    if (!first) return null;
    return (
        <p class={`stalls ${first.kind === 'SIGHTING' ? '' : 'stalls-calm'}`} role="alert">
            <span aria-hidden="true">▲ </span>{first.type === 'referral.received' ? t('nav.referrals') : code('ReplyKind', first.kind)} {first.status === 'EXERCISE' && <StatusMark status={first.status} />} {t('answers.from', { country: country(first.country) })} <a href={first.type === 'referral.received' ? to('referrals') : to('case', first.opener ?? '', first.reference ?? '')}>{first.reference}</a>
            {more.length > 0 && <span> · {t('late.more', { n: more.length })}</span>}
        </p>
    );
}

/* Somebody here has sent without the second person that the rules ask for: everybody here is told. */
function Glass(): JSX.Element | null {
    const { glass } = useStore();
    if (!glass) return null;
    return (
        <p class="stalls" role="alert">
            <span aria-hidden="true">⚠ </span>{t('approval.glass.told', { who: glass.by ?? '' })} <a href={to('case', glass.opener ?? '', glass.reference ?? '')}>{glass.reference}</a> <button type="button" class="quiet" onClick={() => update({ glass: undefined })}>{t('seen')}</button>
        </p>
    );
}
/* The first step that is missing. */
export const lateStep = (row: LadderRow): 'DELIVERED' | 'SHOWN' | 'ACKNOWLEDGED' =>
    row.shown_at ? 'ACKNOWLEDGED' : row.delivered_at ? 'SHOWN' : 'DELIVERED';

/* Mediators are in the network, or were asked: only then there is something to be seen. */
const mediates = (now: State): boolean => (now.referrals?.length ?? 0) > 0 || now.members.some((one) => one.role === 'MEDIATOR');
const asked = (now: State): number => (now.referrals ?? []).filter((one) => !one.mine && one.state === 'OPEN' && one.answers.length === 0).length;

export const screens: { name: string; text: Key }[] = [
    { name: 'inbox', text: 'nav.inbox' },
    { name: 'compose', text: 'nav.compose' },
    { name: 'drills', text: 'nav.drills' },
    { name: 'notes', text: 'nav.notes' },
    { name: 'referrals', text: 'nav.referrals' },
    { name: 'archive', text: 'nav.archive' },
    { name: 'figures', text: 'nav.figures' },
    { name: 'phones', text: 'nav.phones' },
    { name: 'settings', text: 'nav.settings' },
];

export function Header({ line, exercise }: { line: LineName; exercise: boolean }): JSX.Element {
    const now = useStore();
    const at = parse(now.hash).name;
    const open = openOnes(now).length;
    const unanswered = now.received.filter(needsAnswer).length;
    return (
        <header class="top">
            {exercise && <p class="exercise-banner">{t('exercise.banner')}</p>}
            <div class="states">
                <Line line={line} exercise={exercise} />
                {may(now, 'CONSOLE') && <Armed />}
                {mayRead(now) && <a class={`state ${unanswered ? 'waiting' : ''}`} href={to('inbox')}>
                    <strong>{t('open.count', { n: open })}</strong>
                    <span class="age">{t('open.unanswered', { n: unanswered })}</span>
                </a>}
                <div class="self">
                    <LanguageChoice />
                    <a class="button quiet" href={to('help')} aria-current={at === 'help' ? 'page' : undefined}>{t('nav.help')}</a>
                    <button type="button" class="quiet" onClick={() => void logOut()}>{t('logout', { user: now.session?.user ?? '' })}</button>
                </div>
            </div>
            <Answers />
            <Stalls />
            <Glass />
            <nav aria-label={t('nav')}>
                {screens.filter(({ name }) => (mayRead(now) || name === 'phones' || name === 'settings') && (name !== 'notes' || now.notes) && (name !== 'referrals' || mediates(now))).map(({ name, text }) => (
                    <a key={name} href={to(name)} aria-current={at === name ? 'page' : undefined}>{t(text)}{name === 'referrals' && asked(now) > 0 && <> <span class="count">{asked(now)}</span></>}</a>
                ))}
            </nav>
        </header>
    );
}
