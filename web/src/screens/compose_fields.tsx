/* compose_fields - the first two steps: the child, and what happened. The starred fields alone are needed to send. */
import type { ComponentChildren, JSX } from 'preact';
import { useContext } from 'preact/hooks';
import { at, Check, Coded, Country, Day, FormContext, Numeric, options, Pick, put, Radios, Select, Several, spokenChoices, Text, tongueOf, useField } from '../form';
import { code, country, language, languageNames, spoken, t } from '../i18n';
import type { Key } from '../i18n';
import { europe, neighbours } from '../europe';
import { Photos } from '../photos';
import { fromWall, ownZone, stamp, toWall, yearsSince, zones } from '../time';
import { state } from '../store';
import type { CaseBody } from '../types';
import { useId } from '../ui';

function Part({ title, children, more }: { title: Key; children: ComponentChildren; more?: boolean }): JSX.Element {
    if (more) return <details class="panel"><summary><h2>{t(title)}</h2></summary>{children}</details>;
    return <section class="panel"><h2>{t(title)}</h2>{children}</section>;
}

/* ---- the child ---- */

function Age(): JSX.Element {
    const form = useContext(FormContext);
    const child = form.body.child ?? {};
    const ranged = child.age_min_years !== undefined || child.age_max_years !== undefined;
    const toggle = (range: boolean): void => {
        const { age_years: years, age_min_years: least, age_max_years: most, ...rest } = child;
        const guess = years ?? least ?? 10;
        form.set({ ...form.body, child: range ? { ...rest, age_min_years: Math.max(0, guess - 1), age_max_years: guess + 1 } : { ...rest, age_years: most === undefined ? undefined : Math.round(((least ?? most) + most) / 2) } });
    };
    return (
        <div>
            {ranged ? (
                <div class="grid"><Numeric path="child.age_min_years" star least={0} most={25} /><Numeric path="child.age_max_years" star least={0} most={25} /></div>
            ) : <Numeric path="child.age_years" star least={0} most={25} />}
            <label class="check"><input type="checkbox" checked={ranged} onChange={(event) => toggle(event.currentTarget.checked)} />{t('compose.age.range')}</label>
        </div>
    );
}

/* It says the age too. */
function BirthDate(): JSX.Element {
    const form = useContext(FormContext);
    const id = useId();
    const set = (date: string): void => {
        const { age_min_years: _1, age_max_years: _2, ...child } = form.body.child ?? {};
        const years = yearsSince(date, Date.now());
        form.set(years === undefined ? put(form.body, 'child.birth_date', date) : { ...form.body, child: { ...child, birth_date: date, age_years: years } });
    };
    return (
        <div class="field" data-path="child.birth_date">
            <label for={id}>{t('f.child.birth_date')}</label>
            <input id={id} type="date" value={form.body.child?.birth_date ?? ''} onInput={(event) => set(event.currentTarget.value)} />
        </div>
    );
}

/* The name as others can read it, and what else the child answers to. */
function OtherNames(): JSX.Element {
    const form = useContext(FormContext);
    const id = useId();
    const [latin, ...others] = form.body.child?.transliterations ?? [];
    const change = (name: string, text: string): void => {
        const { script: _, ...next } = put(latin ?? {}, name, text);
        const rows = Object.keys(next).length > 0 ? [{ script: 'Latn', ...next }, ...others] : others;
        form.set(put(form.body, 'child.transliterations', rows));
    };
    const aliases = form.body.child?.aliases ?? [];
    return (
        <>
            <label for={`${id}-l`} data-path="child.transliterations">{t('f.child.transliterations')}
                <input id={`${id}-l`} maxLength={80} value={latin?.given_name ?? ''} onInput={(event) => change('given_name', event.currentTarget.value)} />
            </label>
            <label for={`${id}-f`}>{t('f.child.transliterations.family')}
                <input id={`${id}-f`} maxLength={80} value={latin?.family_name ?? ''} onInput={(event) => change('family_name', event.currentTarget.value)} />
            </label>
            <label for={`${id}-a`} data-path="child.aliases">{t('f.child.aliases')}
                <input id={`${id}-a`} maxLength={200} defaultValue={aliases.join(', ')} onChange={(event) => form.set(put(form.body, 'child.aliases', event.currentTarget.value.split(',').map((one) => one.trim()).filter(Boolean).slice(0, 8)))} />
            </label>
        </>
    );
}

