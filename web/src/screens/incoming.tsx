/*
 * incoming - an urgent alert: the whole screen and the alarm, until a person has answered. Escape does nothing: an
 * alert goes away by an answer alone. An exercise has another frame, another tone, and says so on every button.
 */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import * as alarm from '../alarm';
import { call, casePath, get, newKey } from '../api';
import { Card } from '../card';
import { calm, shown, soundHere } from '../duty';
import { LineState } from '../header';
import { country, language, t } from '../i18n';
import { go } from '../route';
import { readCases, state, useNow } from '../store';
import { ago, stamp } from '../time';
import type { CaseSummary, CaseView } from '../types';
import { Button, label, Phone, Trouble, useAct } from '../ui';
import { PhotosToCome, photosToCome } from './case';
import { nameOf } from './inbox';

/* Acknowledged first: that alone ends the alarm here and tells the publisher that somebody acts. */
function useAnswers(one: CaseSummary): { act: ReturnType<typeof useAct>; answer: (then: string) => void } {
    const [key] = useState(newKey);
    const [nothingKey] = useState(newKey);
    const [then, setThen] = useState('');
    const path = casePath(one.member, one.reference);
    const act = useAct(async () => {
        await call('POST', `${path}/acknowledge`, { key, body: { as: state.session?.user || undefined } });
        if (then === 'nothing') await call('POST', `${path}/replies`, { key: nothingKey, body: { kind: 'NOTHING_HERE' } });
        go('case', one.member, one.reference, ...(then === 'sighting' || then === 'question' ? [then] : []));
        calm(one);
        void readCases();
    });
    const [asked, ask] = useState(0);
    useEffect(() => {
        if (asked) act.run();
    }, [asked]);
    const answer = (next: string): void => {
        setThen(next);
        ask((n) => n + 1);
    };
    return { act, answer };
}

const READS_MAX = 200; /* photos come after the words */

function useView(one: CaseSummary): CaseView | undefined {
    const [view, setView] = useState<CaseView | undefined>(undefined);
    useEffect(() => {
        let over = false;
        const read = async (): Promise<void> => {
            for (let n = 0; !over && n < READS_MAX; n++) {
                try {
                    const found = await get<CaseView>(casePath(one.member, one.reference));
                    if (!over) setView(found);
                    if (photosToCome(found) === 0) return;
                } catch {
                    /* the card stays as the list has it */
                }
                await new Promise((done) => setTimeout(done, n < 20 ? 1000 : 5000));
            }
        };
        void read();
        return () => {
            over = true;
        };
    }, [one.case_id, one.revision]);
    /* Told as shown once the card itself is on the screen. */
    useEffect(() => {
        if (!view) return;
        const tell = (): void => void requestAnimationFrame(() => void shown(one));
        tell();
        document.addEventListener('visibilitychange', tell);
        return () => document.removeEventListener('visibilitychange', tell);
    }, [view, state.armedAt]);
    return view;
}

/* Why this hotline gets it: its own country is meant, or it has asked for those of the sender's. */
function WhyUs({ one, view }: { one: CaseSummary; view: CaseView | undefined }): JSX.Element | null {
    const own = state.status?.country;
    if (!own) return null;
    const heading = view?.case?.likely_countries?.includes(own);
    const text = view?.case?.last_seen?.country === own ? 'why.seen' : heading ? 'why.heading' : one.countries.includes(own) ? 'why.named' : 'why.subscribed';
    return <p class="why">{t(text, { country: country(own), sender: country(one.country) })}</p>;
}

function NoSound(): JSX.Element | null {
    const [silent, setSilent] = useState(!alarm.canSound() || !state.armedAt);
    if (!silent) return null;
    const wake = (): void => void alarm.wake().then((heard) => {
        setSilent(!heard);
        soundHere();
    });
    return <p class="trouble" role="alert">{t('incoming.silent')} <Button kind="plain" act={wake}>{t('incoming.sound')}</Button></p>;
}

export function Incoming({ one, more }: { one: CaseSummary; more: number }): JSX.Element {
    const view = useView(one);
    const now = useNow();
    const { act, answer } = useAnswers(one);
    const exercise = one.status === 'EXERCISE';
    const over = one.state === 'RETRACTED';
    const title = over ? t('incoming.retracted') : exercise ? t('incoming.exercise') : t('incoming.live');
    const from = t('incoming.from', { name: view?.opener_name ?? one.member, country: country(one.country) });
    return (
        <main class={`incoming ${exercise ? 'incoming-exercise' : 'incoming-live'}`} aria-labelledby="incoming-title">
            <LineState exercise={exercise} />
            <header>
                <h1 id="incoming-title"><span aria-hidden="true">{exercise ? '◇ ' : '▲ '}</span>{title}</h1>
                <p class="big">{from} {!one.opener_withdrawn && <span class="accredited">✓ {t('incoming.accredited')}</span>}</p>
                {one.opener_withdrawn && <p class="trouble">{t('inbox.withdrawn')}</p>}
                <p>{t('incoming.when', { reference: one.reference, time: stamp(one.received_at), ago: ago(one.received_at, now) })} {more > 0 && <strong>{t('incoming.more', { n: more })}</strong>}</p>
            </header>
            <NoSound />
            <div class="answers" role="group" aria-label={t('incoming.answers')}>
                <Button kind="main" class="huge" act={() => answer('')} focus>{label(over ? 'answer.ack.retraction' : 'answer.ack', one.status)}</Button>
                {!over && (
                    <>
                        <Button class="huge" act={() => answer('sighting')}>{label('answer.sighting', one.status)}</Button>
                        <Button class="huge" act={() => answer('question')}>{label('answer.question', one.status)}</Button>
                        <Button class="huge" act={() => answer('nothing')}>{label('answer.nothing', one.status)}</Button>
                    </>
                )}
                <Trouble text={act.error} />
            </div>
            {over && <p class="big do-not">{t('incoming.retracted.what')} {view?.closing?.reason && <q>{view.closing.reason}</q>}</p>}
            {!over && <WhyUs one={one} view={view} />}
            {view?.case && <Card body={view.case} reader={language()} photo={(n) => ((view.photos_here ?? 0) >= n ? `${casePath(one.member, one.reference)}/photo?number=${n}` : undefined)} />}
            {view && <PhotosToCome view={view} />}
            {!view?.case && <p class="child-name">{nameOf(one)}</p>}
            {view?.phone && <p class="big">{t('incoming.call', { name: view.opener_name ?? one.member })} <Phone number={view.phone} /></p>}
        </main>
    );
}
