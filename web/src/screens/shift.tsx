/* shift - the beginning of a shift: hear the alarm, allow notices, look at the state of things, arm. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import * as alarm from '../alarm';
import { arm, disarm, tend } from '../duty';
import { decimal, language, maybe, spoken, t } from '../i18n';
import { go } from '../route';
import { readNotes, readStatus, useStore } from '../store';
import type { NodeStatus } from '../types';
import { NoteText } from './notes';
import { Blocked, Button, Detail, Title, Trouble, useAct } from '../ui';

const OFFERED = ['en', 'de', 'fr', 'es', 'it', 'pl', 'ro', 'hu', 'nl', 'pt', 'el', 'bg', 'cs', 'sk', 'sl', 'hr', 'sr', 'sq', 'da', 'sv', 'nb', 'fi', 'et', 'lv', 'lt', 'uk', 'ru', 'tr', 'ar', 'ga', 'mt'];

function Hear({ heard, setHeard }: { heard: boolean | undefined; setHeard: (heard: boolean) => void }): JSX.Element {
    const [playing, setPlaying] = useState(false);
    const play = useAct(async () => {
        if (!(await alarm.wake())) throw new Blocked(t('shift.sound.blocked'));
        alarm.start('live');
        setPlaying(true);
    });
    const answer = (yes: boolean): void => {
        alarm.stop();
        tend();
        setPlaying(false);
        setHeard(yes);
    };
    useEffect(() => () => {
        alarm.stop();
        tend();
    }, []);
    return (
        <li class={heard ? 'done' : ''}>
            <h2>{t('shift.hear')}</h2>
            {!playing && <Button kind={heard ? 'plain' : 'main'} act={play} focus>{t(heard === undefined ? 'shift.play' : 'shift.play.again')}</Button>}
            {playing && (
                <div class="row" role="group" aria-label={t('shift.heard')}>
                    <p class="big">{t('shift.heard')}</p>
                    <Button kind="main" act={() => answer(true)} focus>{t('shift.heard.yes')}</Button>
                    <Button act={() => answer(false)}>{t('shift.heard.no')}</Button>
                </div>
            )}
            <div aria-live="polite">
                {heard === true && <p class="good">✓ {t('shift.heard.good')}</p>}
                {heard === false && <p class="trouble">{t('shift.heard.help')}</p>}
            </div>
            <Trouble text={play.error} />
        </li>
    );
}

function Notices(): JSX.Element {
    const [allowed, setAllowed] = useState('Notification' in window ? Notification.permission : 'denied');
    const ask = useAct(async () => setAllowed(await Notification.requestPermission()));
    return (
        <li class={allowed === 'granted' ? 'done' : ''}>
            <h2>{t('shift.notices')}</h2>
            <p>{t('shift.notices.why')}</p>
            {allowed === 'default' && <Button act={ask}>{t('shift.notices.allow')}</Button>}
            {allowed === 'granted' && <p class="good">✓ {t('shift.notices.on')}</p>}
            {allowed === 'denied' && <p class="hint">{t('shift.notices.off')}</p>}
        </li>
    );
}

interface Test {
    name: string;
    good: boolean;
    text: string;
}
function tests(status: NodeStatus | undefined, live: boolean): Test[] {
    if (!status) return [{ name: t('test.node'), good: false, text: t('test.node.bad') }];
    const up = status.relays.filter((relay) => relay.state === 'CONNECTED').length;
    const skew = Math.abs(status.clock_offset_ms);
    const free = status.disk_free_bytes ?? undefined;
    return [
        { name: t('test.node'), good: live, text: t(live ? 'test.node.good' : 'test.node.bad') },
        { name: t('test.relays'), good: up > 0, text: t('test.relays.text', { up, n: status.relays.length }) },
        { name: t('test.clock'), good: skew < 5000, text: t('test.clock.text', { seconds: decimal(skew / 1000) }) },
        { name: t('test.disk'), good: free === undefined || free > 1e9, text: free === undefined ? t('test.disk.unknown') : t('test.disk.text', { gb: decimal(free / 1e9, 0) }) },
    ];
}

/* In the reader's language by its code; what the node says in English has the numbers. */
function Warning({ code, text }: { code: string; text: string }): JSX.Element {
    const words = language() === 'en' ? undefined : maybe(`warning.${code}`);
    return <div class="warning"><span aria-hidden="true">⚠ </span>{words ?? text}{words && <Detail text={text} />}</div>;
}

