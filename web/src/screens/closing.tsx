/* closing - how a case of one's own ends: closed with its outcome, or taken back in two clicks. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call, casePath, newKey } from '../api';
import { europe } from '../europe';
import { code, country, t } from '../i18n';
import { useStore } from '../store';
import type { CaseView } from '../types';
import { Blocked, Button, label, Trouble, useAct } from '../ui';

interface Props {
    view: CaseView;
    done: (view?: CaseView) => void;
}

const OUTCOMES = ['FOUND_SAFE', 'RETURNED', 'FOUND_HARMED', 'FOUND_DECEASED', 'WITHDRAWN', 'AGED_OUT', 'TAKEN_OVER'];

export function CloseForm({ view, done }: Props): JSX.Element {
    const { members } = useStore();
    const [outcome, setOutcome] = useState('');
    const [found, setFound] = useState('');
    const [reason, setReason] = useState('');
    const [takenBy, setTakenBy] = useState('');
    const [key] = useState(newKey);
    const act = useAct(async () => {
        if (!outcome) throw new Blocked(t('close.choose'));
        const body = { outcome, ...(found && { found_country: found }), ...(reason && { reason }), ...(outcome === 'TAKEN_OVER' && takenBy && { taken_over_by: takenBy }) };
        done(await call<CaseView>('POST', `${casePath(view.member, view.reference)}/close`, { key, body }));
    });
    return (
        <form class="panel" onSubmit={(event) => {
            event.preventDefault();
            act.run();
        }}>
            <h2>{t('close.title')}</h2>
            <fieldset>
                <legend>{t('close.outcome')}</legend>
                <div class="choices">
                    {OUTCOMES.map((one) => (
                        <label key={one} class="check"><input type="radio" name="outcome" value={one} checked={outcome === one} onChange={() => setOutcome(one)} />{code('Outcome', one)}</label>
                    ))}
                </div>
            </fieldset>
            {outcome.startsWith('FOUND') && (
                <label>{t('close.found.country')}
                    <select value={found} onChange={(event) => setFound(event.currentTarget.value)}>
                        <option value="">{t('choose')}</option>
                        {europe().map((one) => <option key={one} value={one}>{country(one)}</option>)}
                    </select>
                </label>
            )}
            {outcome === 'TAKEN_OVER' && (
                <label>{t('close.taken.by')}
                    <select required value={takenBy} onChange={(event) => setTakenBy(event.currentTarget.value)}>
                        <option value="">{t('choose')}</option>
                        {members.filter((one) => !one.self && one.role === 'HOTLINE').map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
                    </select>
                </label>
            )}
            <label>{t('close.reason')}<input maxLength={300} value={reason} onInput={(event) => setReason(event.currentTarget.value)} /></label>
            <p class="hint">{t('close.hint')}</p>
            <Trouble text={act.error} />
            <div class="row">
                <button class="main" aria-disabled={act.busy}>{label('close.go', view.status)}</button>
                <Button kind="quiet" act={() => done()}>{t('cancel')}</Button>
            </div>
        </form>
    );
}

/* The second of the two clicks. It needs nobody and nothing typed. */
export function RetractForm({ view, done }: Props): JSX.Element {
    const [reason, setReason] = useState('');
    const [key] = useState(newKey);
    const act = useAct(async () =>
        done(await call<CaseView>('POST', `${casePath(view.member, view.reference)}/retract`, { key, body: { reason: reason || 'sent in error' } })));
    return (
        <section class="panel panel-danger" aria-labelledby="retract-title">
            <h2 id="retract-title">{t('retract.title')}</h2>
            <p>{t('retract.text', { n: view.ladder.length })}</p>
            <Trouble text={act.error} />
            <div class="row">
                <Button kind="danger" class="huge" act={act} focus>{label('retract.go', view.status)}</Button>
                <Button kind="quiet" act={() => done()}>{t('cancel')}</Button>
            </div>
            <label>{t('retract.reason')}<input maxLength={300} value={reason} onInput={(event) => setReason(event.currentTarget.value)} /></label>
        </section>
    );
}
