/* header - always there: the line and its age, armed or not, open cases, language, help. */
import type { JSX } from 'preact';
import { call } from './api';
import { disarm } from './duty';
import * as i18n from './i18n';
import { t } from './i18n';
import { parse, to } from './route';
import { lineState, mayRead, needsAnswer, openOnes, state, update, useNow, useStore } from './store';
import type { State } from './store';
import { ago } from './time';
import type { Key } from './i18n';

export function LineState(): JSX.Element {
    return <Line line={lineState(useStore())} />;
}

function Line({ line }: { line: State['line'] }): JSX.Element {
    const now = useNow();
    const sign = line === 'live' ? '●' : line === 'reconnecting' ? '◐' : '✕';
    const since = line === 'live' ? ago(state.heardAt, now) : ago(state.lostAt || state.heardAt, now);
    return (
        <div class={`state line-${line}`}>
            <strong role="status"><span aria-hidden="true">{sign} </span>{t(`line.${line}`)}</strong>
            <span class="age">{t(line === 'live' ? 'line.heard' : 'line.since', { ago: since })}</span>
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
    try {
        await call('DELETE', '/v1/session');
    } finally {
        location.reload();
    }
};

export const screens: { name: string; text: Key }[] = [
    { name: 'inbox', text: 'nav.inbox' },
    { name: 'compose', text: 'nav.compose' },
    { name: 'drills', text: 'nav.drills' },
    { name: 'archive', text: 'nav.archive' },
    { name: 'phones', text: 'nav.phones' },
    { name: 'settings', text: 'nav.settings' },
];

export function Header({ line, exercise }: { line: State['line']; exercise: boolean }): JSX.Element {
    const now = useStore();
    const at = parse(now.hash).name;
    const open = openOnes(now).length;
    const unanswered = now.received.filter(needsAnswer).length;
    return (
        <header class="top">
            {exercise && <p class="exercise-banner">{t('exercise.banner')}</p>}
            <div class="states">
                <Line line={line} />
                <Armed />
                <a class={`state ${unanswered ? 'waiting' : ''}`} href={to('inbox')}>
                    <strong>{t('open.count', { n: open })}</strong>
                    <span class="age">{t('open.unanswered', { n: unanswered })}</span>
                </a>
                <div class="self">
                    <LanguageChoice />
                    <button type="button" class="quiet" onClick={() => void logOut()}>{t('logout', { user: now.session?.user ?? '' })}</button>
                </div>
            </div>
            <nav aria-label={t('nav')}>
                {screens.filter(({ name }) => mayRead(now) || name === 'phones' || name === 'settings').map(({ name, text }) => (
                    <a key={name} href={to(name)} aria-current={at === name ? 'page' : undefined}>{t(text)}</a>
                ))}
            </nav>
        </header>
    );
}
