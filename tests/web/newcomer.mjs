/*
 * Somebody who has read nothing sends the sample case (tests/e2e/case.json): only what the screens say leads on. One
 * starred field is forgotten, and found again by what the last step says. What arrives is the sample, field by field.
 * How long a person would need for it is reckoned by the keystroke-level model (Card, Moran, Newell 1980).
 */
import { readFileSync } from 'node:fs';
import * as web from './lib.mjs';
import { check, must } from './lib.mjs';

web.chain();
const sample = JSON.parse(readFileSync(new URL('../e2e/case.json', import.meta.url), 'utf8'));
const KEY = 0.28, POINT = 1.1, CLICK = 0.2, THINK = 1.35, HAND = 0.4; /* seconds, for an ordinary typist */
let seconds = 0;

const greece = await web.console_('gr-faros', { timezoneId: 'Europe/Athens' });
const italy = await web.console_('it-lanterna');
const spent = (...parts) => (seconds += parts.reduce((sum, one) => sum + one, 0));
async function click(target) {
    spent(THINK, POINT, CLICK);
    await target.first().click();
}
const press = (name) => click(greece.getByRole('button', { name, exact: typeof name === 'string' }));
const next = () => click(greece.getByRole('link', { name: /Next/ }));
async function type(label, text) {
    spent(THINK, POINT, CLICK, HAND, KEY * text.length, HAND);
    await greece.getByLabel(label, { exact: typeof label === 'string' }).first().fill(text);
}
async function choose(label, text) {
    spent(THINK, POINT, CLICK, POINT, CLICK);
    await greece.getByLabel(label, { exact: typeof label === 'string' }).first().selectOption({ label: text });
}
async function tick(role, name) {
    spent(THINK, POINT, CLICK);
    const wanted = greece.getByRole(role, { name, exact: typeof name === 'string' }).first();
    if (!(await wanted.isVisible())) await click(greece.locator('fieldset', { has: greece.getByRole(role, { name, exact: typeof name === 'string', includeHidden: true }) }).getByText('More …'));
    await wanted.check();
}

await check('a shift begins as the first screen says', async () => {
    await web.logIn(italy, 'paola');
    await web.arm(italy);
    await web.logIn(greece, 'eleni');
    seconds = 0;
    await press('Play the alarm');
    await press('Yes, I heard it');
    await press('Arm');
    await greece.locator('.state.armed').waitFor();
});
await check('the first step: the child', async () => {
    seconds = 0;
    await click(greece.getByRole('link', { name: 'New alert' }));
    await press('Begin a new alert');
    await type(/Given name or alias/, sample.child.given_name);
    await type('Family name', sample.child.family_name);
    await type(/Age in years/, String(sample.child.age_years));
    await choose('Sex', 'Female');
    await tick('checkbox', 'Portuguese');
    await tick('checkbox', 'French');
    await type('Height in cm', String(sample.child.height_cm));
    await choose('Hair colour', 'Black');
    await choose('Hair length', 'Short');
    await choose('Eyes', 'Green');
    for (const [line, [what, colour]] of [['Coat', 'Blue'], ['Trousers', 'Red']].entries()) {
        await press('Add a piece of clothing');
        const row = greece.getByRole('group', { name: `Line ${line + 1}` });
        spent(2 * (THINK + 2 * POINT + 2 * CLICK));
        await row.getByLabel('What').selectOption({ label: what });
        await row.getByLabel('Colour').selectOption({ label: colour });
    }
    await click(greece.locator('details > summary', { hasText: 'nationality' }));
    await tick('checkbox', 'Portugal');
    await next();
});
await check('the second step: what happened; one starred field is forgotten', async () => {
    await tick('radio', /Parental abduction/);
    await tick('radio', /Immediate/);
    await type('Why it is urgent, in one line', sample.why_urgent);
    await choose(/^Country/, 'Portugal');
    await type('Place', sample.last_seen.place);
    spent(THINK, POINT, CLICK, HAND, KEY * 12, HAND);
    await greece.getByLabel('When', { exact: true }).fill(sample.last_seen.at.slice(0, 16));
    for (const country of ['Spain', 'France']) await tick('checkbox', country);
    await choose('Means of transport', 'Ferry');
    await type('Line, number, direction', sample.transport.detail);
    await tick('checkbox', 'Violent companion');
    await tick('checkbox', /Do not approach/);
    await type('Which police', sample.police.force);
    await type('Their reference', sample.police.reference);
    await type('What to do on a sighting', sample.police.on_sighting);
    await tick('radio', /Professionals only/);
    await type('Who consented', sample.publicity.consent_by);
    await type(/Telephone of your duty desk/, sample.contact.phone);
    const spoken = greece.locator('[data-path="contact.languages"]');
    for (const language of ['English', 'French', 'Portuguese']) {
        spent(THINK, POINT, CLICK);
        const one = spoken.getByRole('checkbox', { name: language });
        if (!(await one.isVisible())) await click(spoken.locator('summary'));
        await one.check();
    }
    await next();
});
await check('the third step: who to alert', async () => {
    await tick('checkbox', /Italy/);
    await next();
});
await check('the last step names what is missing, and leads there', async () => {
    await web.saved(greece);
    await greece.getByRole('heading', { name: '1 thing is missing' }).waitFor();
    must(await greece.getByRole('button', { name: 'Send', exact: true }).count() === 0, 'it can be sent');
    await click(greece.locator('[aria-labelledby=missing] button'));
    await tick('radio', 'informed');
    await click(greece.getByRole('link', { name: /Check and send/ }));
});
await check('checked and sent', async () => {
    await tick('radio', /LIVE/);
    await web.saved(greece);
    await type(/first name/, sample.child.given_name);
    await press('Send');
    seconds += 5;
    await greece.locator('.ladder').waitFor();
});
await check('what arrives is the sample, field by field', async () => {
    await italy.locator('.incoming-live').waitFor();
    const { member, reference } = (await web.api(italy, 'GET', '/v1/cases?box=received')).body.items[0];
    const { body } = await web.api(italy, 'GET', `/v1/cases/${member}:${reference}`);
    const wrong = [];
    const compare = (wanted, got, path) => {
        if (Array.isArray(wanted)) return compare(Object.fromEntries([...wanted].sort().entries()), Array.isArray(got) ? Object.fromEntries([...got].sort().entries()) : got, path);
        if (typeof wanted === 'object') return Object.keys(wanted).forEach((key) => compare(wanted[key], got?.[key], path ? `${path}.${key}` : key));
        const same = path === 'last_seen.at' ? Date.parse(got) === Date.parse(wanted) : got === wanted;
        if (!same) wrong.push(`${path} is ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
    };
    const { valid_for: _, ...fields } = sample;
    compare(fields, body.case, '');
    must(wrong.length === 0, wrong.join('; '));
    console.log(`   ${Math.round(seconds)} s by the keystroke-level model for the whole sample, from "New alert" to the end of the five seconds`);
});
await web.finish();
