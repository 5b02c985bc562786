/*
 * The pictures of docs/operator-guide.md, of the real console: `make web T=pictures` makes them anew. The child does not
 * exist; its portrait is drawn by config/demo/portrait.py. Nobody but the network of this test is in them.
 */
import * as web from './lib.mjs';
import { check } from './lib.mjs';
import { writeFileSync } from 'node:fs';
import { withPalette } from './palette.mjs';

web.chain();
const folder = new URL('../../docs/pictures/', import.meta.url).pathname;
const portrait = new URL('../../config/demo/portrait.jpg', import.meta.url).pathname;
const size = { viewport: { width: 1180, height: 760 } };
const drawn = { offline: '.line-offline', login: 'form' };
async function take(page, name, from) {
    await page.locator(drawn[name] ?? '.line-live').waitFor();
    await page.mouse.move(0, 0);
    await page.evaluate(() => scrollTo(0, 0));
    if (from) await from.first().evaluate((one) => scrollBy(0, one.getBoundingClientRect().top - (document.querySelector('header.top')?.offsetHeight ?? 0) - 12));
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    writeFileSync(`${folder}console-${name}.png`, withPalette(await page.screenshot()));
}
async function show(page, hash, name, ready) {
    await web.screen(page, hash);
    await (ready ?? page.locator('h1')).first().waitFor();
    await web.until(`the lists of ${name}`, async () => !/Loading/.test(await page.locator('main').textContent()));
    await take(page, name);
}

