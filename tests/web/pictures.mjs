/*
 * The pictures of docs/operator-guide.md, of the real console: `make web T=pictures` makes them anew. The child does not
 * exist; its portrait is drawn by config/demo/portrait.py. Nobody but the network of this test is in them.
 */
import * as web from './lib.mjs';
import { check } from './lib.mjs';

web.chain();
const folder = new URL('../../docs/pictures/', import.meta.url).pathname;
const portrait = new URL('../../config/demo/portrait.jpg', import.meta.url).pathname;
const size = { viewport: { width: 1180, height: 760 } };
async function take(page, name) {
    await page.locator(name === 'offline' ? '.line-offline' : '.line-live').waitFor();
    await page.mouse.move(0, 0);
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: `${folder}console-${name}.png` });
}

const greece = await web.console_('gr-faros', { ...size, timezoneId: 'Europe/Athens' });
const italy = await web.console_('it-lanterna', size);
await check('the shift', async () => {
    await web.logIn(italy, 'paola');
    await web.arm(italy);
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
    await greece.getByRole('link', { name: /Next/ }).click();
    await greece.getByRole('checkbox', { name: /Italy/ }).check();
    await web.saved(greece);
    await take(greece, 'who');
    await greece.getByRole('link', { name: /Next/ }).click();
    await greece.getByRole('radio', { name: /LIVE/ }).check();
    await web.saved(greece);
    await greece.getByRole('heading', { name: /hotlines? gets? it/ }).first().waitFor();
    await take(greece, 'check');
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
    await italy.getByRole('button', { name: 'Send', exact: true }).click();
    await greece.locator('.timeline').getByText('Bari, ferry terminal').waitFor();
    await greece.locator('.ladder .finished').waitFor();
    await take(greece, 'case');
    await greece.getByRole('button', { name: 'Retract', exact: true }).click();
    await greece.getByRole('button', { name: 'Retract now' }).waitFor();
    await take(greece, 'retract');
    await greece.getByRole('button', { name: 'Cancel' }).first().click();
    await web.screen(greece, 'inbox');
    await greece.getByRole('link', { name: /Mila/ }).waitFor();
    await take(greece, 'inbox');
});
await check('an exercise, and offline', async () => {
    await web.compose(greece, { name: 'Mira', status: 'EXERCISE' });
    await web.send(greece, 'Mira');
    await italy.locator('.incoming-exercise .case-card').waitFor();
    await take(italy, 'exercise');
    await italy.keyboard.press('Enter');
    await italy.locator('header.top').waitFor();
    await web.screen(italy, 'inbox');
    web.kill('relay-1');
    web.kill('relay-2');
    await italy.getByRole('heading', { name: 'OFFLINE' }).waitFor();
    await take(italy, 'offline');
});
await web.finish();
