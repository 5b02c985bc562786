/* settings - health for everybody; users and tokens for those who may. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, get } from '../api';
import { t } from '../i18n';
import type { Key } from '../i18n';
import { useNow, useStore } from '../store';
import { ago, day } from '../time';
import { Button, explain, Title, Trouble, useAct } from '../ui';
import { SelfTest } from './shift';

const ROLES = ['operator', 'supervisor', 'it', 'read-only'];

interface User {
    user: string;
    role: string;
    totp?: boolean;
    locked?: boolean;
    locked_until?: string;
}
interface Token {
    id: string;
    name: string;
    scopes: string[];
    expires_at?: string;
}

function useList<T>(path: string): { items: T[] | undefined; error: string; read: () => Promise<void> } {
    const [items, setItems] = useState<T[] | undefined>(undefined);
    const [error, setError] = useState('');
    const read = async (): Promise<void> => {
        try {
            setItems((await get<{ items: T[] }>(path)).items);
        } catch (caught) {
            setError(explain(caught));
        }
    };
    useEffect(() => void read(), [path]);
    return { items, error, read };
}

function Row({ one, read }: { one: User; read: () => Promise<void> }): JSX.Element {
    const [asking, ask] = useState(false);
    const path = `/v1/users/${encodeURIComponent(one.user)}`;
    const drop = useAct(() => call('DELETE', path).then(read));
    const unlock = useAct(() => call('POST', `${path}/unlock`, { body: {} }).then(read));
    const [role, setRole] = useState(one.role);
    const change = useAct(() => call('PUT', `${path}/role`, { body: { role } }).then(read));
    return (
        <tr>
            <th scope="row">{one.user}</th>
            <td>
                <select aria-label={t('users.role.of', { user: one.user })} value={role} onChange={(event) => setRole(event.currentTarget.value)}>{ROLES.map((each) => <option key={each} value={each}>{t(`role.${each}` as Key)}</option>)}</select>
                {role !== one.role && <Button act={change}>{t('save')}</Button>}
            </td>
            <td>{one.totp ? '✓' : '–'}</td>
            <td>
                {(one.locked || one.locked_until) && <Button act={unlock}>{t('users.unlock')}</Button>}
                {asking ? <Button kind="danger" act={drop} focus>{t('users.remove.yes', { user: one.user })}</Button> : <Button kind="quiet" act={() => ask(true)}>{t('remove')}</Button>}
                <Trouble text={drop.error || unlock.error || change.error} />
            </td>
        </tr>
    );
}

function Users(): JSX.Element {
    const { items, error, read } = useList<User>('/v1/users');
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
        <section aria-labelledby="users">
            <h2 id="users">{t('users.title')}</h2>
            <Trouble text={error} />
            <div class="scroll" tabIndex={0} role="group" aria-label={t('users.title')}><table class="wide">
                <thead><tr><th scope="col">{t('users.user')}</th><th scope="col">{t('users.role')}</th><th scope="col">{t('users.totp')}</th><th scope="col">{t('users.acts')}</th></tr></thead>
                <tbody>{(items ?? []).map((one) => <Row key={one.user} one={one} read={read} />)}</tbody>
            </table></div>
            <form class="panel" onSubmit={(event) => {
                event.preventDefault();
                add.run();
            }}>
                <h3>{t('users.add')}</h3>
                <div class="grid">
                    <label>{t('users.user')}<input required autocomplete="off" value={user} onInput={(event) => setUser(event.currentTarget.value)} /></label>
                    <label>{t('users.role')}<select value={role} onChange={(event) => setRole(event.currentTarget.value)}>{ROLES.map((each) => <option key={each} value={each}>{t(`role.${each}` as Key)}</option>)}</select></label>
                    <label>{t('login.password')}<input required type="password" autocomplete="new-password" value={password} onInput={(event) => setPassword(event.currentTarget.value)} /></label>
                </div>
                <Trouble text={add.error} />
                <button class="main">{t('users.add')}</button>
            </form>
        </section>
    );
}

function Tokens(): JSX.Element {
    const { items, error, read } = useList<Token>('/v1/tokens');
    const [gone, setGone] = useState('');
    const drop = useAct(() => call('DELETE', `/v1/tokens/${encodeURIComponent(gone)}`).then(read));
    useEffect(() => {
        if (gone) drop.run();
    }, [gone]);
    return (
        <section aria-labelledby="tokens">
            <h2 id="tokens">{t('tokens.title')}</h2>
            <p class="hint">{t('tokens.hint')}</p>
            <Trouble text={error || drop.error} />
            <ul>{(items ?? []).map((one) => <li key={one.id} class="row"><strong>{one.name}</strong> <span>{one.scopes.join(', ')}</span> <span class="hint">{day(one.expires_at)}</span> <Button kind="quiet" act={() => setGone(one.id)}>{t('tokens.revoke')}</Button></li>)}</ul>
        </section>
    );
}

function Relays(): JSX.Element {
    const { status } = useStore();
    const now = useNow(5000);
    return (
        <section aria-labelledby="relays">
            <h2 id="relays">{t('test.relays')}</h2>
            <div class="scroll" tabIndex={0} role="group" aria-label={t('test.relays')}><table class="wide">
                <thead><tr><th scope="col">{t('relays.name')}</th><th scope="col">{t('relays.state')}</th><th scope="col">{t('relays.since')}</th><th scope="col">{t('relays.trip')}</th></tr></thead>
                <tbody>{(status?.relays ?? []).map((one) => (
                    <tr key={one.id}><th scope="row">{one.id}</th><td>{one.state === 'CONNECTED' ? '✓ ' : '✕ '}{t(one.state === 'CONNECTED' ? 'relays.up' : 'relays.down')} <span class="hint">{one.state === 'CONNECTED' ? '' : one.reason}</span></td><td>{ago(one.since, now)}</td><td>{one.round_trip_ms ? `${Math.round(one.round_trip_ms)} ms` : '–'}</td></tr>
                ))}</tbody>
            </table></div>
            {status && <p>{t('settings.roster', { version: status.roster_version, date: day(status.roster_expires_at) })}</p>}
            {status && <p class="hint">{status.member} · {status.version}</p>}
        </section>
    );
}

export function Settings(): JSX.Element {
    const { session } = useStore();
    const admin = session?.may ? session.may.includes('ADMIN') : session?.role === 'it';
    return (
        <>
            <Title>{t('nav.settings')}</Title>
            <SelfTest />
            <Relays />
            {admin && <Users />}
            {admin && <Tokens />}
        </>
    );
}
