/*
 * What the browser tests share: Debian's Chromium, a logged-in console of a member, waiting for what a person would see,
 * and checks that are counted. The network is real and runs beside them: tests/web/run.sh starts it. Nothing sleeps:
 * each wait is for something to be seen, with a deadline that a busy machine meets.
 */
import { chromium } from 'playwright-core';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

export const network = JSON.parse(process.env.NETWORK ?? '{}');
export const quick = Boolean(process.env.QUICK);
export const PASSWORD = 'lighthouse-keeper-2026';
export const WAIT_MS = Number(process.env.WAIT_MS ?? 60_000);

/* ---- checks ---- */

let failed = 0;
let chained = false;
/* What follows makes no sense without what came before: the first failure ends the test. */
export const chain = () => (chained = true);

async function pictureOf(failure) {
    if (!process.env.KEEP) return;
    for (const [number, page] of pages.entries())
        await page.screenshot({ path: `${process.env.KEEP}/fail-${failure}-${number}.png`, timeout: 5000 }).catch(() => {});
}
export async function check(name, act) {
    try {
        await act();
        console.log(`ok ${name}`);
    } catch (error) {
        failed++;
        console.log(`FAIL ${name}: ${String(error?.message ?? error).split('\n').slice(0, 3).join(' ')}`);
        await pictureOf(failed);
        if (chained) await end();
    }
}
export function must(truth, what) {
    if (!truth) throw new Error(what);
}
export async function until(what, truth) {
    const over = Date.now() + WAIT_MS;
    for (;;) {
        if (await truth()) return;
        if (Date.now() > over) throw new Error(`not in time: ${what}`);
        await new Promise((done) => setTimeout(done, 50));
    }
}
export function median(numbers) {
    const sorted = [...numbers].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
}

/* ---- browsers ---- */

export const launchOptions = {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--lang=en-GB', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--autoplay-policy=document-user-activation-required',
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
};
export const browser = await chromium.launch(launchOptions);
const children = [];
const pages = [];
const foreign = []; /* requests to any other host: there must be none */
let requests = 0;

async function end() {
    await browser.close();
    for (const child of children) child.kill();
    process.exit(failed === 0 ? 0 : 1);
}
/* The last two checks of every test, and its end. */
export async function finish() {
    chained = false;
    await check('no other host was ever asked', async () => {
        must(requests > 0, 'no request was seen at all');
        must(foreign.length === 0, foreign.join(' '));
    });
    await check('nothing broke a rule of the page', async () => {
        const complaints = pages.flatMap((page) => page.complaints);
        must(complaints.length === 0, complaints.join('; '));
    });
    await end();
}

/* A tone that is asked of the audio hardware is written down, with the state of its clock. */
function listenToTones() {
    window.tones = [];
    const unasked = new AudioContext(); /* before any gesture: the browser's own rule must hold it back */
    window.unasked = unasked.state;
    void unasked.close();
    const start = AudioBufferSourceNode.prototype.start;
    AudioBufferSourceNode.prototype.start = function (...when) {
        const samples = this.buffer?.getChannelData(0) ?? [];
        let loudest = 0;
        for (let i = 0; i < samples.length; i += 7) loudest = Math.max(loudest, Math.abs(samples[i]));
        window.tones.push({ at: Date.now(), loop: this.loop, seconds: this.buffer?.duration, state: this.context.state, loudest });
        return start.apply(this, when);
    };
}

export function watch(made, member) {
    const own = `http://127.0.0.1:${network.console[member]}`;
    made.setDefaultTimeout(WAIT_MS);
    made.on('request', (request) => {
        requests++;
        if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== own) foreign.push(request.url());
    });
}
export async function context(member, options = {}) {
    const made = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', timezoneId: 'Europe/Rome', ...options });
    await made.addInitScript(listenToTones);
    watch(made, member);
    return made;
}
export async function tab(made, member) {
    const page = await made.newPage();
    pages.push(page);
    page.complaints = [];
    page.on('pageerror', (error) => page.complaints.push(error.message));
    page.on('console', (said) => /Content Security Policy|Trusted/.test(said.text()) && page.complaints.push(said.text()));
    page.on('dialog', (dialog) => dialog.accept());
    page.home = `http://127.0.0.1:${network.console[member]}/`;
    await page.goto(page.home);
    return page;
}
export const console_ = async (member, options = {}) => tab(await context(member, options), member);

