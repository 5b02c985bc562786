/* notes - what one shift leaves to the next; the newest are read again when the next shift begins. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call } from '../api';
import { drop, keep, kept } from '../keep';
import { t } from '../i18n';
import { may, readNotes, useNow, useStore } from '../store';
import { ago, stamp } from '../time';
import type { Note } from '../types';
import { Button, Title, Trouble, useAct } from '../ui';

const LENGTH_MAX = 4000;
const KEPT = 'note';

export function NoteText({ note }: { note: Note }): JSX.Element {
    const now = useNow(30_000);
    return (
        <>
            <p class="written" dir="auto">{note.text}</p>
            <p class="hint">{t('notes.by', { who: note.by, time: stamp(note.at), ago: ago(note.at, now) })}</p>
        </>
    );
}

function OneNote({ note, writes }: { note: Note; writes: boolean }): JSX.Element {
    const [asking, ask] = useState(false);
    const gone = useAct(() => call('DELETE', `/v1/notes/${encodeURIComponent(note.id)}`).then(readNotes));
    return (
        <li class="panel">
            <NoteText note={note} />
            {writes && (
                <div class="row">
                    {asking ? <><Button kind="danger" act={gone} focus>{t('notes.delete.yes')}</Button><Button kind="quiet" act={() => ask(false)}>{t('cancel')}</Button></>
                        : <Button kind="quiet" act={() => ask(true)}>{t('notes.delete')}</Button>}
                </div>
            )}
            <Trouble text={gone.error} />
        </li>
    );
}

export function Notes(): JSX.Element {
    const now = useStore();
    const [text, setText] = useState(kept<string>(KEPT) ?? '');
    const write = (next: string): void => {
        setText(next);
        keep(KEPT, next);
    };
    const add = useAct(async () => {
        await call('POST', '/v1/notes', { body: { text } });
        setText('');
        drop(KEPT);
        await readNotes();
    });
    useEffect(() => void readNotes(), []);
    const writes = may(now, 'NOTES');
    return (
        <>
            <Title>{t('nav.notes')}</Title>
            <p>{t('notes.text')}</p>
            {writes && (
                <form class="panel" onSubmit={(event) => {
                    event.preventDefault();
                    add.run();
                }}>
                    <label>{t('notes.new')}<textarea rows={5} required maxLength={LENGTH_MAX} value={text} onInput={(event) => write(event.currentTarget.value)} /></label>
                    <p class="hint">{t('notes.hint')}</p>
                    <Trouble text={add.error} />
                    <button class="main" aria-disabled={add.busy}>{t('notes.add')}</button>
                </form>
            )}
            {now.notes?.length === 0 && <p class="calm">{t('notes.none')}</p>}
            <ul>{(now.notes ?? []).map((note) => <OneNote key={note.id} note={note} writes={writes} />)}</ul>
        </>
    );
}
