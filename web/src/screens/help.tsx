/* help - for somebody who has never seen this: what to do, in the order in which it is needed, and the keys. */
import type { JSX } from 'preact';
import { t } from '../i18n';
import type { Key } from '../i18n';
import { to } from '../route';
import { Title } from '../ui';

const PARTS: { name: string; title: Key; lines: Key[]; go?: { screen: string; text: Key } }[] = [
    { name: 'incoming', title: 'help.incoming', lines: ['help.incoming.1', 'help.incoming.2', 'help.incoming.3'], go: { screen: 'inbox', text: 'nav.inbox' } },
    { name: 'send', title: 'help.send', lines: ['help.send.1', 'help.send.2', 'help.send.3'], go: { screen: 'compose', text: 'nav.compose' } },
    { name: 'after', title: 'help.after', lines: ['help.after.1', 'help.after.2', 'help.after.3'] },
    { name: 'wrong', title: 'help.wrong', lines: ['help.wrong.1', 'help.wrong.2'] },
    { name: 'silent', title: 'help.silent', lines: ['help.silent.1', 'help.silent.2', 'help.silent.3'], go: { screen: 'shift', text: 'help.to.shift' } },
    { name: 'down', title: 'help.down', lines: ['help.down.1', 'help.down.2'], go: { screen: 'phones', text: 'nav.phones' } },
    { name: 'practice', title: 'help.practice', lines: ['help.practice.1'], go: { screen: 'drills', text: 'nav.drills' } },
];
const KEYS: { keys: string[]; text: Key }[] = [
    { keys: ['F1'], text: 'help.key.help' },
    { keys: ['Tab', '⇧ Tab'], text: 'help.key.tab' },
    { keys: ['Enter'], text: 'help.key.enter' },
    { keys: ['Space'], text: 'help.key.space' },
    { keys: ['↑', '↓'], text: 'help.key.arrows' },
    { keys: ['Esc'], text: 'help.key.escape' },
    { keys: ['Ctrl +', 'Ctrl −'], text: 'help.key.zoom' },
];

export function Help(): JSX.Element {
    return (
        <>
            <Title>{t('nav.help')}</Title>
            <p class="big">{t('help.text')}</p>
            <div class="help">
                {PARTS.map(({ name, title, lines, go }) => (
                    <section key={name} class="panel" aria-labelledby={`help-${name}`}>
                        <h2 id={`help-${name}`}>{t(title)}</h2>
                        <ol class="numbered">{lines.map((line) => <li key={line}>{t(line)}</li>)}</ol>
                        {go && <p><a href={to(go.screen)}>{t(go.text)} →</a></p>}
                    </section>
                ))}
                <section class="panel" aria-labelledby="help-keys">
                    <h2 id="help-keys">{t('help.keys')}</h2>
                    <dl class="keys">
                        {KEYS.map(({ keys, text }) => <div key={text}><dt>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dt><dd>{t(text)}</dd></div>)}
                    </dl>
                </section>
            </div>
        </>
    );
}
