/* people - who may log in, with what role, password and authenticator; and one's own password. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from '../api';
import { t } from '../i18n';
import type { Key } from '../i18n';
import { state, useNow } from '../store';
import { ago, day } from '../time';
import { Blocked, Button, Scroll, Trouble, useAct, useList } from '../ui';

const ROLES = ['operator', 'supervisor', 'it', 'read-only'] as const;
const LENGTH_MIN = 12;

interface User {
    user: string;
    role: string;
    totp: boolean;
    created_at: string;
    login_at?: string;
    sessions: number;
    locked_seconds: number;
}
type Read = () => Promise<void>;
const pathOf = (user: string): string => `/v1/users/${encodeURIComponent(user)}`;

function RoleChoice({ name, value, set }: { name: string; value: string; set: (role: string) => void }): JSX.Element {
    return <select aria-label={name} value={value} onChange={(event) => set(event.currentTarget.value)}>{ROLES.map((each) => <option key={each} value={each}>{t(`role.${each}`)}</option>)}</select>;
}

function NewPassword({ text, value, set, focus }: { text: Key; value: string; set: (value: string) => void; focus?: boolean }): JSX.Element {
    const self = useRef<HTMLInputElement>(null);
    useEffect(() => {
        if (focus) self.current?.focus();
    }, []);
    return (
        <label>{t(text)} <span class="hint">{t('password.hint', { n: LENGTH_MIN })}</span>
            <input required type="password" minLength={LENGTH_MIN} maxLength={1024} autocomplete="new-password" value={value} ref={self} onInput={(event) => set(event.currentTarget.value)} />
        </label>
    );
}

/* What an authenticator is told once, and never shown again. */
function Secret({ secret, uri, qr, done }: { secret: string; uri: string; qr?: string; done: () => void }): JSX.Element {
    return (
        <div class="panel panel-once" role="status">
            <p>{t('users.totp.once')}</p>
            {qr && <img class="qr" src={`data:image/svg+xml,${encodeURIComponent(qr)}`} alt={t('users.totp.qr')} />}
            <p class="big"><code>{secret.replace(/(.{4})(?=.)/g, '$1 ')}</code></p>
            <p class="hint"><a href={uri}>{t('users.totp.open')}</a></p>
            <Button kind="main" act={done}>{t('once.done')}</Button>
        </div>
    );
}

type Doing = '' | 'password' | 'remove' | 'totp';

function Password({ user, done }: { user: string; done: () => void }): JSX.Element {
    const [password, setPassword] = useState('');
    const act = useAct(async () => {
        await call('PUT', `${pathOf(user)}/password`, { body: { password } });
        done();
    });
    return (
        <form onSubmit={(event) => {
            event.preventDefault();
            act.run();
        }}>
            <NewPassword text="users.password.new" value={password} set={setPassword} focus />
            <p class="hint">{t('users.password.ends')}</p>
            <Trouble text={act.error} />
            <div class="row"><button class="main">{t('users.password.set', { user })}</button><Button kind="quiet" act={done}>{t('cancel')}</Button></div>
        </form>
    );
}

function Row({ one, read }: { one: User; read: Read }): JSX.Element {
    const [doing, setDoing] = useState<Doing>('');
    const [secret, setSecret] = useState<{ secret: string; uri: string; qr?: string } | undefined>(undefined);
    const [role, setRole] = useState(one.role);
    const path = pathOf(one.user);
    const now = useNow(10_000);
    const over = async (): Promise<void> => {
        setDoing('');
        await read();
    };
    const gone = useAct(() => call('DELETE', path).then(over));
    const unlock = useAct(() => call('POST', `${path}/unlock`, { body: {} }).then(over));
    const change = useAct(() => call('PUT', `${path}/role`, { body: { role } }).then(over));
    const codes = useAct(async () => {
        if (one.totp) await call('DELETE', `${path}/totp`);
        else setSecret(await call('POST', `${path}/totp`, { body: {} }));
        await over();
    });
    return (
        <li class="panel user">
            <div class="spread">
                <h3>{one.user} {one.user === state.session?.user && <span class="mark">{t('users.you')}</span>} {one.locked_seconds > 0 && <span class="mark mark-waits">{t('users.locked', { n: one.locked_seconds })}</span>}</h3>
                <span class="hint">{one.login_at ? t('users.login', { ago: ago(one.login_at, now) }) : t('users.login.never')} · {t(one.totp ? 'users.totp.on' : 'users.totp.off')}</span>
            </div>
            <div class="row">
                <RoleChoice name={t('users.role.of', { user: one.user })} value={role} set={setRole} />
                {role !== one.role && <Button kind="main" act={change}>{t('save')}</Button>}
                <Button act={() => setDoing('password')}>{t('users.password.new')}</Button>
                <Button act={codes}>{t(one.totp ? 'users.totp.remove' : 'users.totp.add')}</Button>
                {one.locked_seconds > 0 && <Button act={unlock}>{t('users.unlock')}</Button>}
                {doing === 'remove' ? <Button kind="danger" act={gone} focus>{t('users.remove.yes', { user: one.user })}</Button> : <Button kind="quiet" act={() => setDoing('remove')}>{t('remove')}</Button>}
            </div>
            {doing === 'password' && <Password user={one.user} done={() => void over()} />}
            {secret && <Secret {...secret} done={() => setSecret(undefined)} />}
            <Trouble text={gone.error || unlock.error || change.error || codes.error} />
        </li>
    );
}

