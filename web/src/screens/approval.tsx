/*
 * approval - the second pair of eyes: who has approved what is kept now, who may, and the way past it when nobody is
 * there, which is told to everybody and written into the audit log.
 */
import type { JSX } from 'preact';
import { code, t } from '../i18n';
import { mayApprove, state } from '../store';
import { stamp } from '../time';
import type { Writing } from '../draft';
import type { Approval } from '../types';
import { Button, Trouble, useAct } from '../ui';

const REASON_MAX = 500;

const whyOf = (why: string | undefined): string =>
    why === 'LIVE' ? t('health.rule.live') : why === 'RESTRICTED' ? t('health.rule.restricted') : code('Category', why);

/* Whether the sending would be refused for want of it. */
export const lacksApproval = (approval: Approval | undefined): boolean => approval?.need === 'REQUIRED' && !approval.approved_by;

export function Glass({ glass, setGlass }: { glass: string; setGlass: (reason: string) => void }): JSX.Element {
    return (
        <details>
            <summary>{t('approval.glass')}</summary>
            <p>{t('approval.glass.text')}</p>
            <label>{t('approval.glass.reason')}<input maxLength={REASON_MAX} value={glass} onInput={(event) => setGlass(event.currentTarget.value)} /></label>
        </details>
    );
}

export function ApprovalPart({ writing, glass, setGlass }: { writing: Writing; glass: string; setGlass: (reason: string) => void }): JSX.Element | null {
    const approval = writing.draft?.approval;
    const give = useAct(() => writing.approve(true));
    const back = useAct(() => writing.approve(false));
    if (!approval || approval.need === 'NONE' || !writing.draft || writing.words.status !== 'ACTUAL') return null;
    const who = approval.approved_by;
    return (
        <section class={`panel ${who ? '' : 'panel-wait'}`} aria-labelledby="approval" data-need={approval.need}>
            <h2 id="approval">{t('approval.title')}</h2>
            {who && <p class="big good">✓ {t('approval.given', { who, time: stamp(approval.approved_at) })}</p>}
            {!who && <p class="big">{t(approval.need === 'REQUIRED' ? 'approval.required' : 'approval.advised', { why: whyOf(approval.why) })}</p>}
            {!who && !mayApprove(state, writing.draft) && <p>{t(approval.by === 'SUPERVISOR' ? 'approval.ask.supervisor' : 'approval.ask')}</p>}
            {!who && mayApprove(state, writing.draft) && <><p>{t('approval.read', { who: approval.author })}</p><Button kind="main" class="huge" act={give}>{t('approval.give')}</Button></>}
            {who === state.session?.user && <Button kind="quiet" act={back}>{t('approval.take.back')}</Button>}
            <Trouble text={give.error || back.error} />
            {lacksApproval(approval) && <Glass glass={glass} setGlass={setGlass} />}
        </section>
    );
}
