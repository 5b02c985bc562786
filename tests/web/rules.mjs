/*
 * What a hotline's own rules make of the screens: an alert that waits for a second person, the glass that is broken when
 * nobody is there, a recipient that is late and has to be called, a poster that has to come down again.
 */
import * as web from './lib.mjs';
import { check, must } from './lib.mjs';
import { findings } from './axe.mjs';

web.chain();
const eleni = await web.console_('gr-faros');
const petros = await web.console_('gr-faros');
const italy = await web.console_('it-lanterna');
await web.logIn(eleni, 'eleni');
await web.logIn(petros, 'petros');
await web.logIn(italy, 'paola');
async function accessible(page) {
    const found = await findings(page);
    must(found.length === 0, found.join(' | '));
}
const own = (page) => page.locator('section[data-need=REQUIRED]');
const row = (page, country) => page.locator('.ladder tbody tr', { hasText: country });

await check('whoever wrote it cannot send it alone, and is told so before the five seconds', async () => {
    await web.compose(eleni, { name: 'Nikos', status: 'ACTUAL', publicity: /May be published/ });
    await own(eleni).getByText('Ask a').waitFor();
    must(await own(eleni).getByRole('button', { name: 'I have read it: approve' }).count() === 0, 'one may approve oneself');
    await web.send(eleni, 'Nikos');
    await eleni.getByText('Nobody has approved it').waitFor();
    must(await eleni.getByRole('button', { name: 'STOP' }).count() === 0, 'it counts down');
});
await check('it waits in the inbox of the second person, who reads it and approves', async () => {
    await web.screen(petros, 'inbox');
    await petros.getByRole('link', { name: /Nikos/ }).first().click();
    await petros.getByRole('link', { name: /Check and send/ }).click();
    await petros.getByRole('button', { name: 'I have read it: approve' }).click();
    await own(eleni).getByText(/Approved by petros/).waitFor();
});
await check('any later change ends the approval', async () => {
    await eleni.getByRole('link', { name: /What happened/ }).click();
    await eleni.getByLabel('Place', { exact: true }).fill('Patras, railway station');
    await web.saved(eleni);
    await eleni.getByRole('link', { name: /Check and send/ }).click();
    await own(eleni).getByText('Ask a').waitFor();
});
await check('approved again, it is sent', async () => {
    await petros.getByRole('button', { name: 'I have read it: approve' }).click();
    await own(eleni).getByText(/Approved by petros/).waitFor();
    await web.send(eleni, 'Nikos');
    await eleni.locator('.ladder').waitFor();
    await italy.locator('.incoming-live').waitFor();
});
await check('a recipient that is late is red, and has the number to call', async () => {
    await row(eleni, 'Italy').and(eleni.locator('.stuck')).getByText(/\+39/).waitFor();
    await web.screen(petros, 'inbox');
    await petros.locator('.card-late').getByText(/\+39/).waitFor();
});
await check('acknowledged, it is not red any more', async () => {
    await italy.locator('.answers button').first().click();
    await row(eleni, 'Italy').and(eleni.locator('.finished')).waitFor();
    must(await row(eleni, 'Italy').and(eleni.locator('.stuck')).count() === 0, 'it is still red');
});
await check('a poster is registered before it is printed, has number and code, and has to come down', async () => {
    await eleni.getByRole('link', { name: 'Poster' }).click();
    await eleni.getByRole('button', { name: 'Register this poster' }).waitFor();
    must(await eleni.getByRole('button', { name: 'Print' }).count() === 0, 'it can be printed');
    await eleni.getByRole('button', { name: 'Register this poster' }).click();
    await eleni.getByRole('button', { name: 'Print' }).waitFor();
    await eleni.locator('.poster').getByText('116 000').first().waitFor();
    await eleni.locator('.poster').getByRole('img', { name: /Code that calls/ }).waitFor();
});
await check('on paper it is one sheet of A4 and nothing of the console', async () => {
    const pages = (await eleni.pdf({ preferCSSPageSize: true, format: 'A4' })).toString('latin1').match(/\/Type\s*\/Page\b(?!s)/g);
    must(pages?.length === 1, `${pages?.length} pages`);
    await eleni.emulateMedia({ media: 'print' });
    for (const one of ['header.top', '#made', 'main button']) must(!(await eleni.locator(one).first().isVisible()), `${one} is printed`);
    await eleni.emulateMedia({ media: null });
});
await check('no second person for a retraction', async () => {
    await web.screen(eleni, 'inbox');
    await eleni.getByRole('link', { name: /Nikos/ }).first().click();
    await eleni.getByRole('button', { name: 'Retract', exact: true }).click();
    await eleni.getByRole('button', { name: 'Retract now' }).click();
    await italy.getByText('RETRACTED – sent in error').waitFor();
    await italy.locator('.answers button').first().click();
});
await check('after it, the poster is on the list of what has to come down', async () => {
    await eleni.getByText('1 poster has to be taken down').first().waitFor();
});
await check('nobody is there: the glass is broken, with a reason, and everybody is told', async () => {
    await web.compose(eleni, { name: 'Zoe', status: 'ACTUAL', category: /Parental abduction/ });
    await own(eleni).locator('summary').click();
    await eleni.getByLabel('Why it cannot wait').fill('The ferry leaves in ten minutes');
    await web.send(eleni, 'Zoe');
    await eleni.locator('.ladder').waitFor();
    await petros.getByText(/eleni has sent an alert without a second person/).first().waitFor();
    await italy.locator('.incoming-live').waitFor();
});

