/*
 * Somebody who has read nothing sends the sample case (tests/e2e/case.json) from the Portuguese hotline that it is of:
 * only what the screens say leads on. One starred field is forgotten, and asked for by the last step. What arrives is
 * the sample, field by field.
 * How long a person would need for it is reckoned by the keystroke-level model (Card, Moran, Newell 1980).
 */
import { readFileSync } from 'node:fs';
import * as web from './lib.mjs';
import { check, must } from './lib.mjs';

web.chain();
const sample = JSON.parse(readFileSync(new URL('../e2e/case.json', import.meta.url), 'utf8'));
const KEY = 0.28, POINT = 1.1, CLICK = 0.2, THINK = 1.35, HAND = 0.4; /* seconds, for an ordinary typist */
const GOAL = 180;
const steps = []; /* [name, seconds] */
const begin = (name) => steps.push([name, 0]);
begin('the shift');

const portugal = await web.console_('pt-farol', { timezoneId: 'Europe/Lisbon' });
const italy = await web.console_('it-lanterna');
const spent = (...parts) => (steps.at(-1)[1] += parts.reduce((sum, one) => sum + one, 0));
async function click(target) {
    spent(THINK, POINT, CLICK);
    await target.first().click();
}
const press = (name) => click(portugal.getByRole('button', { name, exact: typeof name === 'string' }));
async function enter() {
    spent(THINK, KEY);
    await portugal.keyboard.press('Enter');
}
const next = () => click(portugal.getByRole('link', { name: /Next/ }));
async function type(label, text) {
    spent(THINK, POINT, CLICK, HAND, KEY * text.length, HAND);
    await portugal.getByLabel(label, { exact: typeof label === 'string' }).first().fill(text);
}
async function choose(label, text) {
    spent(THINK, POINT, CLICK, POINT, CLICK);
    await portugal.getByLabel(label, { exact: typeof label === 'string' }).first().selectOption({ label: text });
}
async function tick(role, name) {
    spent(THINK, POINT, CLICK);
    const wanted = portugal.getByRole(role, { name, exact: typeof name === 'string' }).first();
    if (!(await wanted.isVisible())) await click(portugal.locator('fieldset', { has: portugal.getByRole(role, { name, exact: typeof name === 'string', includeHidden: true }) }).getByText('More …'));
    await wanted.check();
}

await check('a shift begins as the first screen says', async () => {
    await web.logIn(italy, 'paola');
    await web.arm(italy);
    await web.logIn(portugal, 'eleni');
    await portugal.getByRole('button', { name: 'Play the alarm' }).waitFor();
    await enter(); /* it has the focus */
    await enter();
    for (const language of ['Portuguese', 'French']) await tick('checkbox', language);
    await press('Arm');
    await portugal.locator('.state.armed').waitFor();
});
await check('the first step: the child', async () => {
    begin('the child');
    await click(portugal.getByRole('link', { name: 'New alert' }));
    await portugal.locator('button:focus', { hasText: 'Begin a new alert' }).waitFor();
    await enter();
    await portugal.getByLabel(/Given name or alias/).waitFor();
    await type(/Given name or alias/, sample.child.given_name);
    await type('Family name', sample.child.family_name);
    await type(/Age in years/, String(sample.child.age_years));
    await tick('radio', 'Female');
    await tick('checkbox', 'Portuguese');
    await tick('checkbox', 'French');
    await type('Height in cm', String(sample.child.height_cm));
    await choose('Hair colour', 'Black');
    await tick('radio', 'Short');
    await tick('radio', 'Green');
    for (const [line, [what, colour]] of [['Coat', 'Blue'], ['Trousers', 'Red']].entries()) {
        const row = portugal.getByRole('group', { name: `Line ${line + 1}` });
        spent(2 * (THINK + 2 * POINT + 2 * CLICK));
        await row.getByLabel('What').selectOption({ label: what });
        await row.getByLabel('Colour').selectOption({ label: colour });
    }
    await tick('checkbox', 'Portugal');
    await next();
});
await check('the second step: what happened; one starred field is forgotten', async () => {
    begin('what happened');
    await tick('radio', /Parental abduction/);
    await tick('radio', /Immediate/);
    await type('Why it is urgent, in one line', sample.why_urgent);
    await type('Place', sample.last_seen.place);
    spent(THINK, POINT, CLICK, HAND, KEY * 12, HAND);
    await portugal.getByLabel('When', { exact: true }).fill(sample.last_seen.at.slice(0, 16));
    for (const country of ['Spain', 'France']) await tick('checkbox', country);
    await choose('Means of transport', 'Ferry');
    await type('Line, number, direction', sample.transport.detail);
    await tick('checkbox', 'Violent companion');
    await tick('checkbox', /Do not approach/);
    await type('Which police', sample.police.force);
    await type('Their reference', sample.police.reference);
    await press(sample.police.on_sighting);
    await tick('radio', /Professionals only/);
    await type('Who consented', sample.publicity.consent_by);
    await next();
});
await check('the third step: who to alert', async () => {
    begin('who to alert');
    await tick('checkbox', /Italy/);
    await next();
});
await check('the last step names what is missing, and takes it', async () => {
    begin('check and send');
    await web.saved(portugal);
    await portugal.getByRole('heading', { name: '1 thing is missing' }).waitFor();
    must(await portugal.getByRole('button', { name: 'Send', exact: true }).count() === 0, 'it can be sent');
    await tick('radio', 'informed');
    await portugal.getByRole('heading', { name: 'Nothing is missing any more' }).waitFor();
});
await check('checked and sent', async () => {
    await tick('radio', /LIVE/);
    await web.saved(portugal);
    await type(/first name/, sample.child.given_name);
    await enter();
    spent(5);
    await portugal.locator('.ladder').waitFor();
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
});
await check('by the keystroke-level model the whole sample goes out within three minutes', async () => {
    const [[shift, before], ...own] = steps;
    const seconds = own.reduce((sum, [, one]) => sum + one, 0);
    console.log(`   ${seconds.toFixed(0)} s, from "New alert" to the end of the five seconds: ${own.map(([name, one]) => `${name} ${one.toFixed(0)} s`).join(', ')} (${shift}, once: ${before.toFixed(0)} s)`);
    must(seconds > 100, 'not everything was counted');
    must(seconds < GOAL, `${seconds.toFixed(0)} s`);
});
await web.finish();