export function SelfTest(): JSX.Element {
    const now = useStore();
    useEffect(() => void readStatus(), []);
    return (
        <>
            <ul class="tests">
                {tests(now.status, now.line !== 'offline').map(({ name, good, text }) => (
                    <li key={name} class={good ? 'good' : 'trouble'}>
                        <span aria-hidden="true">{good ? '✓ ' : '✕ '}</span><strong>{name}</strong> <span>{text}</span>
                    </li>
                ))}
            </ul>
            {(now.status?.warnings ?? []).map((warning) => <Warning key={warning.text} {...warning} />)}
        </>
    );
}

function Languages({ chosen, setChosen }: { chosen: string[]; setChosen: (chosen: string[]) => void }): JSX.Element {
    const toggle = (one: string): void => setChosen(chosen.includes(one) ? chosen.filter((other) => other !== one) : [...chosen, one]);
    return (
        <fieldset>
            <legend>{t('shift.languages')}</legend>
            <div class="chips">
                {OFFERED.map((one) => (
                    <label key={one} class="chip"><input type="checkbox" checked={chosen.includes(one)} onChange={() => toggle(one)} />{spoken(one)}</label>
                ))}
            </div>
        </fieldset>
    );
}

/* What the last shift left. */
const NOTES_SHOWN = 3;
function LeftNotes(): JSX.Element | null {
    const { notes } = useStore();
    useEffect(() => void readNotes(), []);
    if (!notes) return null;
    return (
        <li>
            <h2>{t('nav.notes')}</h2>
            {notes.length === 0 && <p class="calm">{t('notes.none')}</p>}
            <ul>{notes.slice(0, NOTES_SHOWN).map((note) => <li key={note.id} class="note"><NoteText note={note} /></li>)}</ul>
            <p><a href="#/notes">{t('notes.all')} →</a></p>
        </li>
    );
}

export function Shift(): JSX.Element {
    const now = useStore();
    const [heard, setHeard] = useState<boolean | undefined>(undefined);
    const [chosen, setChosen] = useState<string[]>([language()]);
    const armAct = useAct(async () => {
        await alarm.wake();
        if (await arm(chosen)) go('inbox');
    });
    if (now.armedAt) {
        return (
            <section>
                <Title>{t('shift.armed.title')}</Title>
                <p class="big good">✓ {t('shift.armed.text')}</p>
                <SelfTest />
                <p><a class="button main" href="#/inbox">{t('shift.to.inbox')}</a></p>
                <h2>{t('shift.end')}</h2>
                <p>{t('shift.end.text')}</p>
                <Button act={() => void disarm()}>{t('shift.disarm')}</Button>
            </section>
        );
    }
    return (
        <section>
            <Title>{t('shift.title', { user: now.session?.user ?? '' })}</Title>
            <p>{t('shift.why')}</p>
            <ol class="steps">
                <Hear heard={heard} setHeard={setHeard} />
                <Notices />
                <li><h2>{t('shift.state')}</h2><SelfTest /></li>
                <LeftNotes />
                <li>
                    <h2>{t('shift.arm.title')}</h2>
                    <Languages chosen={chosen} setChosen={setChosen} />
                    {!heard && <p class="hint" id="why-not">{t('shift.arm.first')}</p>}
                    {now.soundElsewhere && <p class="trouble" role="alert">{t('shift.elsewhere')}</p>}
                    <Trouble text={armAct.error} />
                    <Button kind="main" class="huge" act={armAct} disabled={!heard} describedby="why-not">{t('shift.arm')}</Button>
                </li>
            </ol>
        </section>
    );
}
