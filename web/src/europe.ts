/* europe - where each country stands on the schematic map, and who is beside whom (config/country/borders.txt). */
import { country } from './i18n';

/* One word a row of tiles; two dots: no tile. */
const ROWS = [
    'IS .. .. .. NO SE FI .. ..',
    'IE GB .. .. DK .. EE RU ..',
    '.. .. .. NL DE PL LV BY ..',
    '.. .. BE LU CZ SK LT UA ..',
    '.. FR LI CH AT HU RO MD GE',
    'PT ES MC IT SI HR RS BG AM',
    'GI AD SM VA BA ME XK MK TR',
    '.. .. MT .. .. AL GR CY ..',
];
export interface Tile {
    country: string;
    column: number;
    row: number;
}
export const tiles: Tile[] = ROWS.flatMap((row, y) =>
    row.split(' ').flatMap((code, x) => (code === '..' ? [] : [{ country: code, column: x, row: y }])));
export const columns = 9;
export const rows = ROWS.length;
const known = new Set(tiles.map((tile) => tile.country));
export const onMap = (code: string): boolean => known.has(code);

/* For lists to choose from, in the reader's order. */
export const europe = (): string[] => [...known].sort((a, b) => country(a).localeCompare(country(b)));

/* By land, and by the short crossings on which children have been taken: written in by the build from that table. */
declare const NEIGHBOURS_OF_EUROPE: Record<string, string>;
export const neighbours = (code: string): string[] => (NEIGHBOURS_OF_EUROPE[code] ?? '').split(' ').filter(Boolean);
