/* Every screen: no finding of axe in light and dark and in three languages, and no sideways scrolling at 400 %. */
import * as web from './lib.mjs';
import { check, must } from './lib.mjs';

const SCREENS = ['shift', 'inbox', 'compose', 'drills', 'archive', 'phones', 'settings'];
async function see(page, screen) {
    await page.goto(`${page.home}#/${screen}`);
    await page.locator('h1').waitFor();
    await page.waitForLoadState('networkidle', { timeout: 500 }).catch(() => {});
}
const narrow = async (page) => {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    must(wide <= 320, `${wide} pixels wide`);
};

const first = await web.console_('gr-faros');
await check('login: axe', () => web.axe(first));
await web.logIn(first, 'eleni');
await web.compose(first, { name: 'Ilir', status: 'ACTUAL' });
await first.getByText('Everything is saved').waitFor();
const draft = new URL(first.url()).hash.split('/')[2];
for (const step of [1, 2, 3, 4]) {
    await check(`compose ${step}: axe`, async () => {
        await see(first, `compose/${draft}/${step}`);
        await web.axe(first);
    });
}
await web.send(first, 'Ilir');
await first.locator('.ladder').waitFor();
const page = first.url().split('#/')[1];
const kept = await first.context().storageState();

for (const [language, scheme] of [['en', 'light'], ['de', 'dark'], ['hu', 'light'], ['fr', 'dark']]) {
    const here = await web.console_('gr-faros', { locale: language, colorScheme: scheme, storageState: { cookies: kept.cookies, origins: [] } });
    await here.locator('header.top').waitFor();
    for (const screen of [...SCREENS, page, `update/${page.split('/').slice(1).join('/')}`]) {
        await check(`${screen} in ${language}, ${scheme}: axe`, async () => {
            await see(here, screen);
            await web.axe(here);
        });
    }
    await here.context().close();
}

const italy = await web.console_('it-lanterna');
await web.logIn(italy);
await check('incoming: axe', async () => {
    await italy.locator('.incoming').waitFor();
    await web.axe(italy);
    await italy.getByRole('button', { name: 'Acknowledge' }).click();
});

const small = await web.console_('gr-faros', { viewport: { width: 320, height: 512 }, storageState: { cookies: kept.cookies, origins: [] } });
await small.locator('header.top').waitFor();
for (const screen of [...SCREENS, page]) {
    await check(`${screen} at 400 %: no sideways scrolling`, async () => {
        await see(small, screen);
        await narrow(small);
    });
}
const forced = await web.console_('gr-faros', { forcedColors: 'active', reducedMotion: 'reduce', storageState: { cookies: kept.cookies, origins: [] } });
await check('forced colours: a button keeps its border', async () => {
    await see(forced, 'compose');
    const width = await forced.getByRole('button', { name: 'Begin a new alert' }).evaluate((button) => getComputedStyle(button).borderTopWidth);
    must(Number.parseFloat(width) >= 1, width);
});
await web.finish();
