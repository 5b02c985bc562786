/* Two hotlines in two browsers: the whole life of a case, a drill beside it, and what goes wrong in between. */
import * as web from './lib.mjs';
import { check, must } from './lib.mjs';
import { ring } from './frame.mjs';

web.chain();
const italy = await web.console_('it-lanterna');
const greece = await web.console_('gr-faros', { timezoneId: 'Europe/Athens' });
const row = (page, country) => page.locator('.ladder tbody tr', { hasText: country });
const press = (page, name) => page.getByRole('button', { name, exact: true }).click();
const acknowledge = async (page) => {
    await page.locator('.answers button').first().click();
    await page.locator('header.top').waitFor();
};

/* ---- a shift begins ---- */

await check('a wrong password is refused in words', async () => {
    await italy.locator('input[autocomplete=username]').fill('paola');
    await italy.locator('input[type=password]').fill('not-the-password');
    await italy.keyboard.press('Enter');
    await italy.locator('p.trouble').waitFor();
});
await check('both log in; nothing was lost, and nothing says so', async () => {
    await italy.evaluate(() => {
        window.said = [];
        new MutationObserver(() => window.said.push(document.querySelector('.states strong')?.textContent ?? '')).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await web.logIn(italy, 'paola');
    await web.logIn(greece, 'eleni');
    await italy.locator('.line-live').waitFor();
    const said = await italy.evaluate(() => window.said);
    must(said.some((one) => /LIVE/.test(one)) && !said.some((one) => /RECONNECTING|OFFLINE/.test(one)), [...new Set(said)].join(', '));
});
await check('nothing sounds before a person has asked for it', async () => {
    must((await web.tones(italy)).length === 0, 'a tone was asked for');
    must((await italy.evaluate(() => window.unasked)) === 'suspended', 'this browser lets a page sound without a gesture: the test shows nothing');
});
await check('Arm waits until the alarm was heard', async () => {
    must(await italy.getByRole('button', { name: 'Arm', exact: true }).isDisabled(), 'Arm can be pressed');
    await web.arm(italy);
    const [first] = await web.tones(italy);
    must(first.loop && first.state === 'running' && first.seconds > 0.5 && first.loudest > 0.5, JSON.stringify(first));
    must((await web.alarm(italy)) === '', 'the alarm still sounds');
});
await check('the network knows how many are armed and what they speak', async () => {
    await web.screen(greece, 'phones');
    await greece.locator('tr', { hasText: 'Italy' }).getByText('armed', { exact: true }).waitFor();
});
await check('a second tab does not take the alarm away', async () => {
    const second = await web.tab(italy.context(), 'it-lanterna');
    await web.screen(second, 'shift');
    await press(second, 'Play the alarm');
    await press(second, 'Yes, I heard it');
    await press(second, 'Arm');
    await second.getByText('Another window of this browser is armed already').waitFor();
    must(await second.locator('.state.not-armed').isVisible(), 'the second tab is armed');
    must(await italy.locator('.state.armed').isVisible(), 'the first tab is not armed any more');
    await second.close();
});

/* ---- a case is sent ---- */

await check('an alert is composed; nothing is chosen between live and exercise', async () => {
    await web.compose(greece, { name: 'Nikos' });
    must(await greece.locator('input[name=status]:checked').count() === 0, 'one is chosen beforehand');
    await web.send(greece, 'Nikos');
    await greece.getByText('First say whether this is live').waitFor();
});
await check('who gets it is named, and who does not', async () => {
    must((await greece.locator('.gets li').allTextContents()).join().includes('Italy'), 'Italy is not named');
    for (const country of ['Belgium', 'France', 'Germany'])
        must((await greece.locator('.gets-not').textContent()).includes(country), `${country} is not named`);
});
await check('another name does not confirm; five seconds can be stopped', async () => {
    await greece.getByRole('radio', { name: /LIVE/ }).check();
    await web.saved(greece);
    await web.send(greece, 'Lotte');
    await greece.getByText('That is not the name').waitFor();
    await web.send(greece, 'nikos');
    await press(greece, 'STOP');
    await greece.getByRole('button', { name: 'Send', exact: true }).waitFor();
});
await check('sent: the other console fills its screen and sounds', async () => {
    const before = (await web.tones(italy)).length;
    await web.send(greece, 'Nikos');
    await italy.locator('.incoming-live').waitFor();
    await web.sounds(italy, 'live');
    const last = (await web.tones(italy)).at(-1);
    must((await web.tones(italy)).length > before && last.loop && last.state === 'running', JSON.stringify(last));
});
await check('the card says it in the order of the first minute', async () => {
    await italy.locator('.case-card .fact').first().waitFor();
    const text = await italy.locator('main').innerText();
    const wanted = ['URGENT – LIVE', 'Faros', 'accredited', 'Nikos', '9 years old', 'Patras, ferry port', 'Police', 'Publicity', '+30'];
    const places = wanted.map((one) => text.indexOf(one));
    must(places.every((place, n) => place >= 0 && (n === 0 || place > places[n - 1])), JSON.stringify(wanted.map((one, n) => [one, places[n]])));
});
await check('focus is on Acknowledge, Escape does not dismiss', async () => {
    must((await italy.evaluate(() => document.activeElement?.textContent)) === 'Acknowledge', 'the focus is elsewhere');
    await italy.keyboard.press('Escape');
    must(await italy.locator('.incoming-live').isVisible() && (await web.alarm(italy)) === 'live', 'Escape ended it');
});
await check('the publisher sees that it was shown', () => row(greece, 'Italy').locator('td.reached').nth(2).waitFor());

/* ---- a drill beside it ---- */

const live = await italy.screenshot();
await check('an exercise waits behind what is live', async () => {
    await web.compose(greece, { name: 'Mira', status: 'EXERCISE' });
    await greece.locator('html.exercise').waitFor();
    await web.send(greece, 'Mira');
    await italy.getByText('1 more waits behind this').waitFor();
    must(await italy.locator('.incoming-live').isVisible() && (await web.alarm(italy)) === 'live', 'the exercise is on top');
});
await check('acknowledged with the keyboard: the exercise follows, in another tone, with the word on every button', async () => {
    await italy.keyboard.press('Enter');
    await italy.locator('.incoming-exercise').waitFor();
    await web.sounds(italy, 'exercise');
    must((await italy.title()).startsWith('EXERCISE'), 'the title does not say it');
    must(!/\bLIVE\b/.test(await italy.locator('body').innerText()), 'the word LIVE stands in its window');
    const silent = (await italy.locator('.answers button').allTextContents()).filter((text) => !text.includes('EXERCISE'));
    must(silent.length === 0, `buttons without the word: ${silent}`);
    const [first, ...rest] = await web.tones(italy);
    const drill = rest.at(-1);
    must(drill.seconds !== first.seconds && drill.loudest < first.loudest, JSON.stringify([first, drill]));
});
await check('the frames of the two cannot be mistaken, by colour or without it', async () => {
    const [alert, drill] = [await ring(live), await ring(await italy.screenshot())];
    must(alert.red > 0.95 && alert.violet === 0 && alert.spread < 10, `live: ${JSON.stringify(alert)}`);
    must(drill.red === 0 && drill.violet > 0.25 && drill.violet < 0.8 && drill.spread > 50, `exercise: ${JSON.stringify(drill)}`);
    console.log(`   live ${JSON.stringify(alert)}, exercise ${JSON.stringify(drill)}`);
});
await check('nor those of the two publishers', async () => {
    await greece.locator('.ladder').waitFor();
    const drill = await ring(await greece.screenshot());
    await web.screen(greece, 'inbox');
    await greece.locator('html:not(.exercise)').waitFor();
    const calm = await ring(await greece.screenshot());
    must(drill.violet > 0.25 && calm.violet < 0.02, JSON.stringify({ drill, calm }));
});
await check('one click answers the exercise and ends its tone', async () => {
    await italy.getByRole('button', { name: /EXERCISE: Nothing here/ }).click();
    await web.sounds(italy, '');
    await greece.getByRole('link', { name: /Mira/ }).click();
    await row(greece, 'Italy').and(greece.locator('.finished')).waitFor();
});

/* ---- the case goes on ---- */

await check('the ladder has the acknowledgement', async () => {
    await web.screen(greece, 'inbox');
    await greece.getByRole('link', { name: /Nikos/ }).click();
    await row(greece, 'Italy').and(greece.locator('.finished')).waitFor();
    await web.screen(italy, 'inbox');
    await italy.getByRole('link', { name: /Nikos/ }).click();
    await italy.locator('.timeline').waitFor();
});
await check('a sighting reaches the publisher, who answers', async () => {
    await press(italy, 'Sighting');
    await italy.getByLabel('Where').fill('Bari, ferry terminal');
    await italy.getByLabel('Country').selectOption('IT');
    await press(italy, 'Send');
    await greece.getByText('Bari, ferry terminal').waitFor();
    await press(greece, 'Answer');
    await greece.getByLabel('Your words').fill('We tell the police there');
    await press(greece, 'Send');
    await italy.getByText('We tell the police there').waitFor();
});
await check('a question while one relay is dead', async () => {
    web.kill('relay-1');
    await press(italy, 'Question');
    await italy.getByLabel('Your words').fill('Which coat?');
    await press(italy, 'Send');
    await greece.getByText('Which coat?').waitFor();
});
await check('an update arrives while that relay is dead, and sounds again', async () => {
    await greece.getByRole('link', { name: 'Update' }).click();
    await greece.getByLabel('Why it is urgent, in one line').fill('Seen boarding at noon');
    await press(greece, 'Send the update');
    await greece.getByText('(revision 2)').waitFor();
    await italy.getByText('Seen boarding at noon').first().waitFor();
    await web.sounds(italy, 'live');
    await italy.getByRole('button', { name: 'Acknowledge' }).first().click();
    await web.sounds(italy, '');
    await row(greece, 'Italy').and(greece.locator('.finished')).waitFor();
    web.start('relay', 'relay-1');
});
await check('closed with its outcome, and seen closed', async () => {
    await press(greece, 'Close');
    await greece.getByRole('radio', { name: 'Found safe' }).check();
    await press(greece, 'Close the case');
    await greece.getByRole('link', { name: 'Open again' }).waitFor();
    await italy.getByText(/Found safe/).first().waitFor();
});
await check('closed by mistake: it opens again', async () => {
    await greece.getByRole('link', { name: 'Open again' }).click();
    await press(greece, 'Open again');
    await greece.getByRole('button', { name: 'Retract' }).waitFor();
    await italy.locator('.incoming-live').waitFor();
    await web.sounds(italy, 'live');
    await acknowledge(italy);
    await web.sounds(italy, '');
});
await check('retracted in two clicks while a relay is dead, as loud as the alert', async () => {
    web.kill('relay-2');
    await press(greece, 'Retract');
    await press(greece, 'Retract now');
    await italy.getByText('RETRACTED – sent in error').waitFor();
    await web.sounds(italy, 'live');
    await italy.keyboard.press('Enter');
    await web.sounds(italy, '');
    web.start('relay', 'relay-2');
});

/* ---- offline and back ---- */

await check('every relay is dead: OFFLINE in words, with the phone list, and back', async () => {
    await web.screen(italy, 'inbox');
    web.kill('relay-1');
    web.kill('relay-2');
    await italy.getByRole('heading', { name: 'OFFLINE' }).waitFor();
    await italy.getByText('Your node has lost every relay').waitFor();
    await italy.locator('tr', { hasText: 'Greece' }).getByText('+30').waitFor();
    web.start('relay', 'relay-1');
    web.start('relay', 'relay-2');
    await italy.locator('.line-live').waitFor();
});
await check('the node is dead: RECONNECTING, then OFFLINE; an alert of that time sounds when it is back', async () => {
    web.kill('it-lanterna');
    await italy.locator('.line-reconnecting').waitFor();
    await italy.getByRole('heading', { name: 'OFFLINE' }).waitFor();
    await italy.getByText('This window has lost its node').waitFor();
    await web.compose(greece, { name: 'Zoe', status: 'ACTUAL' });
    await web.send(greece, 'Zoe');
    await row(greece, 'Italy').waitFor();
    web.start('node', 'it-lanterna');
    await italy.locator('.incoming-live').waitFor();
    await web.sounds(italy, 'live');
});
await check('the window is loaded anew while it sounds: it says that it is silent, and one click lets it sound', async () => {
    await italy.reload();
    await italy.locator('.incoming-live').waitFor();
    await italy.getByText('No alarm sounds').waitFor();
    must((await web.tones(italy)).every((one) => one.state !== 'running'), 'it sounds without a click');
    await press(italy, 'Switch the sound on');
    await web.sounds(italy, 'live');
    await acknowledge(italy);
    await web.sounds(italy, '');
});
await web.finish();
