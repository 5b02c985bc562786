/*
 * rules - what this hotline's configuration says: how long things are kept, when somebody is late and who is woken then,
 * who has to approve. To be read here; it is changed in the node's configuration.
 */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { get } from '../api';
import { code, language, list, t } from '../i18n';
import type { Key } from '../i18n';
import { explain, Trouble } from '../ui';

type Seconds = Record<string, number>;
interface Settings {
    retention: Seconds;
    deadlines: Seconds;
    escalation: { first: number; second: number; third: number; drills: boolean; mail: boolean; command: boolean };
    approval?: { required: string[]; advised: string[]; by: 'ANYBODY' | 'SUPERVISOR' };
    sessions?: Seconds;
    poster?: { phone?: string };
}

/* 259200: "3 days"; in the largest unit that it is a whole number of, days from two on. */
export function duration(seconds: number): string {
    const [unit, length] = seconds >= 172_800 && seconds % 86_400 === 0 ? ['day', 86_400] as const
        : seconds >= 3600 && seconds % 3600 === 0 ? ['hour', 3600] as const : seconds >= 60 && seconds % 60 === 0 ? ['minute', 60] as const : ['second', 1] as const;
    return new Intl.NumberFormat(language(), { style: 'unit', unit, unitDisplay: 'long' }).format(seconds / length);
}

function Part({ id, title, children }: { id: string; title: Key; children: ComponentChildren }): JSX.Element {
    return <section aria-labelledby={id}><h2 id={id}>{t(title)}</h2><dl class="facts">{children}</dl></section>;
}
const Fact = ({ name, children }: { name: Key; children: ComponentChildren }): JSX.Element => <div class="fact"><dt>{t(name)}</dt><dd>{children}</dd></div>;
const After = ({ name, seconds }: { name: Key; seconds: number | undefined }): JSX.Element | null =>
    seconds === undefined ? null : <Fact name={name}>{duration(seconds)}</Fact>;
const yes = (is: boolean): string => t(is ? 'yes' : 'no');

function Approval({ approval }: { approval: NonNullable<Settings['approval']> }): JSX.Element {
    const named = (what: string[]): string => (what.length === 0 ? t('health.rule.none') : list(what.map((one) => (one === 'LIVE' ? t('health.rule.live') : one === 'RESTRICTED' ? t('health.rule.restricted') : code('Category', one)))));
    return (
        <Part id="approvals" title="health.approval">
            <Fact name="health.approval.required">{named(approval.required)}</Fact>
            <Fact name="health.approval.advised">{named(approval.advised)}</Fact>
            <Fact name="health.approval.by">{t(approval.by === 'SUPERVISOR' ? 'role.supervisor' : 'approval.anybody')}</Fact>
        </Part>
    );
}

export function Rules(): JSX.Element {
    const [kept, setKept] = useState<Settings | undefined>(undefined);
    const [error, setError] = useState('');
    useEffect(() => {
        get<Settings>('/v1/settings').then(setKept, (caught: unknown) => setError(explain(caught)));
    }, []);
    if (!kept) return <>{error ? <Trouble text={error} /> : <p>{t('loading')}</p>}</>;
    const { retention, deadlines, escalation, approval, sessions } = kept;
    return (
        <>
            <Part id="retention" title="rules.retention">
                {(['closed_after_ack', 'closed_latest', 'sent_in_error_after_ack', 'sent_in_error_latest', 'notes', 'drafts'] as const).map((one) => <After key={one} name={`rules.${one}`} seconds={retention[one]} />)}
            </Part>
            <p class="hint">{t('rules.retention.text')}</p>
            <Part id="deadlines" title="rules.deadlines">
                {(['delivered', 'shown', 'acknowledged'] as const).map((one) => <After key={one} name={`rules.${one}`} seconds={deadlines[one]} />)}
            </Part>
            <Part id="escalation" title="rules.escalation">
                <Fact name="rules.escalation.when">{list([escalation.first, escalation.second, escalation.third].filter((after) => after > 0).map(duration)) || t('health.rule.none')}</Fact>
                <Fact name="rules.escalation.mail">{yes(escalation.mail)}</Fact>
                <Fact name="rules.escalation.command">{yes(escalation.command)}</Fact>
                <Fact name="rules.escalation.drills">{yes(escalation.drills)}</Fact>
            </Part>
            {approval && <Approval approval={approval} />}
            {sessions && <Part id="sessions" title="rules.sessions"><After name="rules.idle" seconds={sessions['idle']} /><After name="rules.life" seconds={sessions['life']} /></Part>}
            {kept.poster?.phone && <Part id="posters" title="case.poster"><Fact name="rules.poster.phone">{kept.poster.phone}</Fact></Part>}
            <p class="hint">{t('health.configured')}</p>
        </>
    );
}
