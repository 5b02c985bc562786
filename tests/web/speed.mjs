/*
 * From the publisher's click to the alarm in the other hotline's browser. The click is the one that the five seconds end
 * with: its request's start; the alarm is the tone's start. Both are read from the same machine's clock.
 */
import * as web from './lib.mjs';
import { check, must } from './lib.mjs';

const ALERTS = web.quick ? 6 : 25;
const MEDIAN_MS = 300;

web.chain();
const greece = await web.console_('gr-faros');
const italy = await web.console_('it-lanterna');
await web.logIn(greece, 'eleni');
await web.logIn(italy, 'paola');
await web.arm(italy);
await web.compose(greece, { name: 'Nikos', status: 'ACTUAL' });
const first = new URL(greece.url()).hash.split('/')[2];
const { body: model } = await web.api(greece, 'GET', `/v1/drafts/${first}`);

/* The five seconds of a draft's last step pass at once: the publisher's window alone has another clock. */
const sender = await web.tab(greece.context(), 'gr-faros');
await sender.clock.install();
const started = [];
sender.on('request', (request) => {
    if (request.url().endsWith('/publish') && !request.postData()?.includes('dry_run')) started.push(request);
});

async function one(number) {
    const { body: draft } = await web.api(greece, 'POST', '/v1/drafts', { body: { case: model.case, to: model.to, restricted: false, status: 'ACTUAL' } });
    await web.screen(sender, `compose/${draft.id}/4`);
    await web.send(sender, 'Nikos');
    await sender.getByRole('button', { name: 'STOP' }).waitFor();
    const before = (await web.tones(italy)).length;
    for (let second = 0; second < 6 && started.length < number; second++) await sender.clock.runFor(1000);
    await italy.locator('.incoming-live .case-card').waitFor();
    await web.sounds(italy, 'live');
    const tone = (await web.tones(italy))[before];
    await sender.locator('.ladder').waitFor();
    await italy.locator('.answers button').first().click();
    await web.sounds(italy, '');
    must(started.length === number, `${started.length} requests for ${number} clicks`);
    return tone.at - started[number - 1].timing().startTime;
}

await check(`the alarm sounds within ${MEDIAN_MS} ms of the click (median)`, async () => {
    const took = [];
    for (let n = 1; n <= ALERTS; n++) took.push(await one(n));
    const sorted = [...took].sort((a, b) => a - b);
    console.log(`   publish click to alarm, ${ALERTS} alerts: median ${Math.round(web.median(took))} ms, least ${Math.round(sorted[0])} ms, most ${Math.round(sorted.at(-1))} ms`);
    must(took.every((ms) => ms > 0), `times: ${took}`);
    must(web.median(took) < MEDIAN_MS, `median ${web.median(took)} ms`);
});
await web.finish();
