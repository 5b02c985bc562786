/*
 * Every screen: no finding of axe, in three languages, light and dark; no sideways scrolling at 400 % zoom (320 CSS
 * pixels); borders that forced colours keep; nothing that moves when less motion is wished.
 */
import { readFileSync } from 'node:fs';
import * as web from './lib.mjs';
import { check, must } from './lib.mjs';
import { findings, STANDARD } from './axe.mjs';

const loading = ['en', 'de', 'hu'].map((one) => JSON.parse(readFileSync(new URL(`../../web/locales/${one}.json`, import.meta.url), 'utf8')).loading);
/* All rules in light; dark has other colours and nothing else. */
async function axe(page, name) {
    for (const scheme of ['light', 'dark']) {
        await check(`${name}, ${scheme}: axe`, async () => {
            await page.emulateMedia({ colorScheme: scheme });
            const found = await findings(page, scheme === 'light' ? { runOnly: STANDARD } : { runOnly: { type: 'rule', values: ['color-contrast'] } });
            must(found.length === 0, found.join(' | '));
        });
    }
    await page.emulateMedia({ colorScheme: 'light' });
}
async function see(page, screen) {
    await web.screen(page, screen);
    await web.until(`the lists of ${screen}`, async () => {
        const text = await page.locator('main').textContent();
        return !loading.some((one) => text.includes(one));
    });
}
async function narrow(page, name) {
    const size = page.viewportSize();
    await page.setViewportSize({ width: 320, height: 256 });
    await check(`${name} at 400 %: no sideways scrolling`, async () => {
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        must(wide <= 320, `${wide} pixels wide`);
    });
    await page.setViewportSize(size);
}

/* ---- what there is to be seen: a draft, an open case with answers, a closed one, an exercise ---- */

const greece = await web.console_('gr-faros');
const italy = await web.console_('it-lanterna');
await greece.locator('h1').waitFor();
await axe(greece, 'login in en');
await narrow(greece, 'login');
await web.logIn(greece, 'eleni');
await web.logIn(italy, 'paola');
await web.arm(italy);
await web.compose(greece, { name: 'Ilir', status: 'ACTUAL', publicity: /May be published/ });
await web.send(greece, 'Ilir');
await axe(greece, 'the five seconds in en');
await greece.locator('.ladder').waitFor();
const open = greece.url().split('#/case/')[1];
await italy.locator('.incoming-live .case-card').waitFor();
await axe(italy, 'incoming in en');
await narrow(italy, 'incoming');
await italy.locator('.answers button').first().click();
await web.api(italy, 'POST', `/v1/cases/${open.replace('/', ':')}/replies`, { body: { kind: 'QUESTION', text: 'Which coat?', text_language: 'en' } });
await greece.getByText('Which coat?').waitFor();
await web.compose(greece, { name: 'Mira', status: 'EXERCISE' });
const draft = new URL(greece.url()).hash.split('/')[2];
const exercise = (await web.api(greece, 'POST', `/v1/drafts/${draft}/publish`, { body: { status: 'EXERCISE', confirm: 'Mira' },
    headers: { 'If-Match': (await web.api(greece, 'GET', `/v1/drafts/${draft}`)).etag } })).body;
await italy.locator('.incoming-exercise .case-card').waitFor();
await axe(italy, 'incoming exercise in en');
await narrow(italy, 'incoming exercise');
await italy.locator('.answers button').first().click();
await italy.locator('header.top').waitFor();
await web.compose(greece, { name: 'Toma' });
const kept = new URL(greece.url()).hash.split('/')[2];

/* ---- each of them ---- */

const own = ['shift', 'inbox', 'compose', `compose/${kept}/1`, `compose/${kept}/2`, `compose/${kept}/3`, `compose/${kept}/4`, 'drills', 'archive', 'phones', 'help', 'notes', 'figures', 'referrals',
    'settings/health', 'settings/rules', 'settings/password', 'settings/countries', 'settings/audit', `case/${open}`, `case/${exercise.member}/${exercise.reference}`, `update/${open}`, `poster/${open}`];
const shortName = (screen) => screen.replace(kept, 'draft').replace(open, 'open').replace(`${exercise.member}/${exercise.reference}`, 'exercise');

