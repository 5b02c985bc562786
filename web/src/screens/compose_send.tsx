/*
 * compose_send - check and send: live or exercise (neither beforehand), who gets it and who does not, the card in the
 * receiver's language, what is missing; then the child's first name, and five seconds in which it can be stopped.
 */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, newKey } from '../api';
import { Card } from '../card';
import type { Writing } from '../draft';
import { labelOf } from '../form';
import { country, language, languageNames, load, t } from '../i18n';
import { preview } from '../photos';
import { go } from '../route';
import { readCases, readDrafts, useStore } from '../store';
import type { CaseBody, CaseView, DryRun, Status } from '../types';
import { Button, explain, label, Phone, StatusMark, Trouble, useAct } from '../ui';
import { ApprovalPart, lacksApproval } from './approval';
import { starred, stepOf } from './compose_fields';
import { everybody, places } from './compose_to';

const SECONDS = 5;

const plain = (text: string): string => text.normalize('NFKC').trim().replace(/\s+/g, ' ').toLocaleLowerCase();
export function confirms(body: CaseBody, typed: string): boolean {
    const child = body.child ?? {};
    const names = [child.given_name, ...(child.aliases ?? []), ...(child.transliterations ?? []).map((one) => one.given_name)];
    return names.some((name) => name !== undefined && name.trim() !== '' && plain(name) === plain(typed));
}

function StatusChoice({ status, set }: { status: Status | undefined; set: (status: Status) => void }): JSX.Element {
    return (
        <fieldset class="status-choice" data-path="status">
            <legend>{t('send.status')} <span class="star">*</span></legend>
            <label class="check"><input type="radio" name="status" checked={status === 'ACTUAL'} onChange={() => set('ACTUAL')} /><span><strong>{t('send.live')}</strong><span class="hint block">{t('send.live.hint')}</span></span></label>
            <label class="check"><input type="radio" name="status" checked={status === 'EXERCISE'} onChange={() => set('EXERCISE')} /><span><strong>{t('send.exercise')}</strong><span class="hint block">{t('send.exercise.hint')}</span></span></label>
        </fieldset>
    );
}

/* Asked anew for each kept state of the draft. */
function useDryRun(id: string, etag: string | undefined, status: Status | undefined, ready: boolean): { run?: DryRun; error: string } {
    const [result, setResult] = useState<{ run?: DryRun; error: string }>({ error: '' });
    useEffect(() => {
        if (!etag || !ready) return setResult({ error: '' });
        let over = false;
        call<DryRun>('POST', `/v1/drafts/${id}/publish`, { body: { status: status ?? 'ACTUAL', dry_run: true } }).then(
            (run) => !over && setResult({ run, error: '' }), (caught: unknown) => !over && setResult({ error: explain(caught) }));
        return () => {
            over = true;
        };
    }, [id, etag, status, ready]);
    return result;
}

function Recipients({ run }: { run: DryRun }): JSX.Element {
    const name = (one: { country: string; name: string }): string => t('send.one', { country: country(one.country), name: one.name });
    return (
        <div class="grid">
            <section aria-labelledby="gets"><h2 id="gets">{t('send.gets', { n: run.recipients.length })}</h2>
                <ul class="gets">{run.recipients.map((one) => <li key={one.member}>✓ {name(one)} {one.why === 'SUBSCRIBED' && <span class="hint">{t('send.subscribed')}</span>} {!one.connected && <><span class="mark presence-away">{t('presence.away')}</span> <Phone number={one.phone} /></>}</li>)}</ul>
            </section>
            <section aria-labelledby="gets-not"><h2 id="gets-not">{t('send.gets.not', { n: run.not_recipients.length })}</h2>
                <ul class="gets-not">{run.not_recipients.map((one) => <li key={one.member}>✕ {name(one)}</li>)}</ul>
            </section>
            {run.unreached.length > 0 && <p class="trouble">{t('case.unreached', { countries: run.unreached.map((one) => country(one)).join(', ') })}</p>}
        </div>
    );
}

function Preview({ body, to, status }: { body: CaseBody; to: string[]; status: Status | undefined }): JSX.Element {
    const likely = [...languageNames.keys()].find((one) => to.some((code) => code.toLowerCase() === one));
    const [reader, setReader] = useState(language());
    const choose = (next: string): void => void load(next).then(() => setReader(next));
    useEffect(() => {
        if (likely) choose(likely);
    }, [likely]);
    return (
        <section aria-labelledby="preview">
            <div class="spread">
                <h2 id="preview">{t('send.preview')}</h2>
                <label>{t('send.reader')}
                    <select value={reader} onChange={(event) => choose(event.currentTarget.value)}>{[...languageNames].map(([one, name]) => <option key={one} value={one} lang={one}>{name}</option>)}</select>
                </label>
            </div>
            <Card body={body} reader={reader} status={status} photo={(n) => preview(body.photos?.[n - 1])} />
        </section>
    );
}

