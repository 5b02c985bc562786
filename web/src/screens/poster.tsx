/*
 * poster - for the public, and only when the case says that it may be published: one large photo, few facts, the number
 * to call, until when. Nothing restricted is on it: no medical need, no hidden name, of companions the public part only.
 * Each one that is made is registered in the node, and listed for taking down when the case is over.
 */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, casePath, get } from '../api';
import { ageOf, clothes, looks, personName } from '../card';
import { country, language, languageNames, list, load, t, tIn } from '../i18n';
import { to } from '../route';
import { may, useExercise, useStore } from '../store';
import { stamp } from '../time';
import type { CaseView } from '../types';
import { Button, explain, Scroll, Title, Trouble, useAct, useList } from '../ui';

type Form = 'a4' | 'square';
interface Made {
    id: string;
    language: string;
    form: Form;
    at: string;
    by: string;
    phone: string;
    valid_until?: string;
    qr: string;
    withdraw: boolean;
    withdrawn_at?: string;
    withdrawn_by?: string;
}

function Sheet({ view, reader, made, form }: { view: CaseView; reader: string; made: Made | undefined; form: Form }): JSX.Element {
    const body = view.case!;
    const say = (key: string, values = {}): string => tIn(reader, key, values);
    const name = personName(body.child, !body.child?.family_name_hidden);
    const photo = (view.photos_here ?? 0) > 0 ? `${casePath(view.member, view.reference)}/photo?number=1`
        : body.photos?.[0]?.thumbnail ? `data:image/jpeg;base64,${body.photos[0].thumbnail}` : undefined;
    const companions = (body.companions ?? []).map((one) => [personName(one.public_safe, true), ...looks(one.public_safe, reader)].filter(Boolean)).filter((one) => one.length > 0);
    return (
        <article class={`poster poster-${form}`} lang={reader} aria-label={t('poster.sheet')}>
            {view.status === 'EXERCISE' && <p class="poster-exercise">{say('incoming.exercise')}</p>}
            <p class="poster-title">{say('poster.help')}</p>
            {photo && <img class="poster-photo" src={photo} alt={say('card.photo', { name: personName(body.child, false) })} />}
            <p class="poster-name" dir="auto">{name}</p>
            <p>{list([ageOf(body.child, reader), ...looks(body.child, reader)].filter(Boolean), reader)}</p>
            {clothes(body.child, reader).length > 0 && <p>{say('poster.wears', { what: list(clothes(body.child, reader), reader) })}</p>}
            <p>{say('poster.seen')} <strong>{[stamp(body.last_seen?.at, body.last_seen?.zone, reader), body.last_seen?.place, country(body.last_seen?.country, reader)].filter(Boolean).join(' · ')}</strong></p>
            {companions.map((one, n) => <p key={n}>{say('poster.with', { what: list(one, reader) })}</p>)}
            {body.do_not_approach && <p><strong>{say('card.do.not.approach')}</strong></p>}
            <div class="poster-call">
                <p>{say('poster.call')} <strong>{made?.phone ?? '…'}</strong></p>
                {made?.qr && <img class="poster-qr" src={made.qr} alt={say('poster.qr', { phone: made.phone })} />}
            </div>
            <p class="poster-foot">{view.reference} · {say('poster.until', { time: stamp(made?.valid_until ?? view.expires_at ?? body.valid_until, undefined, reader) })}</p>
        </article>
    );
}

function MadeRow({ one, path, read, writes }: { one: Made; path: string; read: () => Promise<void>; writes: boolean }): JSX.Element {
    const down = useAct(() => call('POST', `${path}/${one.id}/withdrawn`).then(read));
    return (
        <tr class={one.withdraw ? 'stuck' : ''}>
            <th scope="row">{stamp(one.at)}</th><td>{one.by}</td><td>{languageNames.get(one.language) ?? one.language}</td><td>{one.form === 'a4' ? 'A4' : t('poster.square')}</td>
            <td>
                {one.withdrawn_at ? <span class="good">✓ {t('poster.taken.down', { who: one.withdrawn_by ?? '', time: stamp(one.withdrawn_at) })}</span>
                    : <>{one.withdraw && <strong class="stall">{t('poster.take.down')}</strong>} {writes && <Button act={down}>{t('poster.withdrawn')}</Button>}</>}
                <Trouble text={down.error} />
            </td>
        </tr>
    );
}

