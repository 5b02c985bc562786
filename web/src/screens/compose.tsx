/* compose - an alert in four steps, each one screen, kept as it is typed: child, what happened, who to alert, send. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, newKey } from '../api';
import { createDraft, useDraft } from '../draft';
import { shiftLanguages } from '../duty';
import type { Writing } from '../draft';
import { FormContext } from '../form';
import { code, t } from '../i18n';
import type { Key } from '../i18n';
import { go, to } from '../route';
import { mayApprove, readDrafts, state, useExercise, useNow, useStore, waitsForApproval } from '../store';
import { ago, stamp } from '../time';
import type { DraftSummary, Status } from '../types';
import { Button, StatusMark, Title, Trouble, useAct } from '../ui';
import { blank, ChildFields, HappenedFields } from './compose_fields';
import { SendStep } from './compose_send';
import { ToFields } from './compose_to';

const STEPS: Key[] = ['compose.step.1', 'compose.step.2', 'compose.step.3', 'compose.step.4'];

/* ---- drafts ---- */

export function useNewDraft(status?: Status, drill?: string): ReturnType<typeof useAct> {
    const [key, setKey] = useState(newKey);
    return useAct(async () => {
        const own = state.members.find((one) => one.self);
        const draft = await createDraft({ case: blank(own?.phone, state.status?.country, shiftLanguages()), ...(status && { status }), ...(drill && { drill }) }, key);
        setKey(newKey());
        void readDrafts();
        go('compose', draft.id, '1');
    });
}

const referenceOf = (updates: string): string => updates.split(':')[1] ?? updates;

function DraftCard({ one, now }: { one: DraftSummary; now: number }): JSX.Element {
    const drop = useAct(async () => {
        await call('DELETE', `/v1/drafts/${one.id}`, { etag: one.etag });
        await readDrafts();
    });
    const [asking, ask] = useState(false);
    return (
        <li class={`card ${one.status === 'EXERCISE' ? 'card-exercise' : ''}`}>
            <a href={to('compose', one.id, waitsForApproval(one) ? '4' : '1')}>
                <span class="card-head"><span class="mark">{one.updates ? t('drafts.update', { reference: referenceOf(one.updates) }) : t('drafts.one')}</span><StatusMark status={one.status} /></span>
                <strong class="card-name">{one.child?.given_name ?? t('drafts.no.name')}</strong>
                <span>{code('Category', one.category)}</span>
            </a>
            {waitsForApproval(one) && <p class="card-foot"><strong class="mark mark-waits">{t(mayApprove(state, one) ? 'approval.waits.you' : 'approval.waits')}</strong></p>}
            {one.approval?.approved_by && <p class="card-foot good">✓ {t('approval.given', { who: one.approval.approved_by, time: stamp(one.approval.approved_at) })}</p>}
            <p class="card-foot"><span>{t('drafts.changed', { who: one.changed_by, ago: ago(one.changed_at, now) })}</span></p>
            <div class="row card-foot">
                {asking ? <><Button kind="danger" act={drop} focus>{t('drafts.delete.yes')}</Button><Button kind="quiet" act={() => ask(false)}>{t('cancel')}</Button></>
                    : <Button kind="quiet" act={() => ask(true)}>{t('drafts.delete')}</Button>}
            </div>
            <Trouble text={drop.error} />
        </li>
    );
}

export function Drafts(): JSX.Element {
    const { drafts } = useStore();
    const now = useNow(10_000);
    const begin = useNewDraft();
    useEffect(() => void readDrafts(), []);
    return (
        <>
            <Title>{t('nav.compose')}</Title>
            <p>{t('drafts.text')}</p>
            <Button kind="main" class="huge" act={begin} focus>{t('drafts.new')}</Button>
            <Trouble text={begin.error} />
            {drafts.length > 0 && <h2>{t('nav.drafts')}</h2>}
            <ul class="cards">{drafts.map((one) => <DraftCard key={one.id} one={one} now={now} />)}</ul>
        </>
    );
}

/* ---- the four steps ---- */

function SavedState({ writing }: { writing: Writing }): JSX.Element {
    const { saved, trouble, changedBy } = writing;
    if (saved === 'stale') {
        return (
            <div class="panel panel-danger" role="alert">
                <p>{t('saved.stale', { who: changedBy })}</p>
                <div class="row"><Button act={writing.takeTheirs}>{t('saved.theirs')}</Button><Button act={writing.keepMine}>{t('saved.mine')}</Button></div>
            </div>
        );
    }
    return (
        <div class="saved">
            <p role="status" class={saved === 'refused' ? 'trouble' : 'hint'}>{saved === 'saved' ? '✓ ' : ''}{t(`saved.${saved}`)}</p>
            <Trouble text={trouble} />
        </div>
    );
}

function Steps({ id, at, exercise }: { id: string; at: number; exercise: boolean }): JSX.Element {
    return (
        <nav class="stepper" aria-label={t('compose.steps')}>
            <ol>{STEPS.map((text, index) => (
                <li key={text}><a href={to('compose', id, String(index + 1))} aria-current={at === index + 1 ? 'step' : undefined}>
                    <span class="number">{index + 1}</span> {exercise && index === 3 ? t('exercise.button', { act: t(text) }) : t(text)}
                </a></li>
            ))}</ol>
        </nav>
    );
}

function Step({ at, writing, id, reason, setReason }: { at: number; writing: Writing; id: string; reason: string; setReason: (reason: string) => void }): JSX.Element {
    const { words } = writing;
    if (at === 1) return <ChildFields />;
    if (at === 2) return <HappenedFields />;
    if (at === 3) {
        return <ToFields body={words.case} to={words.to ?? []} restricted={words.restricted ?? false} reason={reason} change={({ reason: why, ...part }) => {
            if (why !== undefined) setReason(why);
            else writing.change(part);
        }} />;
    }
    return <SendStep writing={writing} id={id} reason={reason} choose={(step) => go('compose', id, String(step))} />;
}

export function Compose({ id, step }: { id: string; step: number }): JSX.Element {
    const writing = useDraft(id);
    const [reason, setReason] = useState('');
    const exercise = writing.words.status === 'EXERCISE';
    const refused = writing.refusedPath.replace(/^case\./, '');
    useExercise(exercise);
    if (!writing.draft) return <><Title>{t('nav.compose')}</Title><Trouble text={writing.trouble} />{!writing.trouble && <p>{t('loading')}</p>}</>;
    const name = writing.words.case.child?.given_name;
    return (
        <FormContext.Provider value={{ body: writing.words.case, set: (body) => writing.change({ case: body }), refused, why: writing.trouble }}>
            <Steps id={id} at={step} exercise={exercise} />
            <Title key={step}>{t(STEPS[step - 1]!)}{name && step > 1 ? `: ${name}` : ''}</Title>
            {step < 3 && <p class="hint">{t('compose.stars')}</p>}
            <Step at={step} writing={writing} id={id} reason={reason} setReason={setReason} />
            <div class="row after">
                {step > 1 && <a class="button" href={to('compose', id, String(step - 1))}>← {t('back')}</a>}
                {step < 4 && <a class="button main" href={to('compose', id, String(step + 1))}>{t('next')} →</a>}
                <SavedState writing={writing} />
            </div>
        </FormContext.Provider>
    );
}
