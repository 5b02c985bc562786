/*
 * What the browser tests share: Debian's Chromium, a logged-in console of a member, waiting for what a person would see,
 * and checks that are counted. The network is real and runs beside them: tests/web/run.sh starts it.
 */
import { chromium } from 'playwright-core';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

export const network = JSON.parse(process.env.NETWORK ?? '{}');
export const PASSWORD = 'lighthouse-keeper-2026';
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WAIT_MS = 20_000;

let failed = 0;
export async function check(name, act) {
    try {
        await act();
        console.log(`ok ${name}`);
    } catch (error) {
        failed++;
        console.log(`FAIL ${name}: ${String(error?.message ?? error).split('\n').slice(0, 3).join(' ')}`);
        if (process.env.KEEP) for (const page of pages) await page.screenshot({ path: `${process.env.KEEP}/fail-${failed}-${pages.indexOf(page)}.png` }).catch(() => {});
    }
}
export function must(truth, what) {
    if (!truth) throw new Error(what);
}

export const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync'],
});
const children = [];
const pages = [];
export async function finish() {
    await browser.close();
    for (const child of children) child.kill();
    process.exit(failed === 0 ? 0 : 1);
}

/* A tone that is asked of the audio hardware is written down, with the state of its clock. */
function listenToTones() {
    window.tones = [];
    const start = AudioBufferSourceNode.prototype.start;
    AudioBufferSourceNode.prototype.start = function (...when) {
        window.tones.push({ at: Date.now(), loop: this.loop, seconds: this.buffer?.duration, state: this.context.state });
        return start.apply(this, when);
    };
}

export const foreign = []; /* requests to any other host: there must be none */
export async function context(member, options = {}) {
    const made = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', timezoneId: 'Europe/Rome', ...options });
    made.setDefaultTimeout(WAIT_MS);
    await made.addInitScript(listenToTones);
    const own = `http://127.0.0.1:${network.console[member]}`;
    made.on('request', (request) => {
        if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== own) foreign.push(request.url());
    });
    return made;
}
export async function console_(member, options = {}, made = undefined) {
    const page = await (made ?? await context(member, options)).newPage();
    pages.push(page);
    page.complaints = [];
    page.on('pageerror', (error) => page.complaints.push(error.message));
    page.on('console', (said) => /Content Security Policy|TrustedHTML/.test(said.text()) && page.complaints.push(said.text()));
    page.on('dialog', (dialog) => dialog.accept());
    page.home = `http://127.0.0.1:${network.console[member]}/`;
    await page.goto(page.home);
    return page;
}
export async function logIn(page, user = 'paola') {
    await page.locator('input[autocomplete=username]').fill(user);
    await page.locator('input[type=password]').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.locator('header.top').waitFor();
}
export async function arm(page) {
    await page.goto(`${page.home}#/shift`);
    await page.getByRole('button', { name: 'Play the alarm' }).click();
    await page.getByRole('button', { name: 'Yes, I heard it' }).click();
    await page.getByRole('button', { name: 'Arm', exact: true }).click();
    await page.locator('.state.armed').waitFor();
}
export const tones = (page) => page.evaluate(() => window.tones);
export const alarm = (page) => page.evaluate(() => document.documentElement.dataset.alarm ?? '');
export async function until(what, truth) {
    const end = Date.now() + WAIT_MS;
    for (;;) {
        if (await truth()) return;
        if (Date.now() > end) throw new Error(`not in time: ${what}`);
        await new Promise((done) => setTimeout(done, 50));
    }
}

export async function axe(page) {
    await page.evaluate(axeSource);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    must(violations.length === 0, violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(' ; ')}`).join(' | '));
}

/* The alert of the sample journey; nothing of it is real. */
export async function compose(page, { name, circumstances = '', status }) {
    await page.goto(`${page.home}#/compose`);
    await page.getByRole('button', { name: 'Begin a new alert' }).click();
    await page.getByLabel(/Given name or alias/).fill(name);
    await page.getByLabel(/Age in years/).fill('9');
    await page.getByRole('checkbox', { name: 'French' }).check();
    await page.getByRole('link', { name: /Next/ }).click();
    await page.getByRole('radio', { name: /Runaway/ }).check();
    await page.getByRole('radio', { name: /Immediate/ }).check();
    await page.getByLabel(/^Country/).selectOption('GR');
    await page.getByLabel('Place', { exact: true }).fill('Patras, ferry port');
    await page.getByLabel('What happened', { exact: true }).fill(circumstances);
    await page.getByRole('radio', { name: 'informed', exact: true }).check();
    await page.getByRole('radio', { name: /Professionals only/ }).check();
    await page.getByRole('link', { name: /Next/ }).click();
    await page.getByRole('checkbox', { name: /Italy/ }).check();
    await page.getByRole('link', { name: /Next/ }).click();
    if (status) await page.getByRole('radio', { name: status === 'EXERCISE' ? /EXERCISE/ : /LIVE/ }).check();
}
export async function send(page, name) {
    await page.getByLabel(/first name/).fill(name);
    await page.getByRole('button', { name: /Send$/ }).click();
}

/* ---- the network's processes ---- */

export const kill = (name) => process.kill(network.pid[name], 'SIGKILL');
export function start(kind, name) {
    const child = spawn(`${network.bin}/hotline-${kind}`, ['--config', `${name}.yaml`], { cwd: network.work, stdio: 'ignore' });
    children.push(child);
    network.pid[name] = child.pid;
}