type Row = Record<string, string | number | undefined>;
/* A list of coded things (clothes, marks): a line each. Without a button for one more, an empty line waits below. */
function Lines({ path, parts, add, hours }: { path: string; parts: { name: string; type: string }[]; add?: Key; hours?: boolean }): JSX.Element {
    const { value, set } = useField(path);
    const id = useId();
    const own = (value as Row[] | undefined) ?? [];
    const rows = add || Object.keys(own.at(-1) ?? { no: 1 }).length === 0 ? own : [...own, {}];
    const change = (index: number, name: string, text: string | number | undefined): void =>
        set(rows.map((row, n) => (n === index ? put(row, name, text) : row)));
    return (
        <div data-path={path}>
            {rows.map((row, index) => (
                <div key={index} class="line" role="group" aria-label={t('compose.line', { n: index + 1 })}>
                    {parts.map(({ name, type }) => (
                        <label key={name} for={`${id}-${index}-${name}`}>{t(`f.${path}.${name}` as Key)}
                            <select id={`${id}-${index}-${name}`} value={row[name] ?? ''} onChange={(event) => change(index, name, event.currentTarget.value)}>
                                <option value="">{t('field.unknown')}</option>
                                {options(type).map((one) => <option key={one.value} value={one.value}>{one.text}</option>)}
                            </select>
                        </label>
                    ))}
                    {hours && <label for={`${id}-${index}-hours`}>{t('f.child.medical_needs.within_hours')}<input id={`${id}-${index}-hours`} type="number" inputMode="numeric" min={1} max={720} value={row['within_hours'] ?? ''} onInput={(event) => change(index, 'within_hours', Number.parseInt(event.currentTarget.value, 10) || undefined)} /></label>}
                    <label for={`${id}-${index}-detail`}>{t('f.detail')}<input id={`${id}-${index}-detail`} maxLength={120} value={row['detail'] ?? ''} onInput={(event) => change(index, 'detail', event.currentTarget.value)} /></label>
                    {index < own.length && <button type="button" class="quiet" onClick={() => set(own.filter((_, n) => n !== index))}>{t('remove')}</button>}
                </div>
            ))}
            {add && <button type="button" onClick={() => set([...own, {}])}>{t(add)}</button>}
        </div>
    );
}

/* Those that are likely here come first. */
function Spoken(): JSX.Element {
    const own = state.status?.country ?? '';
    return <Several path="child.languages" star choices={spokenChoices()} few={[tongueOf(own), language(), 'en', 'fr', 'de', 'es', 'it', 'pl', 'ro', 'ar', 'uk']} />;
}

export function ChildFields(): JSX.Element {
    const own = state.status?.country ?? '';
    return (
        <>
            <Part title="compose.who">
                <div class="grid">
                    <Text path="child.given_name" star max={80} hint="f.child.given_name.hint" />
                    <div><Text path="child.family_name" max={80} /><Check path="child.family_name_hidden" /></div>
                    <Age />
                    <BirthDate />
                    <OtherNames />
                </div>
                <Pick path="child.sex" type="Sex" />
                <Spoken />
                <Several path="child.nationalities" choices={europe().map((one) => ({ value: one, text: country(one) }))} few={[own, ...neighbours(own)]} />
            </Part>
            <Part title="compose.photos"><Photos /></Part>
            <Part title="compose.looks">
                <div class="grid">
                    <Numeric path="child.height_cm" least={20} most={250} /><Coded path="child.build" type="Build" />
                    <Coded path="child.hair.colour" type="HairColour" /><Coded path="child.hair.style" type="HairStyle" /><Coded path="child.skin_tone" type="SkinTone" />
                </div>
                <Pick path="child.hair.length" type="HairLength" /><Pick path="child.eyes" type="EyeColour" /><Check path="child.glasses" />
            </Part>
            <Part title="compose.clothes">
                <Lines path="child.clothing" parts={[{ name: 'item', type: 'ClothingItem' }, { name: 'colour', type: 'Colour' }]} />
            </Part>
            <Part title="compose.more" more>
                <h3>{t('f.child.marks')}</h3>
                <Lines path="child.marks" add="compose.marks.add" parts={[{ name: 'kind', type: 'MarkKind' }, { name: 'place', type: 'BodyPlace' }, { name: 'side', type: 'BodySide' }]} />
                <h3>{t('f.child.medical_needs')}</h3>
                <p class="hint">{t('compose.medical.hint')}</p>
                <Lines path="child.medical_needs" add="compose.medical.add" hours parts={[{ name: 'need', type: 'MedicalCode' }]} />
                <Text path="child.detail" rows={3} max={1000} />
            </Part>
        </>
    );
}

/* ---- what happened ---- */

/* Where most of a country's people are comes first: the others differ by hours. */
const MAIN_ZONES = ['Europe/Lisbon', 'Europe/Madrid', 'Europe/Moscow', 'Asia/Nicosia'];
const rank = (zone: string): number => (MAIN_ZONES.includes(zone) ? 0 : zone.startsWith('Europe/') ? 1 : 2);
function zonesOf(code: string | undefined): string[] {
    if (!code) return [];
    try {
        const locale = new Intl.Locale('und', { region: code }) as Intl.Locale & { getTimeZones?: () => string[]; timeZones?: string[] };
        return [...(locale.getTimeZones?.() ?? locale.timeZones ?? [])].sort((a, b) => rank(a) - rank(b));
    } catch {
        return [];
    }
}

