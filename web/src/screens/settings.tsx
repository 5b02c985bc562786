/* settings - one part at a time, for those who may: health, one's own password, users, programs, webhooks, audit log. */
import type { JSX } from 'preact';
import { t } from '../i18n';
import type { Key } from '../i18n';
import { parse, to } from '../route';
import { may, useStore } from '../store';
import { Title } from '../ui';
import { Audit } from './audit';
import { Health, Subscriptions } from './health';
import { OwnPassword, Tokens, Users } from './people';
import { Rules } from './rules';
import { Waking } from './waking';

const PARTS: { name: string; text: Key; needs: string; draw: () => JSX.Element }[] = [
    { name: 'health', text: 'settings.health', needs: 'STATUS', draw: Health },
    { name: 'rules', text: 'settings.rules', needs: 'STATUS', draw: Rules },
    { name: 'password', text: 'settings.password', needs: 'STATUS', draw: OwnPassword },
    { name: 'countries', text: 'settings.countries', needs: 'READ', draw: Subscriptions },
    { name: 'users', text: 'settings.users', needs: 'ADMIN', draw: Users },
    { name: 'tokens', text: 'settings.tokens', needs: 'ADMIN', draw: Tokens },
    { name: 'webhooks', text: 'settings.webhooks', needs: 'ADMIN', draw: Waking },
    { name: 'audit', text: 'settings.audit', needs: 'AUDIT', draw: Audit },
];

export function Settings(): JSX.Element {
    const now = useStore();
    const parts = PARTS.filter(({ needs }) => may(now, needs));
    const asked = parse(now.hash).rest[0];
    const part = parts.find(({ name }) => name === asked) ?? parts[0]!;
    const Part = part.draw;
    return (
        <>
            <Title>{t('settings.title')}</Title>
            <nav class="tabs" aria-label={t('settings.parts')}>
                {parts.map(({ name, text }) => <a key={name} href={to('settings', name)} aria-current={part.name === name ? 'page' : undefined}>{t(text)}</a>)}
            </nav>
            <Part />
        </>
    );
}