await check('an update that reaches further waits for the second person too; a correction does not', async () => {
    await eleni.getByRole('link', { name: 'Update', exact: true }).click();
    await eleni.getByLabel('Place', { exact: true }).fill('Patras, bus station');
    await eleni.getByRole('button', { name: 'Send the update' }).click();
    await eleni.locator('.timeline').getByText('(revision 2)').waitFor();
    await eleni.getByRole('link', { name: 'Update', exact: true }).click();
    await eleni.getByRole('radio', { name: /May be published/ }).check();
    await eleni.getByRole('button', { name: 'Send the update' }).click();
    await eleni.getByText('This update reaches further than what was sent').waitFor();
    await accessible(eleni);
    await eleni.getByRole('button', { name: 'Ask a second person' }).click();
    await own(eleni).getByText('Ask a').waitFor();
    await web.screen(petros, 'inbox');
    await petros.getByRole('region', { name: /for your approval/ }).getByRole('link', { name: /Zoe/ }).click();
    await petros.getByRole('button', { name: 'I have read it: approve' }).click();
    await own(eleni).getByText(/Approved by petros/).waitFor();
    await eleni.getByRole('button', { name: /Send$/ }).click();
    await eleni.locator('.timeline').getByText('(revision 3)').waitFor();
    await eleni.getByText(/Approved by petros/).waitFor();
});

/* ---- mediators ---- */

const joost = await web.console_('nl-brug');
await check('a parental abduction is handed to mediators; without a language and a country it is not', async () => {
    await web.logIn(joost, 'joost');
    await eleni.getByRole('button', { name: 'Ask mediators' }).click();
    await eleni.getByRole('button', { name: 'Ask them' }).click();
    await eleni.getByText('Choose at least one country and one language').waitFor();
    await accessible(eleni);
    await eleni.getByRole('checkbox', { name: 'Netherlands' }).check();
    await eleni.getByRole('checkbox', { name: 'French' }).check();
    await eleni.getByLabel('What the mediators should know').fill('Both parents may be willing to talk.');
    await eleni.getByRole('button', { name: 'Ask them' }).click();
    await eleni.locator('[aria-labelledby=mediation] [data-state=OPEN]').waitFor();
    await accessible(eleni);
});
await check('the mediator is told on every screen, reads it, and learns no name', async () => {
    await joost.locator('.stalls-calm a', { hasText: /^GR-/ }).click();
    await joost.getByText('Both parents may be willing to talk.').waitFor();
    must(!/Zoe/.test(await joost.locator('body').textContent()), 'the name of the child');
    await accessible(joost);
    must(await joost.locator('.top nav .count').textContent() === '1', 'not counted in the header');
});
await check('who declines says why', async () => {
    await joost.getByRole('button', { name: 'Decline' }).click();
    await joost.getByRole('button', { name: 'Decline' }).click();
    await joost.getByText('Say why you decline').waitFor();
    await joost.getByRole('button', { name: 'Cancel' }).click();
});
await check('taken on, and the hotline that asked reads it', async () => {
    await joost.getByRole('button', { name: 'Take it on' }).click();
    await joost.locator('[data-state=ACCEPTED]').waitFor();
    await eleni.locator('[aria-labelledby=mediation] [data-state=ACCEPTED]').getByText(/Bureau De Brug/).waitFor();
});
await web.finish();