function AddUser({ read }: { read: Read }): JSX.Element {
    const [user, setUser] = useState('');
    const [role, setRole] = useState('operator');
    const [password, setPassword] = useState('');
    const add = useAct(async () => {
        await call('POST', '/v1/users', { body: { user, role, password } });
        setUser('');
        setPassword('');
        await read();
    });
    return (
        <form class="panel" onSubmit={(event) => {
            event.preventDefault();
            add.run();
        }}>
            <h3>{t('users.add')}</h3>
            <div class="grid">
                <label>{t('users.user')} <span class="hint">{t('users.user.hint')}</span><input required pattern="[a-z][a-z0-9._\-]{0,39}" autocapitalize="none" autocomplete="off" value={user} onInput={(event) => setUser(event.currentTarget.value)} /></label>
                <label>{t('users.role')} <span class="hint">{t(`role.${role as 'it'}.hint`)}</span><RoleChoice name={t('users.role')} value={role} set={setRole} /></label>
                <NewPassword text="login.password" value={password} set={setPassword} />
            </div>
            <Trouble text={add.error} />
            <button class="main" aria-disabled={add.busy}>{t('users.add')}</button>
        </form>
    );
}

export function Users(): JSX.Element {
    const { items, error, read } = useList<User>('/v1/users');
    return (
        <section aria-labelledby="users">
            <h2 id="users">{t('users.title')} {items && <span class="count">{items.length}</span>}</h2>
            <Trouble text={error} />
            {!items && !error && <p>{t('loading')}</p>}
            <ul>{(items ?? []).map((one) => <Row key={one.user} one={one} read={read} />)}</ul>
            <AddUser read={read} />
        </section>
    );
}

/* ---- one's own ---- */

export function OwnPassword(): JSX.Element {
    const [old, setOld] = useState('');
    const [next, setNext] = useState('');
    const [again, setAgain] = useState('');
    const [good, setGood] = useState(false);
    const act = useAct(async () => {
        setGood(false);
        if (next !== again) throw new Blocked(t('password.differs'));
        await call('PUT', '/v1/session/password', { body: { password: old, new: next } });
        for (const set of [setOld, setNext, setAgain]) set('');
        setGood(true);
    });
    return (
        <section aria-labelledby="own-password">
            <h2 id="own-password">{t('password.title')}</h2>
            <form class="panel narrow" onSubmit={(event) => {
                event.preventDefault();
                act.run();
            }}>
                <input type="text" class="hidden" autocomplete="username" tabIndex={-1} aria-hidden="true" value={state.session?.user} readOnly />
                <label>{t('password.old')}<input required type="password" autocomplete="current-password" value={old} onInput={(event) => setOld(event.currentTarget.value)} /></label>
                <NewPassword text="password.new" value={next} set={setNext} />
                <label>{t('password.again')}<input required type="password" autocomplete="new-password" value={again} onInput={(event) => setAgain(event.currentTarget.value)} /></label>
                <Trouble text={act.error} />
                <div role="status">{good && <p class="good">✓ {t('password.good')}</p>}</div>
                <button class="main" aria-disabled={act.busy}>{t('password.change')}</button>
            </form>
        </section>
    );
}

/* ---- programs ---- */