function Registered({ items, path, read }: { items: Made[]; path: string; read: () => Promise<void> }): JSX.Element {
    const writes = may(useStore(), 'ANSWER');
    return (
        <section aria-labelledby="made" class="no-print">
            <h2 id="made">{t('poster.made')} <span class="count">{items.length}</span></h2>
            {items.length === 0 && <p class="calm">{t('poster.none')}</p>}
            {items.length > 0 && (
                <Scroll name={t('poster.made')}><table class="wide ladder">
                    <thead><tr><th scope="col">{t('hooks.at')}</th><th scope="col">{t('audit.who')}</th><th scope="col">{t('language')}</th><th scope="col">{t('poster.shape')}</th><th scope="col">{t('archive.state')}</th></tr></thead>
                    <tbody>{items.map((one) => <MadeRow key={one.id} one={one} path={path} read={read} writes={writes} />)}</tbody>
                </table></Scroll>
            )}
        </section>
    );
}

function Maker({ view, path, read, plain }: { view: CaseView; path: string; read: () => Promise<void>; plain: Made | undefined }): JSX.Element {
    const [reader, setReader] = useState(language());
    const [form, setForm] = useState<Form>('a4');
    const [registered, setMade] = useState<Made | undefined>(undefined);
    const made = registered ?? plain;
    const make = useAct(async () => {
        setMade(await call<Made>('POST', path, { body: { language: reader, form } }));
        await read();
    });
    const choose = (next: string): void => void load(next).then(() => {
        setReader(next);
        setMade(undefined);
    });
    return (
        <>
            <div class="no-print">
                <p>{t('poster.duty')}</p>
                <div class="grid">
                    <label>{t('send.reader')}<select value={reader} onChange={(event) => choose(event.currentTarget.value)}>{[...languageNames].map(([one, name]) => <option key={one} value={one} lang={one}>{name}</option>)}</select></label>
                    <label>{t('poster.shape')}<select value={form} onChange={(event) => {
                        setForm(event.currentTarget.value as Form);
                        setMade(undefined);
                    }}><option value="a4">A4</option><option value="square">{t('poster.square')}</option></select></label>
                </div>
                {made ? <div class="row"><Button kind="main" act={() => print()} focus>{t('poster.print')}</Button>{registered && <span class="good" role="status">✓ {t('poster.registered')}</span>}</div>
                    : <Button kind="main" act={make}>{t('poster.register')}</Button>}
                <Trouble text={make.error} />
            </div>
            <Sheet view={view} reader={reader} made={made} form={form} />
        </>
    );
}

/* Of a node that registers none: the hotline's own number, and no code. */
const plainOf = (phone: string | undefined): Made =>
    ({ id: '', language: '', form: 'a4', at: '', by: '', phone: phone ?? '', qr: '', withdraw: false });

export function Poster({ member, reference }: { member: string; reference: string }): JSX.Element {
    const now = useStore();
    const path = `${casePath(member, reference)}/posters`;
    const posters = useList<Made>(path);
    const [view, setView] = useState<CaseView | undefined>(undefined);
    const [error, setError] = useState('');
    useEffect(() => {
        get<CaseView>(casePath(member, reference)).then(setView, (caught: unknown) => setError(explain(caught)));
    }, [member, reference]);
    useExercise(view?.status === 'EXERCISE');
    if (!view) return <><Title>{t('case.poster')}</Title><Trouble text={error} />{!error && <p>{t('loading')}</p>}</>;
    const allowed = view.case?.publicity?.level === 'PUBLIC' && view.state === 'OPEN';
    const down = (posters.items ?? []).filter((one) => one.withdraw).length;
    return (
        <>
            <div class="no-print">
                <p><a href={to('case', member, reference)}>← {view.reference}</a></p>
                <Title>{t('case.poster')}</Title>
                {!allowed && down === 0 && <p class="calm">{t('poster.not')}</p>}
                {down > 0 && <p class="trouble" role="alert">{t('poster.down', { n: down })}</p>}
                <Trouble text={posters.error} />
            </div>
            {!allowed && posters.items && <Registered items={posters.items} path={path} read={posters.read} />}
            {allowed && <Maker view={view} path={path} read={posters.read} plain={posters.absent ? plainOf(now.members.find((one) => one.self)?.phone) : undefined} />}
            {allowed && posters.items && <Registered items={posters.items} path={path} read={posters.read} />}
        </>
    );
}
