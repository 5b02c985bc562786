/* update - a new revision of a case of one's own: the whole alert once more, changed. It opens a closed case again. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, casePath, get, newKey, Refused } from '../api';
import { createDraft } from '../draft';
import { FormContext } from '../form';
import { drop, keep, kept } from '../keep';
import { t } from '../i18n';
import { go, to } from '../route';
import { readCases, readDrafts, useExercise } from '../store';
import type { CaseBody, CaseView } from '../types';
import { Blocked, explain, label, Title, Trouble, useAct, Button } from '../ui';
import { Glass } from './approval';
import { ChildFields, HappenedFields } from './compose_fields';

/* Without what the node fills in. A photo that the case has is named by the beginning of its name. */
function editable(body: CaseBody, over: boolean): CaseBody {
    const { case_id: _1, reference: _2, revision: _3, status: _4, opened_at: _5, drill_id: _6, replaces: _7, codes_version: _8, photos, valid_until, ...rest } = body;
    const kept = (photos ?? []).map(({ name, taken_on, looks_different_now, detail, thumbnail }) =>
        ({ upload: name?.slice(0, 32), taken_on, looks_different_now, detail, thumbnail }));
    return { ...rest, ...(kept.length > 0 && { photos: kept }), ...(over ? { valid_for: '72h' } : { valid_until }) };
}
/* Thumbnails are for the screen; the node has them. */
function sendable(body: CaseBody): CaseBody {
    const { photos, ...rest } = body;
    const { valid_until, ...without } = rest;
    const clean = (photos ?? []).map(({ thumbnail: _, ...photo }) => photo);
    return { ...(rest.valid_for ? without : { ...without, valid_until }), ...(clean.length > 0 && { photos: clean }) };
}

export function Update({ member, reference }: { member: string; reference: string }): JSX.Element {
    const name = `update/${member}/${reference}`;
    const [view, setView] = useState<CaseView | undefined>(undefined);
    const [body, setBody] = useState<CaseBody>({});
    const [begun, setBegun] = useState(false); /* words of before, from this window */
    const [error, setError] = useState('');
    const [refused, setRefused] = useState('');
    const [key, setKey] = useState(newKey);
    useEffect(() => {
        get<CaseView>(casePath(member, reference)).then((found) => {
            setView(found);
            const words = kept<{ revision: number; body: CaseBody }>(name);
            setBegun(words?.revision === found.revision);
            setBody(words?.revision === found.revision ? words.body : editable(found.case ?? {}, found.state !== 'OPEN'));
        }, (caught: unknown) => setError(explain(caught)));
    }, [member, reference]);
    const change = (next: CaseBody): void => {
        setBody(next);
        keep(name, { revision: view?.revision, body: next });
    };
    const [wider, setWider] = useState(false); /* it reaches further than what was sent: not without a second person */
    const [glass, setGlass] = useState('');
    const ask = useAct(async () => {
        const draft = await createDraft({ case: sendable(body), updates: `${member}:${reference}`, replaces: view?.revision });
        drop(name);
        void readDrafts();
        go('compose', draft.id, '4');
    });
    const act = useAct(async () => {
        setRefused('');
        try {
            await call<CaseView>('POST', `${casePath(member, reference)}/revisions`, { key, body: { case: sendable(body), replaces: view?.revision, ...(wider && glass.trim() && { break_glass: glass.trim() }) } });
        } catch (caught) {
            if (caught instanceof Refused) {
                setRefused((caught.problem.path ?? '').replace(/^case\./, ''));
                setKey(newKey());
                setWider(caught.problem.code === 'APPROVAL');
                if (caught.problem.code === 'APPROVAL') throw new Blocked(t('update.wider'));
            }
            throw caught;
        }
        drop(name);
        void readCases();
        go('case', member, reference);
    });
    useExercise(view?.status === 'EXERCISE');
    if (!view) return <><Title>{reference}</Title><Trouble text={error} />{!error && <p>{t('loading')}</p>}</>;
    if (!view.case) return <><Title>{reference}</Title><p>{t('update.erased')}</p></>;
    const again = view.state !== 'OPEN';
    return (
        <FormContext.Provider value={{ body, set: change, refused, why: act.error }}>
            <Title>{t(again ? 'update.again' : 'update.title', { reference })}</Title>
            <p>{t('update.text')}</p>
            {begun && <p class="warning" role="status">{t('update.begun')}</p>}
            <ChildFields />
            <HappenedFields />
            <Trouble text={act.error || ask.error} />
            {wider && (
                <section class="panel panel-wait" aria-labelledby="wider">
                    <h2 id="wider">{t('approval.title')}</h2>
                    <Button kind="main" act={ask} focus>{label('update.ask', view.status)}</Button>
                    <Glass glass={glass} setGlass={setGlass} />
                </section>
            )}
            <div class="row after">
                <Button kind="main" class="huge" act={act}>{label(again ? 'case.reopen' : 'update.go', view.status)}</Button>
                <a class="button" href={to('case', member, reference)} onClick={() => drop(name)}>{t('cancel')}</a>
            </div>
        </FormContext.Provider>
    );
}
