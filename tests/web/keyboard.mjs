/*
 * A case sent, acknowledged, answered and closed by keys alone. Nobody ever moves a mouse: the pages count it. Each stop
 * of the focus has to be seen: an outline, within the window, under nothing.
 */
import * as web from './lib.mjs';
import { check, must } from './lib.mjs';

const STOPS_MAX = 250;
web.chain();

function countMice() {
    window.mice = 0;
    for (const type of ['mousedown', 'mouseup', 'pointerdown', 'touchstart', 'wheel']) addEventListener(type, (event) => event.isTrusted && window.mice++, true);
    addEventListener('click', (event) => event.isTrusted && event.detail > 0 && event.pointerId >= 0 && window.mice++, true);
}
async function keyed(member, options) {
    const made = await web.context(member, options);
    await made.addInitScript(countMice);
    return web.tab(made, member);
}

/* What of the focused element is wrong to the eye; '' when nothing is. */
const unseen = (page) => page.evaluate(() => {
    const here = document.activeElement;
    if (!here || here === document.body) return '';
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(here);
    const name = `${here.tagName} ${here.type ?? ""} "${(here.textContent || here.labels?.[0]?.textContent || here.getAttribute('aria-label') || here.id).slice(0, 30)}"`;
    if ((outlineStyle === 'none' || Number.parseFloat(outlineWidth) < 1) && boxShadow === 'none') return `${name}: the focus cannot be seen`;
    const { left, right, top, bottom } = here.getBoundingClientRect();
    if (bottom <= 0 || top >= innerHeight || right <= 0 || left >= innerWidth) return `${name}: out of the window`;
    const [x, y] = [(Math.max(0, left) + Math.min(innerWidth, right)) / 2, (Math.max(0, top) + Math.min(innerHeight, bottom)) / 2];
    const over = document.elementFromPoint(x, y);
    return over && !here.contains(over) && !over.contains(here) && !over.closest('label')?.contains(here) ? `${name}: under ${over.tagName}.${over.className}` : '';
});
async function reach(page, target, key = 'Tab') {
    await target.first().waitFor();
    for (let stops = 0; stops < STOPS_MAX; stops++) {
        if (await target.first().evaluate((one) => one === document.activeElement)) return;
        await page.keyboard.press(key);
        const wrong = await unseen(page);
        must(wrong === '', wrong);
    }
    throw new Error(`not reached with ${key}: ${target}`);
}
async function press(page, role, name) {
    await reach(page, page.getByRole(role, typeof name === 'string' ? { name, exact: true } : { name }));
    await page.keyboard.press('Enter');
}
async function type(page, label, text) {
    await reach(page, page.getByLabel(label, typeof label === 'string' ? { exact: true } : {}));
    await page.keyboard.type(text);
}
/* The arrows move within a group of radio buttons; Space takes the one that has the focus. */
async function radio(page, name) {
    const wanted = page.getByRole('radio', { name });
    const group = page.getByRole('radiogroup').or(page.locator('fieldset')).filter({ has: wanted }).last().getByRole('radio');
    for (let stops = 0; stops < STOPS_MAX && !(await group.evaluateAll((all) => all.includes(document.activeElement))); stops++) await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    for (let n = 0; n < 20 && !(await wanted.isChecked()); n++) await page.keyboard.press('ArrowDown');
    must(await wanted.isChecked(), `not chosen: ${name}`);
}
async function tick(page, name) {
    await reach(page, page.getByRole('checkbox', { name }));
    await page.keyboard.press('Space');
}
async function choose(page, label, text) {
    await reach(page, page.getByLabel(label));
    await page.keyboard.type(text);
    const chosen = await page.getByLabel(label).first().evaluate((one) => one.selectedOptions[0].textContent);
    must(chosen.startsWith(text), `${label}: ${chosen}`);
}
async function keyLogIn(page, user) {
    await type(page, /user name/, user);
    await page.keyboard.press('Tab');
    await page.keyboard.type(web.PASSWORD);
    await page.keyboard.press('Enter');
    await page.locator('header.top').waitFor();
}

const greece = await keyed('gr-faros', {});
const italy = await keyed('it-lanterna', {});

await check('logged in', async () => {
    await keyLogIn(greece, 'eleni');
    await keyLogIn(italy, 'paola');
});
await check('the first stop skips what is above the content', async () => {
    await italy.reload();
    await italy.locator('header.top').waitFor();
    await reach(italy, italy.locator('a.skip'));
    await italy.keyboard.press('Enter');
    must(await italy.evaluate(() => document.activeElement?.id === 'content'), 'the content has not got the focus');
});
await check('armed', async () => {
    await press(italy, 'button', 'Play the alarm');
    await web.sounds(italy, 'live');
    await press(italy, 'button', 'Yes, I heard it');
    await press(italy, 'button', 'Arm');
    await italy.locator('.state.armed').waitFor();
});
await check('the child', async () => {
    await press(greece, 'link', 'New alert');
    await press(greece, 'button', 'Begin a new alert');
    await type(greece, /Given name or alias/, 'Nikos');
    await type(greece, /Age in years/, '9');
    await tick(greece, 'French');
    await press(greece, 'link', /Next/);
});
await check('what happened', async () => {
    await radio(greece, /Runaway/);
    await radio(greece, /Immediate/);
    await choose(greece, /^Country/, 'Greece');
    await type(greece, 'Place', 'Patras, ferry port');
    await radio(greece, /^informed/);
    await radio(greece, /Professionals only/);
    await press(greece, 'link', /Next/);
});
await check('who to alert', async () => {
    await tick(greece, /Italy/);
    await press(greece, 'link', /Next/);
});
await check('checked and sent', async () => {
    await radio(greece, /LIVE/);
    await web.saved(greece);
    await type(greece, /first name/, 'Nikos');
    await press(greece, 'button', 'Send');
    await greece.locator('button:focus', { hasText: 'STOP' }).waitFor();
    await greece.locator('.ladder').waitFor();
});
await check('acknowledged by one key', async () => {
    await italy.locator('.incoming-live').waitFor();
    await web.sounds(italy, 'live');
    await italy.keyboard.press('Enter');
    await web.sounds(italy, '');
    await italy.locator('header.top').waitFor();
});
await check('a sighting', async () => {
    await press(italy, 'button', 'Sighting');
    await choose(italy, 'Country', 'Italy');
    await type(italy, 'Where', 'Bari, ferry terminal');
    await press(italy, 'button', 'Send');
    await greece.getByText('Bari, ferry terminal').waitFor();
});
await check('closed', async () => {
    await press(greece, 'button', 'Close');
    await radio(greece, 'Found safe');
    await press(greece, 'button', 'Close the case');
    await greece.getByRole('link', { name: 'Open again' }).waitFor();
    await italy.getByText(/Found safe/).first().waitFor();
});
await check('no mouse was moved by anybody', async () => {
    for (const page of [greece, italy]) must((await page.evaluate(() => window.mice)) === 0, 'a mouse was used');
});
await web.finish();
