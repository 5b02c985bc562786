/* axe on the page as it stands: what it finds against WCAG 2.2 AA and its own best practice. */
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const STANDARD = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export async function findings(page, options = { runOnly: STANDARD }) {
    await page.evaluate(source);
    return page.evaluate(async (asked) => {
        const { violations } = await window.axe.run(document, { resultTypes: ['violations'], ...asked });
        return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(' ; ')}`);
    }, options);
}
