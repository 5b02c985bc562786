/*
 * compose_to - who to alert. The list of checkboxes is what counts; the map is a view of it, tile by tile. Nothing is
 * chosen beforehand, and everybody at once needs a reason.
 */
import type { JSX } from 'preact';
import { columns, neighbours, rows, tiles } from '../europe';
import { country, list, spoken, t } from '../i18n';
import { useStore } from '../store';
import type { CaseBody, Member } from '../types';

interface Place {
    code: string;
    members: Member[];
    online: number;
    armed: number;
    languages: string[];
}

export function places(members: Member[]): Place[] {
    const byCountry = new Map<string, Member[]>();
    for (const one of members) {
        if (one.self || one.role !== 'HOTLINE' || one.standing !== 'ACTIVE') continue;
        byCountry.set(one.country, [...(byCountry.get(one.country) ?? []), one]);
    }
    return [...byCountry].map(([code, here]) => ({
        code, members: here, online: here.filter((one) => one.connected).length, armed: here.reduce((sum, one) => sum + (one.armed_consoles ?? (one.armed ? 1 : 0)), 0),
        languages: [...new Set(here.flatMap((one) => one.duty_languages ?? []))],
    })).sort((a, b) => country(a.code).localeCompare(country(b.code)));
}

const SIZE = 44;

function Map_({ known, chosen, toggle, own }: { known: Place[]; chosen: string[]; toggle: (code: string) => void; own: string }): JSX.Element {
    const byCode = new Map(known.map((one) => [one.code, one]));
    return (
        <svg class="map" viewBox={`0 0 ${columns * SIZE} ${rows * SIZE}`} aria-hidden="true" focusable="false">
            {tiles.map(({ country: code, column, row }) => {
                const place = byCode.get(code);
                const state = chosen.includes(code) ? 'tile-chosen' : place ? (place.armed ? 'tile-armed' : place.online ? 'tile-online' : 'tile-away') : 'tile-none';
                return (
                    <g key={code} class={`tile ${state} ${code === own ? 'tile-own' : ''}`} onClick={() => place && toggle(code)}>
                        <title>{country(code)}</title>
                        <rect x={column * SIZE + 2} y={row * SIZE + 2} width={SIZE - 4} height={SIZE - 4} rx="5" />
                        <text x={column * SIZE + SIZE / 2} y={row * SIZE + SIZE / 2 + 5}>{code}</text>
                        {chosen.includes(code) && <text class="tick" x={column * SIZE + SIZE - 9} y={row * SIZE + 15}>✓</text>}
                    </g>
                );
            })}
        </svg>
    );
}

function PlaceRow({ place, chosen, toggle }: { place: Place; chosen: boolean; toggle: () => void }): JSX.Element {
    const mark = place.armed ? 'presence.armed' : place.online ? 'presence.online' : 'presence.away';
    return (
        <li>
            <label class="check place">
                <input type="checkbox" checked={chosen} onChange={toggle} />
                <span>
                    <strong>{country(place.code)}</strong> <span class={`mark presence-${place.armed ? 'armed' : place.online ? 'online' : 'away'}`}>{place.armed ? t('to.armed', { n: place.armed }) : t(mark)}</span>
                    <span class="hint block">
                        {place.members.map((one) => one.name).join(', ')} · <span class="good">✓ {t('to.accredited')}</span>
                        {place.languages.length > 0 && ` · ${t('to.on.duty', { languages: list(place.languages.map((one) => spoken(one))) })}`}
                    </span>
                </span>
            </label>
        </li>
    );
}

interface Props {
    body: CaseBody;
    to: string[];
    restricted: boolean;
    reason: string;
    change: (part: { to?: string[]; restricted?: boolean; reason?: string }) => void;
}

export const everybody = (to: string[], known: Place[]): boolean => known.length > 3 && known.every((one) => to.includes(one.code));

export function ToFields({ body, to, restricted, reason, change }: Props): JSX.Element {
    const { members, status } = useStore();
    const known = places(members);
    const codes = new Set(known.map((one) => one.code));
    const own = status?.country ?? '';
    const toggle = (code: string): void => change({ to: to.includes(code) ? to.filter((one) => one !== code) : [...to, code] });
    const add = (more: string[]): void => change({ to: [...new Set([...to, ...more.filter((one) => codes.has(one))])] });
    const seen = body.last_seen?.country;
    const route = [...(seen && seen !== own ? [seen] : []), ...(body.likely_countries ?? [])];
    const unreachable = to.filter((one) => !codes.has(one));
    return (
        <>
            <p>{t('to.text')}</p>
            <div class="row" role="group" aria-label={t('to.presets')}>
                <button type="button" onClick={() => add(neighbours(own))}>{t('to.neighbours', { country: country(own) })}</button>
                <button type="button" disabled={route.length === 0} onClick={() => add(route)}>{t('to.route')}</button>
                {route.length === 0 && <span class="hint">{t('to.route.none')}</span>}
                <button type="button" class="quiet" disabled={to.length === 0} onClick={() => change({ to: [] })}>{t('to.none')}</button>
            </div>
            <div class="to">
                <fieldset data-path="to">
                    <legend>{t('to.countries')} <span class="count">{to.length}</span></legend>
                    <ul class="places">{known.map((place) => <PlaceRow key={place.code} place={place} chosen={to.includes(place.code)} toggle={() => toggle(place.code)} />)}</ul>
                    {unreachable.map((code) => <p key={code} class="trouble">{t('to.unreachable', { country: country(code) })} <button type="button" class="quiet" onClick={() => toggle(code)}>{t('remove')}</button></p>)}
                </fieldset>
                <div>
                    <Map_ known={known} chosen={to} toggle={toggle} own={own} />
                    <p class="hint">{t('to.map')}</p>
                </div>
            </div>
            {everybody(to, known) && (
                <label>{t('to.everybody')}<input required maxLength={200} value={reason} onInput={(event) => change({ reason: event.currentTarget.value })} /></label>
            )}
            <label class="check"><input type="checkbox" checked={restricted} onChange={(event) => change({ restricted: event.currentTarget.checked })} /><span>{t('to.restricted')}<span class="hint block">{t('to.restricted.hint')}</span></span></label>
        </>
    );
}