/* ---- what a person does ---- */

export async function logIn(page, user) {
    await page.locator('input[autocomplete=username]').fill(user);
    await page.locator('input[type=password]').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.locator('header.top, main.incoming').first().waitFor();
}
export async function screen(page, hash) {
    await page.goto(`${page.home}#/${hash}`);
    await page.locator('h1').first().waitFor();
}
export async function arm(page) {
    await screen(page, 'shift');
    await page.getByRole('button', { name: 'Play the alarm' }).click();
    await page.getByRole('button', { name: 'Yes, I heard it' }).click();
    await page.getByRole('button', { name: 'Arm', exact: true }).click();
    await page.locator('.state.armed').waitFor();
    await page.waitForURL(/#\/inbox$/); /* where arming leads: not to be overtaken by it later */
}
export const tones = (page) => page.evaluate(() => window.tones);
export const alarm = (page) => page.evaluate(() => document.documentElement.dataset.alarm ?? '');
export const sounds = (page, tone) => until(`the tone "${tone}"`, async () => (await alarm(page)) === tone);
export const saved = (page) => page.getByText('Everything is saved').waitFor();

/* The alert of the journeys; nothing of it is real. It ends on the fourth step. */
export async function compose(page, { name, circumstances = 'Did not come home from school.', status, publicity = /Professionals only/, category = /Runaway/ }) {
    await screen(page, 'compose');
    await page.getByRole('button', { name: 'Begin a new alert' }).click();
    await page.getByLabel(/Given name or alias/).fill(name);
    await page.getByLabel(/Age in years/).fill('9');
    await page.getByRole('checkbox', { name: 'French' }).check();
    await page.getByRole('link', { name: /Next/ }).click();
    await page.getByRole('radio', { name: category }).check();
    await page.getByRole('radio', { name: /Immediate/ }).check();
    await page.getByLabel(/^Country/).first().selectOption('GR');
    await page.getByLabel('Place', { exact: true }).fill('Patras, ferry port');
    await page.getByLabel('What happened', { exact: true }).fill(circumstances);
    await page.getByRole('radio', { name: 'informed', exact: true }).check();
    await page.getByRole('radio', { name: publicity }).check();
    await page.getByRole('link', { name: /Next/ }).click();
    await page.getByRole('checkbox', { name: /Italy/ }).check();
    await page.getByRole('link', { name: /Next/ }).click();
    if (status) await page.getByRole('radio', { name: status === 'EXERCISE' ? /EXERCISE/ : /LIVE/ }).check();
    await saved(page);
    await page.getByRole('heading', { name: /hotlines? gets? it/ }).first().waitFor();
}
export async function send(page, name) {
    await page.getByLabel(/first name/).fill(name);
    await page.getByRole('button', { name: /Send$/ }).click();
}

/* ---- the node's API, as the page's own user ---- */

/* A POST, PUT or GET from within the page, with its session: {status, problem or body}. */
export const api = (page, method, path, { body, headers = {} } = {}) =>
    page.evaluate(async ([method, path, body, headers]) => {
        const session = await (await fetch('/v1/session')).json();
        const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
        const write = method === 'GET' ? {} : { 'X-CSRF-Token': session.csrf, 'Idempotency-Key': key, 'Content-Type': 'application/json' };
        const answer = await fetch(path, { method, headers: { ...write, ...headers }, body: body === undefined ? undefined : JSON.stringify(body) });
        const text = await answer.text();
        return { status: answer.status, etag: answer.headers.get('ETag'), body: text === '' ? undefined : JSON.parse(text) };
    }, [method, path, body, headers]);

/* ---- the network's processes ---- */

export const kill = (name) => process.kill(network.pid[name], 'SIGKILL');
export function start(kind, name) {
    const child = spawn(`${network.bin}/hotline-${kind}`, ['--config', `${name}.yaml`], { cwd: network.work, stdio: 'ignore' });
    children.push(child);
    network.pid[name] = child.pid;
}
