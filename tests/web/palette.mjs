/*
 * A screenshot with at most 256 colours: a third of the bytes, and the eye sees the same. The colours of the surfaces are
 * kept exactly; those between them (edges of letters, photos) go to the nearest that is kept.
 */
import { deflateSync, inflateSync } from 'node:zlib';

const COLOURS = 256;
const EXACT = 96;

function chunks(png) {
    const all = [];
    for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
        all.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + png.readUInt32BE(at)) });
    return all;
}
function paeth(a, b, c) {
    const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}
/* Rows of bytes as they were before they were filtered. */
function unfiltered(data, width, height, step) {
    const row = width * step, out = Buffer.alloc(row * height);
    for (let y = 0; y < height; y++) {
        const kind = data[y * (row + 1)];
        for (let x = 0; x < row; x++) {
            const a = x < step ? 0 : out[y * row + x - step], b = y === 0 ? 0 : out[(y - 1) * row + x];
            const c = x < step || y === 0 ? 0 : out[(y - 1) * row + x - step];
            const guess = [0, a, b, (a + b) >> 1, paeth(a, b, c)][kind];
            out[y * row + x] = data[y * (row + 1) + 1 + x] + guess;
        }
    }
    return out;
}
const most = (counts, n) => [...counts].sort((one, other) => other[1] - one[1]).slice(0, n).map(([colour]) => colour);

function paletteOf(counts) {
    const kept = most(counts, EXACT);
    const cells = new Map(); /* the others, by their upper bits: the most frequent of each cell stands for it */
    for (const [colour, n] of counts) {
        if (kept.includes(colour)) continue;
        const cell = colour & 0xf8f8f8, had = cells.get(cell) ?? { n: 0, best: 0, colour };
        cells.set(cell, { n: had.n + n, best: Math.max(had.best, n), colour: n > had.best ? colour : had.colour });
    }
    const more = [...cells.values()].sort((one, other) => other.n - one.n).slice(0, COLOURS - kept.length);
    return [...kept, ...more.map((one) => one.colour)];
}
function nearest(palette, colour) {
    let best = 0, least = Infinity;
    for (const [index, one] of palette.entries()) {
        const [r, g, b] = [16, 8, 0].map((shift) => ((one >> shift) & 255) - ((colour >> shift) & 255));
        const far = 2 * r * r + 4 * g * g + 3 * b * b;
        if (far < least) [best, least] = [index, far];
    }
    return best;
}

const table = Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n >>> 0;
});
function chunk(type, data) {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]), out = Buffer.alloc(body.length + 8);
    let sum = 0xffffffff;
    for (const byte of body) sum = table[(sum ^ byte) & 255] ^ (sum >>> 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE((sum ^ 0xffffffff) >>> 0, body.length + 4);
    return out;
}

/* From the PNG of a screenshot (8 bits a channel, with or without alpha) to one with a palette. */
export function withPalette(png) {
    const parts = chunks(png), head = parts[0].data;
    const [width, height, step] = [head.readUInt32BE(0), head.readUInt32BE(4), head[9] === 6 ? 4 : 3];
    const pixels = unfiltered(inflateSync(Buffer.concat(parts.filter((one) => one.type === 'IDAT').map((one) => one.data))), width, height, step);
    const at = (n) => (pixels[n * step] << 16) | (pixels[n * step + 1] << 8) | pixels[n * step + 2];
    const counts = new Map();
    for (let n = 0; n < width * height; n++) counts.set(at(n), (counts.get(at(n)) ?? 0) + 1);
    const palette = paletteOf(counts), indexOf = new Map();
    for (const colour of counts.keys()) indexOf.set(colour, nearest(palette, colour));
    const rows = Buffer.alloc((width + 1) * height);
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = indexOf.get(at(y * width + x));
    const newHead = Buffer.from(head);
    newHead[9] = 3;
    const colours = Buffer.from(palette.flatMap((one) => [one >> 16, (one >> 8) & 255, one & 255]));
    return Buffer.concat([png.subarray(0, 8), chunk('IHDR', newHead), chunk('PLTE', colours), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0))]);
}