/* The wall clock of the place, and below it what that is here. */
function When(): JSX.Element {
    const form = useContext(FormContext);
    const id = useId();
    const seen = form.body.last_seen ?? {};
    const near = zonesOf(seen.country);
    const zone = seen.zone ?? near[0] ?? ownZone;
    const set = (wall: string, nextZone: string): void =>
        form.set(put(put(form.body, 'last_seen.at', fromWall(wall, nextZone)), 'last_seen.zone', nextZone));
    const wall = toWall(seen.at, zone);
    return (
        <div class="field" data-path="last_seen.at">
            <label for={id}>{t('f.last_seen.at')}</label>
            <input id={id} type="datetime-local" value={wall} aria-describedby={`${id}-hint`} onInput={(event) => set(event.currentTarget.value, zone)} />
            <p class="hint" id={`${id}-hint`}>{seen.at && zone !== ownZone ? t('compose.when.here', { time: stamp(seen.at) }) : t('compose.when.hint')}</p>
            <label for={`${id}-zone`}>{t('f.last_seen.zone')}</label>
            <select id={`${id}-zone`} value={zone} onChange={(event) => set(wall, event.currentTarget.value)}>
                {[...new Set([zone, ...near, ownZone, ...zones.filter((one) => one.startsWith('Europe/'))])].map((one) => <option key={one} value={one}>{one}</option>)}
            </select>
        </div>
    );
}

function Companion(): JSX.Element {
    const form = useContext(FormContext);
    const [first, ...others] = form.body.companions ?? [];
    const id = useId();
    const change = (path: string, value: unknown): void => {
        const next = put(first ?? {}, path, value);
        const rows = Object.keys(next).length > 0 ? [next, ...others] : others;
        form.set(put(form.body, 'companions', rows));
    };
    return (
        <div class="grid" data-path="companions">
            <label for={`${id}-r`}>{t('compose.companion.relation')}
                <select id={`${id}-r`} value={first?.relation ?? ''} onChange={(event) => change('relation', event.currentTarget.value)}>
                    <option value="">{t('compose.companion.nobody')}</option>
                    {options('Relation').map((one) => <option key={one.value} value={one.value}>{one.text}</option>)}
                </select>
            </label>
            {first && (
                <>
                    <label for={`${id}-n`}>{t('compose.companion.name')}<input id={`${id}-n`} maxLength={80} value={(at(first, 'description.given_name') as string | undefined) ?? ''} onInput={(event) => change('description.given_name', event.currentTarget.value)} /></label>
                    <label for={`${id}-d`}>{t('compose.companion.detail')}<input id={`${id}-d`} maxLength={300} value={(at(first, 'description.detail') as string | undefined) ?? ''} onInput={(event) => change('description.detail', event.currentTarget.value)} /></label>
                    <label class="check"><input type="checkbox" checked={first.dangerous ?? false} onChange={(event) => change('dangerous', event.currentTarget.checked || undefined)} />{t('compose.companion.dangerous')}</label>
                </>
            )}
        </div>
    );
}

/* "0032 2 555" and "+32 (2) 555" are the same number. */
export const cleanPhone = (text: string): string => text.replace(/[^\d+]/g, '').replace(/^00/, '+');

/* ---- the starred fields, each also on the last step when it is still missing ---- */

const Informed = (): JSX.Element => <Radios path="police.informed" star choices={[{ value: true, text: t('card.police.yes') }, { value: false, text: t('card.police.no') }]} />;
const Publicity = (): JSX.Element => <Radios path="publicity.level" star choices={['NONE', 'PROFESSIONALS_ONLY', 'PUBLIC'].map((one) => ({ value: one, text: code('PublicityLevel', one), hint: t(`publicity.${one}` as Key) }))} />;
const Category = (): JSX.Element => <Radios path="category" star choices={['RUNAWAY', 'PARENTAL_ABDUCTION', 'CRIMINAL_ABDUCTION', 'MISSING_IN_MIGRATION', 'LOST_INJURED', 'OTHERWISE_MISSING'].map((one) => ({ value: one, text: code('Category', one), hint: t(`category.${one}` as Key) }))} />;
const DutyPhone = (): JSX.Element => <Text path="contact.phone" star type="tel" max={20} clean={cleanPhone} hint="f.contact.phone.hint" />;
const STARRED: Record<string, () => JSX.Element> = {
    'case.child.given_name': () => <Text path="child.given_name" star max={80} />,
    'case.child.age_years': () => <Numeric path="child.age_years" star least={0} most={25} />,
    'case.child.languages': Spoken,
    'case.category': Category,
    'case.last_seen.country': () => <Country path="last_seen.country" star />,
    'case.police.informed': Informed,
    'case.publicity.level': Publicity,
    'case.contact.phone': DutyPhone,
};
export const starred = (path: string): (() => JSX.Element) | undefined => STARRED[path];

