/* waking - programs that are told what happens here (webhooks), and the log of what was sent to wake people. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call, get } from '../api';
import { t } from '../i18n';
import { useNow } from '../store';
import { ago, day, stamp } from '../time';
import { Button, Scroll, Trouble, useAct, useList } from '../ui';

/* As docs/openapi.yaml, WebhookEvent: names for programs, in no language. */
const EVENTS = ['case.received', 'case.updated', 'case.closed', 'case.retracted', 'case.expiring', 'case.expired', 'case.review', 'case.conflict',
    'case.escalated', 'reply.received', 'referral.received', 'alarm.delivered', 'alarm.shown', 'alarm.acknowledged', 'ladder.changed'];

interface Webhook {
    id: string;
    url: string;
    events: string[];
    created_at: string;
    created_by: string;
}
interface Delivery {
    id: string;
    way: 'WEBHOOK' | 'MAIL' | 'COMMAND';
    url?: string;
    type: string;
    state: 'WAITING' | 'DELIVERED' | 'FAILED';
    at: string;
    tries: number;
    answer?: number;
    why?: string;
    next_at?: string;
}
type Read = () => Promise<void>;

function Keys({ path }: { path: string }): JSX.Element {
    const [keys, setKeys] = useState<{ secret: string; public_key: string } | undefined>(undefined);
    const show = useAct(async () => setKeys(keys ? undefined : await get(`${path}/secret`)));
    return (
        <>
            <Button act={show}>{t(keys ? 'hooks.keys.hide' : 'hooks.keys')}</Button>
            {keys && <dl class="keys-of"><dt>{t('hooks.secret')}</dt><dd><code class="wrap">{keys.secret}</code></dd><dt>{t('hooks.public')}</dt><dd><code class="wrap">{keys.public_key}</code></dd></dl>}
            <Trouble text={show.error} />
        </>
    );
}

function Row({ one, read, log }: { one: Webhook; read: Read; log: Read }): JSX.Element {
    const [asking, ask] = useState(false);
    const path = `/v1/webhooks/${one.id}`;
    const test = useAct(() => call('POST', `${path}/test`).then(log));
    const gone = useAct(() => call('DELETE', path).then(read));
    return (
        <li class="panel">
            <h3 class="wrap">{one.url}</h3>
            <p class="hint">{t('hooks.made', { who: one.created_by, date: day(one.created_at) })} · {one.events.length > 0 ? one.events.join(', ') : t('hooks.events.all')}</p>
            <div class="row">
                <Button act={test}>{t('hooks.test')}</Button>
                <Keys path={path} />
                {asking ? <Button kind="danger" act={gone} focus>{t('hooks.remove.yes')}</Button> : <Button kind="quiet" act={() => ask(true)}>{t('remove')}</Button>}
            </div>
            <Trouble text={test.error || gone.error} />
        </li>
    );
}

function Add({ read }: { read: Read }): JSX.Element {
    const [url, setUrl] = useState('');
    const [events, setEvents] = useState<string[]>([]);
    const add = useAct(async () => {
        await call('POST', '/v1/webhooks', { body: { url, ...(events.length > 0 && { events }) } });
        setUrl('');
        setEvents([]);
        await read();
    });
    return (
        <form class="panel" onSubmit={(event) => {
            event.preventDefault();
            add.run();
        }}>
            <h3>{t('hooks.add')}</h3>
            <label>{t('hooks.url')}<input required type="url" maxLength={500} value={url} onInput={(event) => setUrl(event.currentTarget.value)} /></label>
            <details>
                <summary>{t('hooks.events')} <span class="count">{events.length || EVENTS.length - 1}</span></summary>
                <p class="hint">{t('hooks.events.hint')}</p>
                <div class="choices">{EVENTS.map((name) => <label key={name} class="check"><input type="checkbox" checked={events.includes(name)} onChange={() => setEvents(events.includes(name) ? events.filter((one) => one !== name) : [...events, name])} /><code>{name}</code></label>)}</div>
            </details>
            <Trouble text={add.error} />
            <button class="main" aria-disabled={add.busy}>{t('hooks.add')}</button>
        </form>
    );
}

function DeliveryRow({ one, read }: { one: Delivery; read: Read }): JSX.Element {
    const now = useNow(10_000);
    const again = useAct(() => call('POST', `/v1/deliveries/${one.id}/replay`).then(read));
    const sign = one.state === 'DELIVERED' ? '✓ ' : one.state === 'FAILED' ? '✕ ' : '◐ ';
    return (
        <tr data-state={one.state}>
            <th scope="row">{stamp(one.at)}</th>
            <td>{t(`hooks.way.${one.way}`)} <span class="hint wrap">{one.url}</span></td>
            <td><code>{one.type}</code></td>
            <td class={one.state === 'FAILED' ? 'trouble' : one.state === 'DELIVERED' ? 'good' : ''}>
                <span aria-hidden="true">{sign}</span>{t(`hooks.state.${one.state}`)} <span class="hint">{t('hooks.tries', { n: one.tries })}{one.answer !== undefined && ` · ${one.answer}`}</span>
                {one.why && <span class="hint block">{one.why}</span>}
                {one.state === 'WAITING' && one.next_at && <span class="hint block">{t('hooks.next', { ago: ago(one.next_at, now) })}</span>}
            </td>
            <td>{one.state !== 'WAITING' && <Button kind="quiet" act={again}>{t('hooks.replay')}</Button>}<Trouble text={again.error} /></td>
        </tr>
    );
}

export function Waking(): JSX.Element {
    const hooks = useList<Webhook>('/v1/webhooks');
    const log = useList<Delivery>('/v1/deliveries?limit=100');
    return (
        <>
            <section aria-labelledby="hooks">
                <h2 id="hooks">{t('hooks.title')} {hooks.items && <span class="count">{hooks.items.length}</span>}</h2>
                <p>{t('hooks.text')}</p>
                <Trouble text={hooks.error} />
                {hooks.items?.length === 0 && <p class="calm">{t('hooks.none')}</p>}
                <ul>{(hooks.items ?? []).map((one) => <Row key={one.id} one={one} read={hooks.read} log={log.read} />)}</ul>
                <Add read={hooks.read} />
            </section>
            <section aria-labelledby="deliveries">
                <div class="spread"><h2 id="deliveries">{t('hooks.log')}</h2><Button kind="quiet" act={() => void log.read()}>{t('read.again')}</Button></div>
                <Trouble text={log.error} />
                {log.items?.length === 0 && <p class="calm">{t('hooks.log.none')}</p>}
                {log.items && log.items.length > 0 && (
                    <Scroll name={t('hooks.log')}><table class="wide">
                        <thead><tr><th scope="col">{t('hooks.at')}</th><th scope="col">{t('hooks.way')}</th><th scope="col">{t('hooks.what')}</th><th scope="col">{t('hooks.became')}</th><th scope="col">{t('users.acts')}</th></tr></thead>
                        <tbody>{log.items.map((one) => <DeliveryRow key={one.id} one={one} read={log.read} />)}</tbody>
                    </table></Scroll>
                )}
            </section>
        </>
    );
}
