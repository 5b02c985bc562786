/* offline - when alerts cannot come or go: said plainly, with the telephone numbers of the network. */
import type { JSX } from 'preact';
import { country, t } from '../i18n';
import { state, update, useNow, useStore } from '../store';
import { ago, clock } from '../time';
import { Button, Phone, Title } from '../ui';

function PhoneList(): JSX.Element {
    const { members } = useStore();
    const hotlines = members.filter((one) => one.role === 'HOTLINE' && one.standing === 'ACTIVE' && !one.self);
    const named = hotlines.map((one) => ({ one, where: country(one.country) })).sort((a, b) => a.where.localeCompare(b.where));
    if (named.length === 0) return <p>{t('phones.none')}</p>;
    return (
        <div class="scroll" tabIndex={0} role="group" aria-label={t('phones.title')}><table class="wide">
            <caption class="hidden">{t('phones.title')}</caption>
            <thead><tr><th scope="col">{t('country')}</th><th scope="col">{t('hotline')}</th><th scope="col">{t('phone')}</th><th scope="col">{t('presence')}</th></tr></thead>
            <tbody>
                {named.map(({ one, where }) => (
                    <tr key={one.id}>
                        <th scope="row">{where}</th><td>{one.name}</td><td><Phone number={one.phone} /></td>
                        <td>{t(one.armed ? 'presence.armed' : one.connected ? 'presence.online' : 'presence.away')}</td>
                    </tr>
                ))}
            </tbody>
        </table></div>
    );
}

export function Offline(): JSX.Element {
    const now = useNow();
    const here = state.line !== 'live';
    return (
        <section class="offline">
            <Title>{t('offline.title')}</Title>
            <p class="big" role="alert">{t(here ? 'offline.node' : 'offline.relays')}</p>
            <p>{t('offline.since', { time: clock(new Date(state.lostAt || state.heardAt).toISOString()), ago: ago(state.lostAt || state.heardAt, now) })}</p>
            <p>{t('offline.what')}</p>
            <PhoneList />
            <Button act={() => update({ offlineSeen: true })}>{t('offline.back')}</Button>
        </section>
    );
}

export function Phones(): JSX.Element {
    return <section><Title>{t('phones.title')}</Title><p>{t('phones.hint')}</p><PhoneList /></section>;
}
