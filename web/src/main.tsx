/* main - starts the console: language, session, events, screens. */
import { render } from 'preact';
import { get, Refused, setCsrf, whenLoggedOut } from './api';
import { App } from './app';
import * as duty from './duty';
import * as events from './events';
import * as i18n from './i18n';
import { go } from './route';
import { readAll, state, update, whenAsked } from './store';
import type { Session } from './types';

async function findSession(): Promise<Session | null | undefined> {
    try {
        return await get<Session>('/v1/session');
    } catch (error) {
        return error instanceof Refused ? null : undefined;
    }
}

/* Until the node answers, whoever is logged in. */
async function resume(): Promise<void> {
    for (;;) {
        const session = await findSession();
        if (session) {
            setCsrf(session.csrf);
            update({ session });
            events.start();
            void readAll().then(duty.tend);
            return;
        }
        update({ session: null });
        if (session === null) return;
        await new Promise((done) => setTimeout(done, 3000));
    }
}

async function main(): Promise<void> {
    await i18n.load('en');
    await i18n.use(i18n.preferred());
    whenLoggedOut(() => {
        events.stop();
        void duty.disarm();
        update({ session: null });
    });
    addEventListener('hashchange', () => update({ hash: location.hash }));
    update({ hash: location.hash });
    addEventListener('hotline-login', () => void resume());
    events.listen(() => duty.tend());
    whenAsked(duty.chime);
    render(<App />, document.getElementById('app')!);
    await resume();
}

/* The key for help, everywhere. */
addEventListener('keydown', (event) => {
    if (event.key !== 'F1' || !state.session) return;
    event.preventDefault();
    go('help');
});

/* An armed console that is closed by mistake asks first. */
addEventListener('beforeunload', (event) => {
    if (state.armedAt) event.preventDefault();
});

void main();
