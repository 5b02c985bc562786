/* card - a case as its receiver reads it, in the reader's language: codes in words, free text as written and marked so. */
import type { ComponentChildren, JSX } from 'preact';
import { code, country, inner, list, spoken, tIn } from './i18n';
import type { Key } from './i18n';
import { date, day, ownZone, stamp } from './time';
import type { CaseBody, Person } from './types';
import { Phone, UrgencyMark } from './ui';

export interface Reading {
    body: CaseBody;
    reader: string;
    photo?: (number: number) => string | undefined;
    hideFamily?: boolean;
    status?: string; /* shown on the card itself */
}

const say = (reader: string, key: Key | `valid.${string}`, values: Record<string, string | number> = {}): string => tIn(reader, key, values);

export function personName(child: Person | undefined, family: boolean): string {
    const given = child?.given_name ?? child?.aliases?.[0] ?? '';
    return [given, family && !child?.family_name_hidden ? child?.family_name : ''].filter(Boolean).join(' ');
}

/* Other names that the child answers to or is written with: in another script than the reader's, the only one to read. */
function otherNames(child: Person | undefined): string[] {
    const family = (name: string | undefined): string | undefined => (child?.family_name_hidden ? undefined : name);
    const written = (child?.transliterations ?? []).map((one) => [one.given_name, family(one.family_name)].filter(Boolean).join(' '));
    const first = child?.given_name ?? child?.aliases?.[0];
    return [...written, ...(child?.aliases ?? []).filter((one) => one !== first)].filter(Boolean);
}

export function ageOf(child: Person | undefined, reader: string): string {
    if (child?.age_years !== undefined) return say(reader, 'age', { n: child.age_years });
    if (child?.age_min_years !== undefined && child.age_max_years !== undefined)
        return say(reader, 'age.range', { from: child.age_min_years, n: child.age_max_years });
    return '';
}

/* As it was written, in a language that may not be the reader's. */
function Written({ text, language, reader }: { text: string | undefined; language: string | undefined; reader: string }): JSX.Element | null {
    if (!text) return null;
    const foreign = language !== undefined && language !== '' && !language.startsWith(reader);
    return (
        <>
            <span class="written" lang={language} dir="auto">{text}</span>
            {foreign && <span class="hint"> {say(reader, 'card.as.written', { language: spoken(language, reader) })}</span>}
        </>
    );
}

function Fact({ name, children, class: kind }: { name: string; children: ComponentChildren; class?: string }): JSX.Element | null {
    const parts = Array.isArray(children) ? children : [children];
    if (parts.every((part) => part === '' || part === null || part === undefined || part === false)) return null;
    return <div class={`fact ${kind ?? ''}`}><dt>{name}</dt><dd>{children}</dd></div>;
}

/* Qualities of one thing: with commas in every language that is here, and no "and". */
const words = (parts: (string | undefined | false)[]): string => parts.filter((part): part is string => !!part).join(', ');

export function looks(person: Person | undefined, reader: string): string[] {
    if (!person) return [];
    const { hair } = person;
    return [
        person.sex && inner('Sex', person.sex, reader),
        person.height_cm ? say(reader, 'card.height', { cm: person.height_cm }) : '',
        person.build && inner('Build', person.build, reader),
        hair && say(reader, 'card.hair', {
            what: words([inner('HairColour', hair.colour, reader), inner('HairLength', hair.length, reader), code('HairStyle', hair.style, reader), hair.detail]),
        }),
        person.eyes && say(reader, 'card.eyes', { what: inner('EyeColour', person.eyes, reader) }),
        person.skin_tone && say(reader, 'card.skin', { what: inner('SkinTone', person.skin_tone, reader) }),
        person.glasses && say(reader, 'card.glasses'),
    ].filter((part): part is string => !!part);
}
export function clothes(person: Person | undefined, reader: string): string[] {
    return (person?.clothing ?? []).map((one) => {
        const item = code('ClothingItem', one.item, reader);
        const colours = words([inner('Colour', one.colour, reader), inner('Colour', one.second_colour, reader)]);
        const basic = colours ? say(reader, 'card.coloured', { item, colour: colours }) : item;
        return words([basic, one.detail]);
    });
}
const marks = (person: Person | undefined, reader: string): string[] =>
    (person?.marks ?? []).map((one) => words([code('MarkKind', one.kind, reader), code('BodyPlace', one.place, reader), code('BodySide', one.side, reader), one.detail]));

