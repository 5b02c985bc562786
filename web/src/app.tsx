/* app - the window: header, what must be answered before all else, and the screen of the address. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { tend, waiting } from './duty';
import { Header } from './header';
import { Figures } from './screens/figures';
import { Help } from './screens/help';
import { Notes } from './screens/notes';
import { t } from './i18n';
import { parse } from './route';
import { CaseScreen } from './screens/case';
import { Archive } from './screens/archive';
import { Compose, Drafts } from './screens/compose';
import { Drills } from './screens/drills';
import { Incoming } from './screens/incoming';
import { Inbox } from './screens/inbox';
import { Login } from './screens/login';
import { Offline, Phones } from './screens/offline';
import { Poster } from './screens/poster';
import { Referrals } from './screens/referrals';
import { Settings } from './screens/settings';
import { Shift } from './screens/shift';
import { Update } from './screens/update';
import { lineState, mayRead, openOnes, useNow, useStore } from './store';
import type { State } from './store';

function screenOf(now: State): JSX.Element {
    const { name, rest } = parse(now.hash);
    switch (name) {
        case 'shift':
            return <Shift />;
        case 'phones':
            return <Phones />;
        case 'case':
            return <CaseScreen key={rest.join('/')} member={rest[0] ?? ''} reference={rest[1] ?? ''} />;
        case 'compose':
            return rest[0] ? <Compose key={rest[0]} id={rest[0]} step={Math.min(4, Math.max(1, Number(rest[1]) || 1))} /> : <Drafts />;
        case 'update':
            return <Update key={rest.join('/')} member={rest[0] ?? ''} reference={rest[1] ?? ''} />;
        case 'drills':
            return <Drills />;
        case 'referrals':
            return <Referrals />;
        case 'figures':
            return <Figures />;
        case 'help':
            return <Help />;
        case 'notes':
            return <Notes />;
        case 'archive':
            return <Archive />;
        case 'settings':
            return <Settings />;
        case 'poster':
            return <Poster member={rest[0] ?? ''} reference={rest[1] ?? ''} />;
        default:
            if (!mayRead(now)) return <Settings />;
            return <Inbox />;
    }
}

/* What is being typed is not taken from under somebody's hands: the header says OFFLINE all the same. */
const writing = (now: State): boolean => ['compose', 'update'].includes(parse(now.hash).name);

/* The whole window says it: class, title and frame. */
function useWindowMode(exercise: boolean, open: number): void {
    useEffect(() => {
        document.documentElement.classList.toggle('exercise', exercise);
        const name = open > 0 ? t('title.open', { n: open }) : t('title');
        document.title = exercise ? t('exercise.title', { title: name }) : name;
    });
}

export function App(): JSX.Element {
    const now = useStore();
    const urgent = now.session ? waiting() : [];
    const first = urgent[0];
    const line = lineState(now);
    const exercise = first ? first.status === 'EXERCISE' : now.exercise;
    useNow(5000);
    useWindowMode(exercise, openOnes(now).length);
    useEffect(tend, [urgent.length, first?.case_id, now.armedAt]);
    if (now.session === undefined) return <main class="page"><p>{t('starting')}</p></main>;
    if (now.session === null) return <Login />;
    if (first) return <Incoming key={`${first.case_id}/${first.revision}`} one={first} more={urgent.length - 1} />;
    return (
        <>
            <a class="skip" href="#content" onClick={(event) => {
                event.preventDefault();
                document.getElementById('content')?.focus();
            }}>{t('skip')}</a>
            <Header line={line} exercise={exercise} />
            <main id="content" class="page" tabIndex={-1}>
                {line === 'offline' && !now.offlineSeen && !writing(now) ? <Offline /> : screenOf(now)}
            </main>
        </>
    );
}
