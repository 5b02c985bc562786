/* login - who are you. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, Refused } from '../api';
import { LanguageChoice } from '../header';
import { t } from '../i18n';
import { go } from '../route';
import type { Session } from '../types';
import { Title, Trouble, useAct } from '../ui';
import { useStore } from '../store';

export function Login(): JSX.Element {
    useStore();
    const [user, setUser] = useState('');
    const [password, setPassword] = useState('');
    const [totp, setTotp] = useState('');
    const [asked, setAsked] = useState(false);
    const field = useRef<HTMLInputElement>(null);
    useEffect(() => {
        if (asked) field.current?.focus();
    }, [asked]);
    const act = useAct(async () => {
        setAsked(false);
        await call<Session>('POST', '/v1/session', { body: { user, password, ...(totp && { totp }) } }).catch((caught: unknown) => {
            setAsked(caught instanceof Refused && caught.problem.code === 'TOTP');
            throw caught;
        });
        go('shift');
        dispatchEvent(new Event('hotline-login'));
    });
    return (
        <main class="page narrow">
            <div class="spread"><Title>{t('login.title')}</Title><LanguageChoice /></div>
            <form class="panel" onSubmit={(event) => {
                event.preventDefault();
                act.run();
            }}>
                <label>{t('login.user')}
                    <input required autocomplete="username" autocapitalize="none" value={user} onInput={(event) => setUser(event.currentTarget.value)} />
                </label>
                <label>{t('login.password')}
                    <input required type="password" autocomplete="current-password" value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
                </label>
                <label>{t('login.totp')} <span class="hint">{t('login.totp.hint')}</span>
                    <input ref={field} inputMode="numeric" autocomplete="one-time-code" maxLength={8} value={totp} onInput={(event) => setTotp(event.currentTarget.value)} />
                </label>
                <Trouble text={act.error} />
                <button class="main" aria-disabled={act.busy}>{t('login.go')}</button>
            </form>
            <p class="hint">{t('login.help')}</p>
        </main>
    );
}