const greece = await web.console_('gr-faros', { ...size, timezoneId: 'Europe/Athens' });
const italy = await web.console_('it-lanterna', size);
let opened = ''; /* MEMBER/REFERENCE */
await check('the shift', async () => {
    await web.logIn(italy, 'paola');
    await web.arm(italy);
    await take(greece, 'login');
    await web.logIn(greece, 'eleni');
    await greece.getByRole('button', { name: 'Play the alarm' }).click();
    await greece.getByRole('button', { name: 'Yes, I heard it' }).click();
    await take(greece, 'shift');
    await greece.getByRole('button', { name: 'Arm', exact: true }).click();
    await greece.waitForURL(/#\/inbox$/);
});
await check('compose', async () => {
    await web.screen(greece, 'compose');
    await greece.getByRole('button', { name: 'Begin a new alert' }).click();
    await greece.getByLabel(/Given name or alias/).fill('Mila');
    await greece.getByLabel('Family name', { exact: true }).fill('Example');
    await greece.getByLabel(/Age in years/).fill('9');
    await greece.getByRole('radio', { name: 'Female' }).check();
    await greece.getByRole('checkbox', { name: 'English' }).check();
    await greece.getByRole('checkbox', { name: 'Italian' }).check();
    await greece.locator('#photo-file').setInputFiles(portrait);
    await greece.locator('[data-path=photos] img').waitFor();
    await greece.getByLabel('Height in cm').fill('134');
    await greece.getByLabel('Hair colour').selectOption({ label: 'Brown' });
    const line = greece.getByRole('group', { name: 'Line 1' });
    await line.getByLabel('What').selectOption({ label: 'Coat' });
    await line.getByLabel('Colour').selectOption({ label: 'Red' });
    await web.saved(greece);
    await take(greece, 'child');
    await greece.getByRole('link', { name: /Next/ }).click();
    await greece.getByRole('radio', { name: /Parental abduction/ }).check();
    await greece.getByRole('radio', { name: /Immediate/ }).check();
    await greece.getByLabel('Why it is urgent, in one line').fill('The ferry to Bari leaves at 17:30');
    await greece.getByLabel(/^Country/).first().selectOption('GR');
    await greece.getByLabel('Place', { exact: true }).fill('Patras, ferry port');
    const today = new Date().toISOString().slice(0, 10);
    await greece.getByLabel('When', { exact: true }).fill(`${today}T00:05`);
    await greece.getByLabel('What happened', { exact: true }).fill('Did not come home after school.');
    await greece.getByRole('checkbox', { name: 'Italy' }).first().check();
    await greece.getByLabel('Means of transport').selectOption({ label: 'Ferry' });
    await greece.getByRole('checkbox', { name: /Do not approach/ }).check();
    await greece.getByRole('radio', { name: 'informed', exact: true }).check();
    await greece.getByLabel('Their reference').fill('EX-2041');
    await greece.getByLabel('What to do on a sighting').fill('Call 112 and quote the reference');
    await greece.getByRole('radio', { name: /May be published/ }).check();
    await web.saved(greece);
    await take(greece, 'happened');
    await take(greece, 'danger', greece.getByRole('heading', { name: 'Where to, how, with whom' }));
    await greece.getByRole('link', { name: /Next/ }).click();
    await greece.getByRole('checkbox', { name: /Italy/ }).check();
    await web.saved(greece);
    await take(greece, 'who');
    await greece.getByRole('link', { name: /Next/ }).click();
    await greece.getByRole('radio', { name: /LIVE/ }).check();
    await web.saved(greece);
    await greece.getByRole('heading', { name: /hotlines? gets? it/ }).first().waitFor();
    await take(greece, 'check');
    await take(greece, 'preview', greece.getByRole('heading', { name: 'What they will see' }));
    await greece.getByRole('link', { name: /Who to alert/ }).click();
    await greece.getByRole('checkbox', { name: /Only these countries/ }).check(); /* which wants a second person in this network */
    await greece.getByRole('link', { name: /Check and send/ }).click();
    await greece.locator('section[data-need=REQUIRED]').waitFor();
    await take(greece, 'approval', greece.locator('section[data-need=REQUIRED]'));
    await greece.getByRole('link', { name: /Who to alert/ }).click();
    await greece.getByRole('checkbox', { name: /Only these countries/ }).uncheck();
    await greece.getByRole('link', { name: /Check and send/ }).click();
    await web.saved(greece);
    await greece.getByRole('heading', { name: /hotlines? gets? it/ }).first().waitFor();
});
await check('sent and woken', async () => {
    await web.send(greece, 'Mila');
    await greece.locator('.ladder').waitFor();
    await italy.locator('.incoming-live .card-top img').waitFor();
    await web.until('the photo', () => italy.locator('.card-top img').first().evaluate((one) => one.complete && one.naturalWidth > 300));
    await take(italy, 'incoming');
    await italy.keyboard.press('Enter');
    await italy.locator('.timeline').waitFor();
    await italy.getByRole('button', { name: 'Sighting', exact: true }).click();
    await italy.getByLabel('Where').fill('Bari, ferry terminal');
    await italy.getByLabel('Country').selectOption('IT');
    await take(italy, 'sighting');
    await italy.getByRole('button', { name: 'Send', exact: true }).click();
    await greece.locator('.timeline').getByText('Bari, ferry terminal').waitFor();
    await greece.locator('.ladder .finished').waitFor();
    await take(italy, 'received');
    await take(greece, 'case');
    await take(greece, 'timeline', greece.locator('#timeline'));
    opened = new URL(greece.url()).hash.slice(7);
    await greece.getByRole('button', { name: 'Retract', exact: true }).click();
    await greece.getByRole('button', { name: 'Retract now' }).waitFor();
    await take(greece, 'retract');
    await greece.getByRole('button', { name: 'Cancel' }).first().click();
    await greece.getByRole('button', { name: 'Close', exact: true }).click();
    await take(greece, 'close');
    await greece.getByRole('button', { name: 'Cancel' }).first().click();
    await web.screen(greece, 'inbox');
    await greece.getByRole('link', { name: /Mila/ }).waitFor();
    await take(greece, 'inbox');
});
await check('what else can be done with a case', async () => {
    await web.screen(greece, `poster/${opened}`);
    await greece.getByRole('button', { name: 'Register this poster' }).click();
    await greece.locator('.poster-qr').waitFor();
    await web.until('photo and code', () => greece.locator('.poster img').evaluateAll((all) => all.every((one) => one.complete && one.naturalWidth > 0)));
    await greece.setViewportSize({ width: 1180, height: 1500 });
    await take(greece, 'poster-a4', greece.locator('.poster'));
    await greece.getByLabel('Shape').selectOption('square');
    await greece.getByRole('button', { name: 'Register this poster' }).click();
    await greece.locator('.poster-qr').waitFor();
    await greece.setViewportSize({ width: 1180, height: 1000 });
    await take(greece, 'poster-square', greece.locator('.poster'));
    await greece.setViewportSize(size.viewport);
    await web.screen(greece, `update/${opened}`);
    await take(greece, 'update');
    const joost = await web.console_('nl-brug', size);
    await web.logIn(joost, 'joost');
    await web.screen(greece, `case/${opened}`);
    await greece.getByRole('button', { name: 'Ask mediators' }).click();
    await greece.getByRole('checkbox', { name: 'Netherlands' }).check();
    await greece.getByRole('checkbox', { name: 'French' }).check();
    await greece.getByLabel('What the mediators should know').fill('Both parents may be willing to talk.');
    await take(greece, 'mediation', greece.getByRole('heading', { name: 'Ask mediators' }));
    await greece.getByRole('button', { name: 'Ask them' }).click();
    await joost.locator('.stalls-calm a').click();
    await joost.getByText('Both parents may be willing').waitFor();
    await take(joost, 'mediator');
});
await check('an exercise', async () => {
    await web.screen(greece, 'drills');
    await greece.getByLabel('Name of the exercise').fill('AUTUMN-2026');
    await greece.getByRole('button', { name: 'EXERCISE: Prepare an exercise' }).click();
    await greece.getByLabel(/Given name or alias/).fill('Mira');
    await greece.getByLabel(/Age in years/).fill('9');
    await greece.getByRole('checkbox', { name: 'Greek' }).check();
    await greece.getByRole('link', { name: /Next/ }).click();
    await greece.getByRole('radio', { name: /Runaway/ }).check();
    await greece.getByRole('radio', { name: /Immediate/ }).check();
    await greece.getByRole('radio', { name: 'informed', exact: true }).check();
    await greece.getByRole('radio', { name: /Professionals only/ }).check();
    await greece.getByRole('link', { name: /Next/ }).click();
    await greece.getByRole('checkbox', { name: /Italy/ }).check();
    await web.saved(greece);
    await web.screen(greece, 'drills');
    await greece.getByLabel('Prepared exercise').selectOption({ index: 1 });
    await greece.getByLabel('first name').fill('Mira');
    await greece.getByRole('button', { name: 'EXERCISE: Plan an exercise' }).click();
    await greece.locator('tr[data-state=SCHEDULED]').waitFor();
    await web.compose(greece, { name: 'Mira', status: 'EXERCISE' });
    await web.send(greece, 'Mira');
    await italy.locator('.incoming-exercise .case-card').waitFor();
    await take(italy, 'exercise');
    await italy.keyboard.press('Enter');
    await greece.locator('.ladder .finished').waitFor();
    await web.screen(greece, 'drills');
    await greece.locator('[aria-labelledby=past] button[aria-expanded]').first().click();
    await greece.locator('.score').waitFor();
    await take(greece, 'drills');
    await take(greece, 'drill-report', greece.locator('#past'));
});
await check('what a hotline keeps and looks up', async () => {
    await web.screen(greece, 'notes');
    await greece.locator('main textarea').fill('The family of Mila has our number. Ask Bari again at six.');
    await greece.locator('main form button').click();
    await greece.locator('li .written').first().waitFor();
    for (const one of ['notes', 'archive', 'figures', 'phones', 'help', 'compose']) await show(greece, one, one === 'compose' ? 'drafts' : one);
    for (const one of ['health', 'rules', 'countries', 'password', 'audit']) await show(greece, `settings/${one}`, one);
    const giorgos = await web.console_('gr-faros', size);
    await web.logIn(giorgos, 'giorgos');
    await web.api(giorgos, 'POST', '/v1/tokens', { body: { name: 'case-files', scopes: ['draft', 'read'], days: 90 } });
    for (const one of ['users', 'tokens', 'webhooks']) await show(giorgos, `settings/${one}`, one);
});
await check('otherwise seen: dark, forced colours, at 400 %, in German and Hungarian', async () => {
    const cookies = { storageState: { cookies: (await greece.context().storageState()).cookies, origins: [] } };
    for (const [name, screen, options] of [['dark', `case/${opened}`, { ...size, colorScheme: 'dark' }], ['forced-colours', `case/${opened}`, { ...size, forcedColors: 'active' }],
        ['zoom', `case/${opened}`, { viewport: { width: 320, height: 640 } }], ['german', `case/${opened}`, { ...size, locale: 'de' }], ['hungarian', `case/${opened}`, { ...size, locale: 'hu' }]]) {
        const here = await web.console_('gr-faros', { ...options, ...cookies, timezoneId: 'Europe/Athens' });
        await web.screen(here, screen);
        await here.locator('.ladder .finished').waitFor();
        await take(here, name);
        await here.context().close();
    }
});
await check('offline', async () => {
    await web.screen(italy, 'inbox');
    web.kill('relay-1');
    web.kill('relay-2');
    await italy.getByRole('heading', { name: 'OFFLINE' }).waitFor();
    await take(italy, 'offline');
});
await web.finish();
