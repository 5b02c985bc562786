/* offline - when alerts cannot come or go: said plainly, with the telephone numbers of the network. */
import type { JSX } from 'preact';
import { country, t } from '../i18n';
import { state, update, useNow, useStore } from '../store';
import { ago, clock } from '../time';
import { call } from '../api';
import { go } from '../route';
import type { CaseView } from '../types';
import { Button, Phone, Title, Trouble, useAct } from '../ui';

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

/* A case that was carried here by hand, sealed as it would have come by a relay. */
function SealedIn(): JSX.Element {
    const take = useAct(async () => {
        const file = (document.getElementById('sealed-file') as HTMLInputElement).files?.[0];
        if (!file) return;
        const view = await call<CaseView>('POST', '/v1/sealed', { bytes: file });
        update({ offlineSeen: true });
        go('case', view.member, view.reference);
    });
    return (
        <>
            <label>{t('sealed.open')}<input id="sealed-file" type="file" onChange={take.run} /></label>
            <Trouble text={take.error} />
        </>
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
            {!here && <SealedIn />}
            <Button act={() => update({ offlineSeen: true })}>{t('offline.back')}</Button>
        </section>
    );
}

export function Phones(): JSX.Element {
    return <section><Title>{t('phones.title')}</Title><p>{t('phones.hint')}</p><PhoneList /></section>;
}
