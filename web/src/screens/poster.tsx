/*
 * poster - for the public, and only when the case says that it may be published: one large photo, few facts, the number
 * to call, until when. Nothing restricted is on it: no medical need, no hidden name, of companions the public part only.
 */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { casePath, get } from '../api';
import { ageOf, clothes, looks, personName } from '../card';
import { country, language, languageNames, list, load, tIn } from '../i18n';
import { t } from '../i18n';
import { to } from '../route';
import { useExercise, useStore } from '../store';
import { stamp } from '../time';
import type { CaseView } from '../types';
import { explain, Title, Trouble } from '../ui';

function Sheet({ view, reader, phone, shape }: { view: CaseView; reader: string; phone: string; shape: string }): JSX.Element {
    const body = view.case!;
    const say = (key: string, values = {}): string => tIn(reader, key, values);
    const photo = (view.photos_here ?? 0) > 0 ? `${casePath(view.member, view.reference)}/photo?number=1`
        : body.photos?.[0]?.thumbnail ? `data:image/jpeg;base64,${body.photos[0].thumbnail}` : undefined;
    const companions = (body.companions ?? []).map((one) => [personName(one.public_safe, true), ...looks(one.public_safe, reader)].filter(Boolean)).filter((one) => one.length > 0);
    return (
        <article class={`poster poster-${shape}`} lang={reader} aria-label={t('poster.sheet')}>
            {view.status === 'EXERCISE' && <p class="poster-exercise">{say('incoming.exercise')}</p>}
            <p class="poster-title">{say('poster.help')}</p>
            {photo && <img src={photo} alt={say('card.photo', { name: personName(body.child, false) })} />}
            <p class="poster-name" dir="auto">{personName(body.child, true)}</p>
            <p>{list([ageOf(body.child, reader), ...looks(body.child, reader)].filter(Boolean), reader)}</p>
            {clothes(body.child, reader).length > 0 && <p>{say('card.wears')}: {list(clothes(body.child, reader), reader)}</p>}
            <p>{say('card.last.seen')}: <strong>{[stamp(body.last_seen?.at, body.last_seen?.zone, reader), body.last_seen?.place, country(body.last_seen?.country, reader)].filter(Boolean).join(' · ')}</strong></p>
            {companions.map((one, n) => <p key={n}>{say('card.with')}: {list(one, reader)}</p>)}
            {body.do_not_approach && <p><strong>{say('card.do.not.approach')}</strong></p>}
            <p class="poster-call">{say('poster.call')} <strong>{phone}</strong></p>
            <p class="poster-foot">{view.reference} · {say('poster.until', { time: stamp(view.expires_at ?? body.valid_until, undefined, reader) })}</p>
        </article>
    );
}

export function Poster({ member, reference }: { member: string; reference: string }): JSX.Element {
    const { members } = useStore();
    const [view, setView] = useState<CaseView | undefined>(undefined);
    const [error, setError] = useState('');
    const [reader, setReader] = useState(language());
    const [shape, setShape] = useState('a4');
    const [phone, setPhone] = useState<string | undefined>(undefined);
    useEffect(() => {
        get<CaseView>(casePath(member, reference)).then(setView, (caught: unknown) => setError(explain(caught)));
    }, [member, reference]);
    useExercise(view?.status === 'EXERCISE');
    if (!view) return <><Title>{t('case.poster')}</Title><Trouble text={error} /></>;
    if (view.case?.publicity?.level !== 'PUBLIC' || view.state !== 'OPEN') return <><Title>{t('case.poster')}</Title><p class="trouble">{t('poster.not')}</p></>;
    return (
        <>
            <div class="no-print">
                <p><a href={to('case', member, reference)}>← {view.reference}</a></p>
                <Title>{t('case.poster')}</Title>
                <p>{t('poster.duty')}</p>
                <div class="grid">
                    <label>{t('send.reader')}<select value={reader} onChange={(event) => {
                        const next = event.currentTarget.value;
                        void load(next).then(() => setReader(next));
                    }}>{[...languageNames].map(([one, name]) => <option key={one} value={one} lang={one}>{name}</option>)}</select></label>
                    <label>{t('poster.shape')}<select value={shape} onChange={(event) => setShape(event.currentTarget.value)}><option value="a4">A4</option><option value="square">{t('poster.square')}</option></select></label>
                    <label>{t('poster.phone')}<input type="tel" value={phone ?? members.find((one) => one.self)?.phone ?? ''} onInput={(event) => setPhone(event.currentTarget.value)} /></label>
                </div>
                <button type="button" class="main" onClick={() => print()}>{t('poster.print')}</button>
            </div>
            <Sheet view={view} reader={reader} shape={shape} phone={phone ?? members.find((one) => one.self)?.phone ?? view.case.contact?.phone ?? ''} />
        </>
    );
}