/* The place's clock and the reader's, each with its name; one line when they are the same. */
export function Times({ at, zone, reader }: { at: string; zone: string; reader: string }): JSX.Element {
    const there = stamp(at, zone, reader);
    const here = stamp(at, ownZone, reader);
    return (
        <span class="times">
            <span><strong>{there}</strong> {say(reader, 'card.time.there', { zone })}</span>
            {(zone !== ownZone || there !== here) && <span><strong>{here}</strong> {say(reader, 'card.time.here', { zone: ownZone })}</span>}
        </span>
    );
}

function LastSeen({ body, reader }: Reading): JSX.Element | null {
    const seen = body.last_seen;
    if (!seen) return null;
    const zone = seen.zone ?? 'UTC';
    return (
        <Fact name={say(reader, 'card.last.seen')} class="fact-main">
            <strong>{seen.place}{seen.place ? ' · ' : ''}{country(seen.country, reader)}</strong>
            {seen.hotspot && <span> · {code('Hotspot', seen.hotspot, reader)}</span>}
            {seen.region && <span> · {seen.region}</span>}
            {seen.at && (
                <Times at={seen.at} zone={zone} reader={reader} />
            )}
        </Fact>
    );
}

function Danger({ body, reader }: Reading): JSX.Element | null {
    const companions = body.companions ?? [];
    const medical = (body.child?.medical_needs ?? []).map((one) =>
        words([code('MedicalCode', one.need, reader), one.within_hours ? say(reader, 'card.within', { n: one.within_hours }) : '', one.detail]));
    const risks = (body.risks ?? []).map((risk) => code('Risk', risk, reader));
    const withWhom = companions.map((one) =>
        words([code('Relation', one.relation, reader), personName(one.description, true), one.dangerous && say(reader, 'card.dangerous'), ...looks(one.description, reader), one.description?.detail]));
    if (!body.do_not_approach && risks.length + medical.length + withWhom.length === 0 && !body.risk_detail) return null;
    return (
        <div class="danger-box">
            {body.do_not_approach && <p class="do-not"><span aria-hidden="true">✖ </span>{say(reader, 'card.do.not.approach')}</p>}
            <dl>
                <Fact name={say(reader, 'card.risks')}>{list(risks, reader)}</Fact>
                <Fact name={say(reader, 'card.medical')}>{list(medical, reader)}</Fact>
                <Fact name={say(reader, 'card.with')}>{withWhom.length > 0 && <ul>{withWhom.map((one) => <li key={one}>{one}</li>)}</ul>}</Fact>
                <Fact name={say(reader, 'card.risk.detail')}>{body.risk_detail && <Written text={body.risk_detail} language={body.text_language} reader={reader} />}</Fact>
            </dl>
        </div>
    );
}

function Police({ body, reader }: Reading): JSX.Element | null {
    const police = body.police;
    if (!police) return null;
    return (
        <>
            <Fact name={say(reader, 'card.police')} class="fact-main">
                {say(reader, police.informed ? 'card.police.yes' : 'card.police.no')}
                {police.force && <span> · {police.force}</span>}
                {police.reference && <span> · <strong>{police.reference}</strong></span>}
                {police.in_sis && <span> · {say(reader, 'card.sis')}</span>}
                {police.in_interpol && <span> · {say(reader, 'card.interpol')}</span>}
                {police.phone && <span> · <Phone number={police.phone} /></span>}
            </Fact>
            <Fact name={say(reader, 'card.on.sighting')} class="fact-main">
                {police.on_sighting && <Written text={police.on_sighting} language={body.text_language} reader={reader} />}
            </Fact>
        </>
    );
}