/* Five seconds, and then it goes. Leaving the screen stops it too. */
function Countdown({ status, stop, send }: { status: Status; stop: () => void; send: () => void }): JSX.Element {
    const [left, setLeft] = useState(SECONDS);
    const sent = useRef(false);
    useEffect(() => {
        const timer = setInterval(() => setLeft((n) => n - 1), 1000);
        return () => clearInterval(timer);
    }, []);
    useEffect(() => {
        if (left > 0 || sent.current) return;
        sent.current = true;
        send();
    }, [left]);
    return (
        <div class="countdown" role="alertdialog" aria-modal="true" aria-labelledby="countdown">
            <p id="countdown" class="big">{label('send.going', status)} <span class="number" aria-hidden="true">{Math.max(0, left)}</span></p>
            <Button kind="danger" class="huge" act={stop} focus>{label('send.stop', status)}</Button>
        </div>
    );
}

/* What is missing can be said here at once; a field that was asked for stays while it is being filled in. */
function Missing({ missing, choose }: { missing: { path: string; text: string }[]; choose: (step: number) => void }): JSX.Element | null {
    const asked = useRef<string[]>([]);
    asked.current = [...new Set([...asked.current, ...missing.map((one) => one.path).filter((path) => starred(path))])];
    if (missing.length + asked.current.length === 0) return null;
    return (
        <section class={`panel ${missing.length > 0 ? 'panel-danger' : ''}`} aria-labelledby="missing">
            <h2 id="missing" aria-live="polite">{missing.length > 0 ? t('send.missing', { n: missing.length }) : `✓ ${t('send.nothing.missing')}`}</h2>
            <ul>{missing.filter((one) => !starred(one.path)).map((one) => (
                <li key={one.path}><button type="button" class="quiet" onClick={() => choose(stepOf(one.path))}>{one.path.startsWith('case.') ? labelOf(one.path.slice(5).replace(/\[\d+\]/g, '')) : t(one.path === 'to' ? 'to.countries' : one.path === 'status' ? 'send.status' : 'to.restricted')}</button> {language() === 'en' || !/ is required$/.test(one.text) ? <span class="hint">{one.text}</span> : <span class="hint">{t('send.needed')}</span>}</li>
            ))}</ul>
            {asked.current.map((path) => {
                const Field = starred(path)!;
                return <Field key={path} />;
            })}
        </section>
    );
}

export function SendStep({ writing, id, reason, choose }: { writing: Writing; id: string; reason: string; choose: (step: number) => void }): JSX.Element {
    const { members } = useStore();
    const { words, draft, saved } = writing;
    const [typed, setTyped] = useState('');
    const [counting, setCounting] = useState(false);
    const [trouble, setTrouble] = useState('');
    const [glass, setGlass] = useState('');
    const [key] = useState(newKey);
    const kept = saved === 'saved';
    const complete = kept && draft?.missing.length === 0;
    const { run, error } = useDryRun(id, draft?.etag, words.status, complete);
    const name = words.case.child?.given_name ?? words.case.child?.aliases?.[0] ?? '';
    const act = useAct(async () => {
        setCounting(false);
        const now = await writing.settle();
        const view = await call<CaseView>('POST', `/v1/drafts/${id}/publish`, { key, etag: now.etag, body: { status: words.status, ...(!words.updates && { confirm: typed }), ...(lacksApproval(now.approval) && words.status === 'ACTUAL' && { break_glass: glass.trim() }) } });
        void readCases();
        void readDrafts();
        go('case', view.member, view.reference);
    });
    const begin = (): void => {
        const why = !words.status ? t('send.need.status') : !words.updates && !confirms(words.case, typed) ? t('send.need.name', { name })
            : !words.updates && everybody(words.to ?? [], places(members)) && reason.trim() === '' ? t('send.need.reason')
                : words.status === 'ACTUAL' && lacksApproval(draft?.approval) && glass.trim() === '' ? t('approval.need') : '';
        setTrouble(why);
        setCounting(why === '');
    };
    return (
        <>
            {words.updates ? <p class="big"><StatusMark status={words.status} /> {t('drafts.update', { reference: words.updates.split(':')[1] ?? '' })}</p> : <StatusChoice status={words.status} set={(status) => writing.change({ status })} />}
            <Missing missing={draft?.missing ?? []} choose={choose} />
            <Trouble text={error} />
            {run && <Recipients run={run} />}
            <Preview body={words.case} to={words.to ?? []} status={words.status} />
            {complete && <ApprovalPart writing={writing} glass={glass} setGlass={setGlass} />}
            {complete && run && (
                <section class="panel" aria-labelledby="go">
                    <h2 id="go">{label('send.title', words.status)}</h2>
                    {!words.updates && (
                        <label>{t('send.type.name')}
                            <input autocomplete="off" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} onKeyDown={(event) => event.key === 'Enter' && begin()} />
                        </label>
                    )}
                    <Trouble text={trouble || act.error} />
                    {counting && words.status
                        ? <Countdown status={words.status} stop={() => setCounting(false)} send={act.run} />
                        : <Button kind="main" class="huge" act={begin} disabled={act.busy}>{label('send.go', words.status)}</Button>}
                </section>
            )}
        </>
    );
}