for (const language of web.quick ? ['de'] : ['en', 'de', 'hu']) {
    const here = await web.console_('gr-faros', { locale: language, storageState: { cookies: (await greece.context().storageState()).cookies, origins: [] } });
    await here.locator('header.top').waitFor();
    for (const screen of own) {
        await see(here, screen);
        await axe(here, `${shortName(screen)} in ${language}`);
        if (language === 'de') await narrow(here, shortName(screen)); /* the longest words */
    }
    await here.context().close();
}

/* ---- the settings of who looks after the machines ---- */

const giorgos = await web.console_('gr-faros');
await web.logIn(giorgos, 'giorgos');
for (const part of ['users', 'tokens', 'webhooks']) {
    await see(giorgos, `settings/${part}`);
    await axe(giorgos, `settings/${part} in en`);
    await narrow(giorgos, `settings/${part}`);
}

/* ---- what opens on a screen ---- */

await see(greece, 'drills');
await check('the report of an exercise opens', () => greece.locator('[aria-labelledby=past] button[aria-expanded]').first().click());
await axe(greece, 'the report of an exercise in en');
await narrow(greece, 'the report of an exercise');
await see(greece, `poster/${open}`);
await greece.getByRole('button', { name: 'Register this poster' }).click();
await greece.getByRole('button', { name: 'Print' }).waitFor();
await axe(greece, 'a registered poster in en');

await see(greece, `case/${open}`);
for (const [name, button] of [['close', 'Close'], ['retract', 'Retract'], ['answer', 'Answer']]) {
    await greece.getByRole('button', { name: button, exact: true }).first().click();
    await axe(greece, `the form ${name} in en`);
    await narrow(greece, `the form ${name}`);
    await greece.getByRole('button', { name: 'Cancel' }).first().click();
}
await see(italy, `case/${open}`);
for (const button of ['Sighting', 'Question', 'Message']) {
    await italy.getByRole('button', { name: button, exact: true }).click();
    await axe(italy, `the form ${button} in en`);
    await italy.getByRole('button', { name: 'Cancel' }).click();
}

/* ---- who sees otherwise ---- */

await check('forced colours: what can be pressed has a border, a live alert a frame, and axe finds nothing', async () => {
    const forced = await web.console_('gr-faros', { forcedColors: 'active', storageState: { cookies: (await greece.context().storageState()).cookies, origins: [] } });
    for (const screen of ['compose', `case/${open}`]) {
        await see(forced, screen);
        const thin = await forced.locator('main button:not(.quiet):visible, main a.button:visible').evaluateAll((all) =>
            all.filter((one) => Number.parseFloat(getComputedStyle(one).borderTopWidth) < 1).map((one) => one.textContent));
        must(thin.length === 0, `no border: ${thin}`);
        must((await findings(forced, { runOnly: ['wcag2a', 'wcag2aa'] })).length === 0, 'axe');
    }
    const states = await forced.locator('.state').evaluateAll((all) => all.map((one) => Number.parseFloat(getComputedStyle(one).borderTopWidth)));
    must(states.length > 0 && states.every((one) => one >= 1), `states: ${states}`);
    await forced.context().close();
});
await check('reduced motion: nothing moves', async () => {
    const still = await web.console_('gr-faros', { reducedMotion: 'reduce', storageState: { cookies: (await greece.context().storageState()).cookies, origins: [] } });
    for (const screen of ['inbox', 'drills', `case/${open}`]) {
        await see(still, screen);
        const moving = await still.evaluate(() => document.getAnimations().map((one) => one.animationName ?? one.transitionProperty));
        must(moving.length === 0, `${screen}: ${moving}`);
        const slow = await still.evaluate(() => [...document.querySelectorAll('*')].filter((one) => {
            const { transitionDuration, animationDuration, scrollBehavior } = getComputedStyle(one);
            return Math.max(Number.parseFloat(transitionDuration), Number.parseFloat(animationDuration)) > 0.01 || scrollBehavior === 'smooth';
        }).length);
        must(slow === 0, `${screen}: ${slow} elements would move`);
    }
    await still.context().close();
});
await check('the offline screen: axe, and no sideways scrolling', async () => {
    await web.screen(italy, 'inbox');
    web.kill('it-lanterna');
    await italy.getByRole('heading', { name: 'OFFLINE' }).waitFor();
});
await axe(italy, 'offline in en');
await narrow(italy, 'offline');
await web.finish();
