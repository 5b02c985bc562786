/* audit - who did what, the newest first, and whether the chain of it is whole. Nothing of a child is in it. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { get } from '../api';
import { t } from '../i18n';
import type { Key } from '../i18n';
import { stamp } from '../time';
import { Button, explain, Scroll, Trouble, useAct } from '../ui';

const PAGE = 100;

interface Entry {
    number: number;
    at: string;
    kind: 'ACCOUNT' | 'USER' | 'TOKEN' | 'NOBODY';
    who: string;
    act: string;
    subject: string;
    result: string;
}
interface Verdict {
    intact: boolean;
    entries: number;
    head: string;
    broken_at?: number;
    why?: string;
}

/* What is recorded, in the words of the buttons that do it. */
const WORDS: Record<string, Key> = {
    'POST /v1/session': 'login.go', 'DELETE /v1/session': 'audit.logout', 'PUT /v1/session/password': 'password.change',
    'POST /v1/users': 'users.add', 'DELETE /v1/users/{user}': 'audit.user.removed', 'PUT /v1/users/{user}/role': 'users.role',
    'PUT /v1/users/{user}/password': 'users.password.new', 'POST /v1/users/{user}/totp': 'users.totp.add',
    'DELETE /v1/users/{user}/totp': 'users.totp.remove', 'POST /v1/users/{user}/unlock': 'users.unlock',
    'POST /v1/tokens': 'tokens.add', 'DELETE /v1/tokens/{token}': 'tokens.revoke',
    'POST /v1/webhooks': 'hooks.add', 'DELETE /v1/webhooks/{webhook}': 'audit.hook.removed', 'POST /v1/webhooks/{webhook}/test': 'hooks.test',
    'GET /v1/webhooks/{webhook}/secret': 'hooks.keys', 'POST /v1/deliveries/{delivery}/replay': 'hooks.replay',
    'POST /v1/backup': 'backup.go', 'PUT /v1/subscriptions': 'wanted.title', 'POST /v1/figures': 'figures.send',
    'POST /v1/console/arm': 'shift.arm', 'POST /v1/console/disarm': 'shift.disarm',
    'POST /v1/cases': 'audit.sent', 'POST /v1/drafts/{draft}/publish': 'audit.sent', 'POST /v1/cases/{case}/revisions': 'case.update',
    'POST /v1/cases/{case}/close': 'close.go', 'POST /v1/cases/{case}/retract': 'case.retract',
    'POST /v1/cases/{case}/acknowledge': 'answer.ack', 'POST /v1/cases/{case}/decline': 'audit.declined',
    'POST /v1/cases/{case}/replies': 'thread.answer', 'POST /v1/cases/{case}/shown': 'step.SHOWN',
    'POST /v1/drafts': 'drafts.new', 'PUT /v1/drafts/{draft}': 'audit.draft', 'DELETE /v1/drafts/{draft}': 'drafts.delete',
    'POST /v1/drafts/{draft}/approval': 'approval.give', 'DELETE /v1/drafts/{draft}/approval': 'approval.take.back',
    'POST /v1/photos': 'photo.add', 'POST /v1/notes': 'notes.add', 'DELETE /v1/notes/{note}': 'notes.delete',
    'POST /v1/cases/{case}/posters': 'case.poster', 'POST /v1/cases/{case}/posters/{poster}/withdrawn': 'poster.withdrawn',
    'POST /v1/drills': 'drills.schedule', 'DELETE /v1/drills/{drill}': 'drills.cancel',
};
const words = (act: string): string => (WORDS[act] ? t(WORDS[act]) : act);

function Verify(): JSX.Element {
    const [verdict, setVerdict] = useState<Verdict | undefined>(undefined);
    const act = useAct(async () => setVerdict(await get<Verdict>('/v1/audit/verify')));
    return (
        <div class={`panel ${verdict && !verdict.intact ? 'panel-danger' : ''}`}>
            <div class="row">
                <Button kind="main" act={act}>{t('audit.verify')}</Button>
                <span role="status" class="big">
                    {act.busy && t('loading')}
                    {!act.busy && verdict?.intact && <span class="good">✓ {t('audit.intact', { n: verdict.entries })}</span>}
                    {!act.busy && verdict && !verdict.intact && <span class="trouble">✕ {t('audit.broken', { number: verdict.broken_at ?? 0 })}</span>}
                </span>
            </div>
            {verdict?.why && <p class="hint">{verdict.why}</p>}
            {verdict && <p class="hint">{t('audit.head')} <code class="wrap">{verdict.head}</code></p>}
            <Trouble text={act.error} />
        </div>
    );
}

export function Audit(): JSX.Element {
    const [entries, setEntries] = useState<Entry[]>([]);
    const [loaded, setLoaded] = useState(false);
    const [error, setError] = useState('');
    const [text, setText] = useState('');
    /* The newest page, or the one before those that are here. */
    const read = async (before?: number): Promise<void> => {
        try {
            const from = before === undefined ? '' : `&after=${Math.max(0, before - 1 - PAGE)}`;
            const limit = before === undefined ? PAGE : Math.min(PAGE, before - 1);
            const { items } = await get<{ items: Entry[] }>(`/v1/audit?limit=${limit}${from}`);
            setEntries((now) => [...(before === undefined ? [] : now), ...items.slice().reverse()]);
            setLoaded(true);
            setError('');
        } catch (caught) {
            setError(explain(caught));
        }
    };
    useEffect(() => void read(), []);
    const last = entries.at(-1)?.number ?? 1;
    const asked = text.trim().toLocaleLowerCase();
    const found = entries.filter((one) => [one.who, one.act, words(one.act), one.subject, one.result].join(' ').toLocaleLowerCase().includes(asked));
    return (
        <section aria-labelledby="audit">
            <h2 id="audit">{t('audit.title')}</h2>
            <p>{t('audit.text')}</p>
            <Verify />
            <div class="filters" role="search"><label>{t('audit.search')}<input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} /></label></div>
            <Trouble text={error} />
            {!loaded && !error && <p>{t('loading')}</p>}
            {loaded && (
                <Scroll name={t('audit.title')}><table class="wide audit">
                    <thead><tr><th scope="col">{t('audit.number')}</th><th scope="col">{t('audit.at')}</th><th scope="col">{t('audit.who')}</th><th scope="col">{t('audit.act')}</th><th scope="col">{t('audit.subject')}</th><th scope="col">{t('audit.result')}</th></tr></thead>
                    <tbody>
                        {found.map((one) => (
                            <tr key={one.number}>
                                <td>{one.number}</td><td>{stamp(one.at)}</td><th scope="row">{one.who || '–'} <span class="hint">{t(`audit.kind.${one.kind}`)}</span></th>
                                <td title={one.act}>{words(one.act)}</td><td class="wrap">{one.subject}</td><td class={one.result === 'OK' ? 'good' : 'trouble'}>{one.result}</td>
                            </tr>
                        ))}
                    </tbody>
                </table></Scroll>
            )}
            {last > 1 && <Button act={() => void read(last)}>{t('audit.older')}</Button>}
        </section>
    );
}
