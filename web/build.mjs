/*
 * Builds the console into a folder: index.html, and under assets/ files whose names carry a hash of their content.
 * usage: node build.mjs [FOLDER]      (default ../build/web). Nothing is fetched; sources are web/src and web/locales.
 */
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(here, '../build/web'));
const assets = path.join(out, 'assets');

const hashed = (name, ext, bytes) => `${name}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.${ext}`;

async function keep(name, ext, bytes) {
    const file = hashed(name, ext, bytes);
    await writeFile(path.join(assets, file), bytes);
    return `/assets/${file}`;
}

async function locales() {
    const urls = {};
    for (const file of (await readdir(path.join(here, 'locales'))).sort()) {
        const language = path.basename(file, '.json');
        const texts = JSON.parse(await readFile(path.join(here, 'locales', file), 'utf8'));
        urls[language] = await keep(language, 'json', Buffer.from(JSON.stringify(texts)));
    }
    return urls;
}

/* The network's own table of neighbours: the console knows no other. */
async function neighbours() {
    const beside = {};
    for (const line of (await readFile(path.join(here, '../config/country/borders.txt'), 'utf8')).split('\n')) {
        const [, from, to] = /^(?:land|sea) (\w\w): ([A-Z ]+)/.exec(line) ?? [];
        for (const other of to?.trim().split(' ') ?? []) {
            (beside[from] ??= new Set()).add(other);
            (beside[other] ??= new Set()).add(from);
        }
    }
    return Object.fromEntries(Object.entries(beside).sort().map(([code, set]) => [code, [...set].sort().join(' ')]));
}

async function bundle(entry, define) {
    const result = await build({
        entryPoints: [path.join(here, 'src', entry)],
        bundle: true, minify: true, write: false, format: 'esm', target: 'es2022', charset: 'utf8', legalComments: 'none',
        jsx: 'automatic', jsxImportSource: 'preact', outdir: assets, define, logLevel: 'warning',
    });
    return result.outputFiles[0].contents;
}

await rm(out, { recursive: true, force: true });
await mkdir(assets, { recursive: true });
const icon = await keep('icon', 'svg', await readFile(path.join(here, 'src/icon.svg')));
const style = await keep('console', 'css', await bundle('style/main.css', {}));
const script = await keep('console', 'js', await bundle('main.tsx', {
    LOCALE_URLS: JSON.stringify(await locales()),
    NEIGHBOURS_OF_EUROPE: JSON.stringify(await neighbours()),
}));
const page = await readFile(path.join(here, 'src/index.html'), 'utf8');
const filled = page.replace('{icon}', icon).replace('{style}', style).replace('{script}', script);
await writeFile(path.join(out, 'index.html'), filled);
