/* health - for IT and for whoever wonders: node, relays, roster, keys, rules, backup. Nothing here is about a case. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, get } from '../api';
import { country, decimal, list, t } from '../i18n';
import { may, readStatus, useNow, useStore } from '../store';
import { ago, day, stamp } from '../time';
import { Button, English, Scroll, Trouble, useAct } from '../ui';
import { SelfTest } from './shift';

const DAY_MS = 86_400_000;

function Relays(): JSX.Element {
    const { status } = useStore();
    const now = useNow(5000);
    return (
        <section aria-labelledby="relays">
            <h2 id="relays">{t('test.relays')}</h2>
            <Scroll name={t('test.relays')}><table class="wide">
                <thead><tr><th scope="col">{t('relays.name')}</th><th scope="col">{t('relays.state')}</th><th scope="col">{t('relays.since')}</th><th scope="col">{t('relays.trip')}</th></tr></thead>
                <tbody>{(status?.relays ?? []).map((one) => {
                    const up = one.state === 'CONNECTED';
                    return (
                        <tr key={one.id}>
                            <th scope="row">{one.id}</th><td class={up ? 'good' : 'trouble'}>{up ? '✓ ' : '✕ '}{t(up ? 'relays.up' : 'relays.down')} {!up && one.reason && <English text={one.reason} />}</td>
                            <td>{ago(one.since, now)}</td><td>{one.round_trip_ms ? t('relays.ms', { ms: decimal(one.round_trip_ms, one.round_trip_ms < 10 ? 1 : 0) }) : '–'}</td>
                        </tr>
                    );
                })}</tbody>
            </table></Scroll>
        </section>
    );
}

/* A date until which something holds: by word and colour when it comes near. */
function Until({ name, at, warnDays }: { name: string; at: string | undefined; warnDays: number }): JSX.Element | null {
    if (!at) return null;
    const days = Math.floor((Date.parse(at) - Date.now()) / DAY_MS);
    const kind = days < 0 ? 'trouble' : days < warnDays ? 'soon' : 'good';
    return (
        <div class="fact"><dt>{name}</dt><dd class={kind}><span aria-hidden="true">{kind === 'good' ? '✓ ' : '⚠ '}</span>{day(at)} <span class="hint">{days < 0 ? t('health.over') : t('health.days', { n: days })}</span></dd></div>
    );
}

function Roster(): JSX.Element | null {
    const { status, members } = useStore();
    if (!status) return null;
    const self = members.find((one) => one.self);
    const count = (role: string): number => members.filter((one) => one.role === role && one.standing === 'ACTIVE').length;
    return (
        <section aria-labelledby="roster">
            <h2 id="roster">{t('health.roster')}</h2>
            <dl class="facts">
                <div class="fact"><dt>{t('health.roster.version')}</dt><dd>{status.roster_version} <span class="hint">{t('health.hotlines', { n: count('HOTLINE') })}</span></dd></div>
                <Until name={t('health.roster.until')} at={status.roster_expires_at} warnDays={14} />
                <Until name={t('health.accredited')} at={self?.accredited_until} warnDays={60} />
                <Until name={t('health.key')} at={self?.key_expires_at} warnDays={1} />
                {status.roster_signers && <div class="fact"><dt>{t('health.signers')}</dt><dd>{list(status.roster_signers)}</dd></div>}
                <div class="fact"><dt>{t('health.roster.hash')}</dt><dd><code class="wrap">{status.roster_hash}</code></dd></div>
            </dl>
        </section>
    );
}

function Backup(): JSX.Element {
    const [path, setPath] = useState(`/var/lib/hotline-node/backup-${new Date().toISOString().slice(0, 10)}.db`);
    const [made, setMade] = useState<{ path: string; size_bytes: number; at: string } | undefined>(undefined);
    const act = useAct(async () => {
        setMade(undefined);
        setMade(await call('POST', '/v1/backup', { body: { path } }));
    });
    return (
        <section aria-labelledby="backup">
            <h2 id="backup">{t('backup.title')}</h2>
            <form class="panel" onSubmit={(event) => {
                event.preventDefault();
                act.run();
            }}>
                <p>{t('backup.text')}</p>
                <label>{t('backup.path')}<input required pattern="/.+" maxLength={4000} value={path} onInput={(event) => setPath(event.currentTarget.value)} /></label>
                <Trouble text={act.error} />
                <div role="status">{act.busy ? t('backup.busy') : made && <p class="good">✓ {t('backup.good', { mb: decimal(made.size_bytes / 1e6), time: stamp(made.at) })}</p>}</div>
                <button class="main" aria-disabled={act.busy}>{t('backup.go')}</button>
            </form>
        </section>
    );
}

export function Health(): JSX.Element {
    const now = useStore();
    useEffect(() => void readStatus(), []);
    const { status } = now;
    return (
        <>
            <section aria-labelledby="health"><h2 id="health">{t('shift.state')}</h2><SelfTest /></section>
            <Relays />
            <Roster />
            {may(now, 'ADMIN') && <Backup />}
            {status && <p class="hint">{t('health.node', { member: status.member, version: status.version, ago: ago(status.started_at, Date.now()) })}</p>}
        </>
    );
}

/* ---- whose cases are wanted besides those that concern one's own country ---- */

interface Wanted {
    countries: string[];
    may_subscribe: string[];
    country: string;
}

export function Subscriptions(): JSX.Element {
    const now = useStore();
    const [kept, setKept] = useState<Wanted | undefined>(undefined);
    const [chosen, setChosen] = useState<string[]>([]);
    const [error, setError] = useState('');
    const take = (next: Wanted): void => {
        setKept(next);
        setChosen(next.countries);
    };
    useEffect(() => {
        get<Wanted>('/v1/subscriptions').then(take, () => setError(t('error.unreachable')));
    }, []);
    const save = useAct(async () => take(await call<Wanted>('PUT', '/v1/subscriptions', { body: { countries: chosen } })));
    const offered = [...new Set([...(kept?.may_subscribe.length ? kept.may_subscribe : now.members.filter((one) => one.role === 'HOTLINE').map((one) => one.country)), ...chosen])]
        .filter((one) => one !== kept?.country).sort((a, b) => country(a).localeCompare(country(b)));
    const changed = kept && [...chosen].sort().join() !== [...kept.countries].sort().join();
    const writes = may(now, 'PUBLISH_LIVE');
    return (
        <section aria-labelledby="wanted">
            <h2 id="wanted">{t('wanted.title')}</h2>
            <p>{t('wanted.text')}</p>
            <Trouble text={error || save.error} />
            <fieldset disabled={!writes}>
                <legend>{t('wanted.countries')} <span class="count">{chosen.length}</span></legend>
                <div class="chips">{offered.map((one) => <label key={one} class="chip"><input type="checkbox" checked={chosen.includes(one)} onChange={() => setChosen(chosen.includes(one) ? chosen.filter((other) => other !== one) : [...chosen, one])} />{country(one)}</label>)}</div>
            </fieldset>
            <div role="status">{kept && !changed && <p class="hint">✓ {t('wanted.kept')}</p>}</div>
            {writes && <Button kind="main" act={save} disabled={!changed}>{t('save')}</Button>}
        </section>
    );
}
