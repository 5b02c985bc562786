/* reply - what a hotline answers to the publisher: a sighting, a question, a message; and the publisher's answer to one. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call, casePath, newKey } from '../api';
import { code, country, language, t } from '../i18n';
import { drop, keep, kept } from '../keep';
import { fromWall, ownZone, toWall } from '../time';
import type { ReplyKind, Sighting, Status } from '../types';
import { Button, label, Trouble, useAct } from '../ui';
import { europe } from '../europe';

interface Props {
    member: string;
    reference: string;
    status: Status;
    kind: ReplyKind;
    inReplyTo?: string;
    done: () => void;
}

const titles = {
    SIGHTING: 'reply.sighting', QUESTION: 'reply.question', ANSWER: 'reply.answer', MESSAGE: 'reply.message',
    ACTING: 'reply.acting', NOTHING_HERE: 'reply.nothing',
} as const;

function SightingFields({ value, set }: { value: Sighting; set: (value: Sighting) => void }): JSX.Element {
    return (
        <div class="grid">
            <label>{t('sighting.at')}<input type="datetime-local" value={toWall(value.at, ownZone)} onInput={(event) => set({ ...value, at: fromWall(event.currentTarget.value, ownZone), zone: ownZone })} /></label>
            <label>{t('sighting.country')}
                <select value={value.country ?? ''} onChange={(event) => set({ ...value, country: event.currentTarget.value || undefined })}>
                    <option value="">{t('choose')}</option>
                    {europe().map((one) => <option key={one} value={one}>{country(one)}</option>)}
                </select>
            </label>
            <label>{t('sighting.place')}<input maxLength={200} value={value.place ?? ''} onInput={(event) => set({ ...value, place: event.currentTarget.value || undefined })} /></label>
            <label>{t('sighting.confidence')}
                <select value={value.confidence ?? ''} onChange={(event) => set({ ...value, confidence: event.currentTarget.value || undefined })}>
                    <option value="">{t('choose')}</option>
                    {['CERTAIN', 'PROBABLE', 'POSSIBLE', 'DOUBTFUL'].map((one) => <option key={one} value={one}>{code('Confidence', one)}</option>)}
                </select>
            </label>
            <label class="check"><input type="checkbox" checked={value.with_companion ?? false} onChange={(event) => set({ ...value, with_companion: event.currentTarget.checked })} />{t('sighting.companion')}</label>
            <label class="check"><input type="checkbox" checked={value.police_informed ?? false} onChange={(event) => set({ ...value, police_informed: event.currentTarget.checked })} />{t('sighting.police')}</label>
        </div>
    );
}

export function ReplyForm({ member, reference, status, kind, inReplyTo, done }: Props): JSX.Element {
    const name = `reply/${member}/${reference}/${kind}`;
    const [text, setWords] = useState(kept<string>(name) ?? '');
    const setText = (next: string): void => {
        setWords(next);
        keep(name, next);
    };
    const [sighting, setSighting] = useState<Sighting>({ at: new Date().toISOString(), zone: ownZone });
    const [key] = useState(newKey);
    const act = useAct(async () => {
        const body = { kind, ...(text && { text, text_language: language() }), ...(kind === 'SIGHTING' && { sighting }), ...(inReplyTo && { in_reply_to: inReplyTo }) };
        await call('POST', `${casePath(member, reference)}/replies`, { key, body });
        drop(name);
        done();
    });
    return (
        <form class="panel" onSubmit={(event) => {
            event.preventDefault();
            act.run();
        }}>
            <h2>{t(titles[kind])}</h2>
            {kind === 'SIGHTING' && <SightingFields value={sighting} set={setSighting} />}
            <label>{t(kind === 'SIGHTING' ? 'reply.more' : 'reply.text')}
                <textarea rows={4} maxLength={4000} required={kind !== 'SIGHTING'} value={text} onInput={(event) => setText(event.currentTarget.value)} />
            </label>
            <p class="hint">{t('reply.who.reads')}</p>
            <Trouble text={act.error} />
            <div class="row">
                <button class="main" aria-disabled={act.busy}>{label('reply.send', status)}</button>
                <Button kind="quiet" act={done}>{t('cancel')}</Button>
            </div>
        </form>
    );
}