const SCOPES = ['read', 'draft', 'publish:exercise', 'publish:live'] as const;

interface Token {
    id: string;
    name: string;
    scopes: string[];
    created_at: string;
    created_by: string;
    expires_at: string;
    used_at?: string;
    token?: string;
}

function TokenRow({ one, read }: { one: Token; read: Read }): JSX.Element {
    const [asking, ask] = useState(false);
    const now = useNow(30_000);
    const gone = useAct(() => call('DELETE', `/v1/tokens/${encodeURIComponent(one.id)}`).then(read));
    const over = Date.parse(one.expires_at) < now;
    return (
        <tr>
            <th scope="row">{one.name}</th>
            <td>{one.scopes.map((scope) => <span key={scope} class="mark">{t(`scope.${scope as 'read'}`)}</span>)}</td>
            <td class={over ? 'trouble' : ''}>{day(one.expires_at)}</td>
            <td>{one.used_at ? ago(one.used_at, now) : t('tokens.unused')}</td>
            <td>
                {asking ? <Button kind="danger" act={gone} focus>{t('tokens.revoke.yes', { name: one.name })}</Button> : <Button kind="quiet" act={() => ask(true)}>{t('tokens.revoke')}</Button>}
                <Trouble text={gone.error} />
            </td>
        </tr>
    );
}

function AddToken({ read }: { read: Read }): JSX.Element {
    const [name, setName] = useState('');
    const [scopes, setScopes] = useState<string[]>(['read']);
    const [days, setDays] = useState('90');
    const [made, setMade] = useState<Token | undefined>(undefined);
    const add = useAct(async () => {
        if (scopes.length === 0) throw new Blocked(t('tokens.no.scope'));
        setMade(await call<Token>('POST', '/v1/tokens', { body: { name, scopes, days: Number(days) } }));
        setName('');
        await read();
    });
    return (
        <>
            {made?.token && (
                <div class="panel panel-once" role="status">
                    <p>{t('tokens.once', { name: made.name })}</p>
                    <p><code class="wrap">{made.token}</code></p>
                    <Button kind="main" act={() => setMade(undefined)}>{t('once.done')}</Button>
                </div>
            )}
            <form class="panel" onSubmit={(event) => {
                event.preventDefault();
                add.run();
            }}>
                <h3>{t('tokens.add')}</h3>
                <div class="grid">
                    <label>{t('tokens.name')}<input required pattern="[a-z][a-z0-9._\-]{0,39}" autocapitalize="none" autocomplete="off" value={name} onInput={(event) => setName(event.currentTarget.value)} /></label>
                    <label>{t('tokens.days')}<input required type="number" min={1} max={366} value={days} onInput={(event) => setDays(event.currentTarget.value)} /></label>
                </div>
                <fieldset>
                    <legend>{t('tokens.scopes')}</legend>
                    <div class="choices">{SCOPES.map((scope) => <label key={scope} class="check"><input type="checkbox" checked={scopes.includes(scope)} onChange={() => setScopes(scopes.includes(scope) ? scopes.filter((one) => one !== scope) : [...scopes, scope])} />{t(`scope.${scope}`)}</label>)}</div>
                </fieldset>
                <Trouble text={add.error} />
                <button class="main" aria-disabled={add.busy}>{t('tokens.add')}</button>
            </form>
        </>
    );
}

export function Tokens(): JSX.Element {
    const { items, error, read } = useList<Token>('/v1/tokens');
    return (
        <section aria-labelledby="tokens">
            <h2 id="tokens">{t('tokens.title')} {items && <span class="count">{items.length}</span>}</h2>
            <p>{t('tokens.text')}</p>
            <Trouble text={error} />
            {items?.length === 0 && <p class="calm">{t('tokens.none')}</p>}
            {items && items.length > 0 && (
                <Scroll name={t('tokens.title')}><table class="wide">
                    <thead><tr><th scope="col">{t('tokens.name')}</th><th scope="col">{t('tokens.scopes')}</th><th scope="col">{t('tokens.until')}</th><th scope="col">{t('tokens.used')}</th><th scope="col">{t('users.acts')}</th></tr></thead>
                    <tbody>{items.map((one) => <TokenRow key={one.id} one={one} read={read} />)}</tbody>
                </table></Scroll>
            )}
            <AddToken read={read} />
        </section>
    );
}