/* The order is that of the first 60 seconds; a coded case reads the same in every language. */
export function Card(props: Reading): JSX.Element {
    const { body, reader } = props;
    const { child } = body;
    const photos = (body.photos ?? []).map((photo, index) => ({ photo, source: props.photo?.(index + 1) ?? (photo.thumbnail ? `data:image/jpeg;base64,${photo.thumbnail}` : undefined) }));
    return (
        <article class={`case-card ${props.status === 'EXERCISE' ? 'card-exercise' : ''}`} lang={reader}>
            {props.status && <p><span class={`mark ${props.status === 'EXERCISE' ? 'mark-exercise' : 'mark-live'}`}>{say(reader, props.status === 'EXERCISE' ? 'incoming.exercise' : 'live.word')}</span></p>}
            <div class="card-top">
                {photos.map(({ photo, source }, index) => source && (
                    <figure key={index}>
                        <img src={source} alt={say(reader, 'card.photo', { name: personName(child, false) })} />
                        {(photo.taken_on || photo.looks_different_now) && (
                            <figcaption>{photo.taken_on && say(reader, 'card.photo.taken', { date: day(photo.taken_on, reader) })} {photo.looks_different_now && <strong>{say(reader, 'card.photo.different')}</strong>}</figcaption>
                        )}
                    </figure>
                ))}
                <div class="who">
                    <p class="child-name" dir="auto">{personName(child, !props.hideFamily)}</p>
                    {otherNames(child).length > 0 && <p class="big" dir="auto">{say(reader, 'card.also', { names: list(otherNames(child), reader) })}</p>}
                    <p class="big">{words([ageOf(child, reader), child?.birth_date && say(reader, 'card.born', { date: date(child.birth_date, reader) }), child?.sex && inner('Sex', child.sex, reader)])}</p>
                    {(child?.languages ?? []).length > 0 && <p>{say(reader, 'card.speaks', { languages: list(child!.languages!.map((one) => spoken(one, reader)), reader) })}</p>}
                    <p><strong>{code('Category', body.category, reader)}</strong></p>
                    <p><UrgencyMarkIn urgency={body.urgency} reader={reader} /> {body.why_urgent && <Written text={body.why_urgent} language={body.text_language} reader={reader} />}</p>
                </div>
            </div>
            <dl class="facts"><LastSeen {...props} /></dl>
            <Danger {...props} />
            <dl class="facts">
                <Police {...props} />
                <Fact name={say(reader, 'card.looks')}>{list(looks(child, reader).slice(child?.sex ? 1 : 0), reader)}</Fact>
                <Fact name={say(reader, 'card.wears')}>{clothes(child, reader).length > 0 && <ul>{clothes(child, reader).map((one) => <li key={one}>{one}</li>)}</ul>}</Fact>
                <Fact name={say(reader, 'card.marks')}>{marks(child, reader).length > 0 && <ul>{marks(child, reader).map((one) => <li key={one}>{one}</li>)}</ul>}</Fact>
                <Fact name={say(reader, 'card.nationality')}>{list((child?.nationalities ?? []).map((one) => country(one, reader)), reader)}</Fact>
                <Fact name={say(reader, 'card.heading')}>{words([...(body.likely_countries ?? []).map((one) => country(one, reader)), body.corridor && code('Corridor', body.corridor, reader)])}</Fact>
                <Fact name={say(reader, 'card.transport')}>{words([code('TransportMode', body.transport?.mode, reader), body.transport?.detail, code('VehicleKind', body.vehicle?.kind, reader), inner('Colour', body.vehicle?.colour, reader), body.vehicle?.make, body.vehicle?.plate, body.vehicle?.plate_country && country(body.vehicle.plate_country, reader), body.vehicle?.detail])}</Fact>
                <Fact name={say(reader, 'card.circumstances')}>{body.circumstances && <Written text={body.circumstances} language={body.text_language} reader={reader} />}</Fact>
                <Fact name={say(reader, 'card.detail')}>{child?.detail && <Written text={child.detail} language={body.text_language} reader={reader} />}</Fact>
                <Fact name={say(reader, 'card.legal')}>{words([...(body.legal?.basis ?? []).map((one) => code('LegalBasis', one, reader)), body.legal?.custody_country && country(body.legal.custody_country, reader), body.legal?.reference])}</Fact>
                <Fact name={say(reader, 'card.publicity')} class="fact-main">{code('PublicityLevel', body.publicity?.level, reader)}</Fact>
                <Fact name={say(reader, 'card.valid')}>{body.valid_until ? stamp(body.valid_until, undefined, reader) : body.valid_for && say(reader, `valid.${body.valid_for}`)}</Fact>
                <Fact name={say(reader, 'card.contact')} class="fact-main">
                    <Phone number={body.contact?.phone} />
                    {body.contact?.languages && <span> · {list(body.contact.languages.map((one) => spoken(one, reader)), reader)}</span>}
                    {body.contact?.opening_hours && <span> · {body.contact.opening_hours}</span>}
                </Fact>
            </dl>
        </article>
    );
}

function UrgencyMarkIn({ urgency, reader }: { urgency: string | undefined; reader: string }): JSX.Element | null {
    if (!urgency) return null;
    return reader === document.documentElement.lang ? <UrgencyMark urgency={urgency} /> : <span class={`mark urgency-${urgency}`}>{code('Urgency', urgency, reader)}</span>;
}