const READY: Key[] = ['ready.quote', 'ready.keep.in.sight', 'ready.stay.away'];

/* The countries beside those of the way so far: the way grows as it is clicked. */
const nearTo = (way: string[]): string[] => way.flatMap(neighbours);

export function HappenedFields(): JSX.Element {
    const { body } = useContext(FormContext);
    const own = state.status?.country ?? '';
    const wanted = europe().map((one) => ({ value: one, text: country(one) }));
    return (
        <>
            <Part title="compose.what">
                <Category />
                <Radios path="urgency" choices={['IMMEDIATE', 'EXPECTED', 'ROUTINE'].map((one) => ({ value: one, text: code('Urgency', one), hint: t(`urgency.${one}` as Key) }))} />
                <Text path="why_urgent" max={160} />
            </Part>
            <Part title="compose.seen">
                <div class="grid">
                    <Country path="last_seen.country" star /><Text path="last_seen.place" max={200} /><Coded path="last_seen.hotspot" type="Hotspot" /><When />
                </div>
                <Text path="circumstances" rows={4} max={4000} />
                <div class="grid">
                    <Coded path="intake_channel" type="IntakeChannel" />
                    <Select path="text_language" options={[...languageNames.keys(), 'nl', 'pt', 'el'].map((one) => ({ value: one, text: spoken(one) }))} hint="f.text_language.hint" />
                </div>
            </Part>
            <Part title="compose.way">
                <Several path="likely_countries" choices={wanted} few={nearTo([body.last_seen?.country ?? own, ...(body.likely_countries ?? [])])} />
                <div class="grid">
                    <Coded path="transport.mode" type="TransportMode" /><Text path="transport.detail" />
                    <Coded path="vehicle.kind" type="VehicleKind" /><Coded path="vehicle.colour" type="Colour" /><Text path="vehicle.make" max={80} /><Text path="vehicle.plate" max={20} />
                </div>
                <Companion />
            </Part>
            <Part title="compose.danger">
                <Check path="do_not_approach" danger />
                <Several path="risks" choices={options('Risk')} few={['VERY_YOUNG', 'MEDICAL', 'SELF_HARM', 'VIOLENT_COMPANION', 'TRAFFICKING', 'EXPLOITATION']} />
                <Text path="risk_detail" rows={2} max={500} />
            </Part>
            <Part title="compose.police">
                <Informed />
                <div class="grid"><Text path="police.force" /><Text path="police.reference" max={80} /></div>
                <Text path="police.on_sighting" rows={2} max={500} ready={body.text_language === language() ? READY.map((one) => t(one)) : undefined} />
                <Check path="police.in_sis" /><Check path="police.in_interpol" />
                <Publicity />
                <div class="grid"><Text path="publicity.consent_by" /><Coded path="publicity.child_wish" type="ChildWish" /></div>
            </Part>
            {body.category === 'PARENTAL_ABDUCTION' && (
                <Part title="compose.legal">
                    <Several path="legal.basis" choices={options('LegalBasis')} />
                    <div class="grid">
                        <Country path="legal.custody_country" /><Text path="legal.reference" max={80} />
                        <Day path="legal.removed_on" /><Day path="legal.hague_application_on" /><Day path="legal.hearing_on" /><Day path="legal.travel_ban_until" />
                    </div>
                </Part>
            )}
            <Part title="compose.contact">
                <div class="grid"><DutyPhone /><Text path="contact.opening_hours" /></div>
                <Several path="contact.languages" choices={spokenChoices()} few={[language(), 'en', 'fr']} />
                <Select path="valid_for" options={['24h', '72h', '7d', '14d', '30d'].map((one) => ({ value: one, text: t(`valid.${one}` as Key) }))} />
            </Part>
        </>
    );
}

/* On which of the two steps a field stands. */
export const stepOf = (path: string): number =>
    path.startsWith('case.child') || path.startsWith('case.photos') ? 1 : path.startsWith('case.') ? 2 : path === 'status' ? 4 : 3;

/* What a new alert begins with: what this hotline is and who is on shift here; nothing about the child but the country that called. */
export function blank(phone: string | undefined, country: string | undefined, languages: string[]): CaseBody {
    const contact = { ...(phone && { phone }), ...(languages.length > 0 && { languages }) };
    return { valid_for: '72h', text_language: language(), ...(country && { last_seen: { country } }), ...(Object.keys(contact).length > 0 && { contact }) };
}
