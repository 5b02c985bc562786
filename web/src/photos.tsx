/* photos - handed in by the browser, made small and plain there (no metadata leaves it) and once more in the node. */
import type { JSX } from 'preact';
import { useContext, useRef, useState } from 'preact/hooks';
import { call } from './api';
import { FormContext, put } from './form';
import { t } from './i18n';
import { HEAD_BYTES, sidesOf } from './picture';
import type { Photo } from './types';
import { Blocked, Trouble, useAct } from './ui';

const SIDE_MAX = 1600;
const FILE_MAX = 20 * 1024 * 1024;
const PIXELS_MAX = 120_000_000; /* what the largest telephone takes */
const PHOTOS_MAX = 3;
const shownHere = new Map<string, string>(); /* upload -> blob: for this window only */

export const preview = (photo: Photo | undefined): string | undefined =>
    photo?.thumbnail ? `data:image/jpeg;base64,${photo.thumbnail}` : shownHere.get(photo?.upload ?? '');

async function plain(file: File): Promise<Blob> {
    if (file.size > FILE_MAX) throw new Blocked(t('photo.large'));
    const sides = sidesOf(await file.slice(0, HEAD_BYTES).arrayBuffer());
    if (sides && sides.width * sides.height > PIXELS_MAX) throw new Blocked(t('photo.pixels'));
    let picture: ImageBitmap;
    try {
        picture = await createImageBitmap(file);
    } catch {
        throw new Blocked(t('photo.none'));
    }
    const scale = Math.min(1, SIDE_MAX / Math.max(picture.width, picture.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    return new Promise((done, fail) => canvas.toBlob((blob) => (blob ? done(blob) : fail(new Blocked(t('photo.none')))), 'image/jpeg', 0.88));
}

export function Photos(): JSX.Element {
    const form = useContext(FormContext);
    const latest = useRef(form); /* what is typed while a photo travels stays */
    latest.current = form;
    const photos = form.body.photos ?? [];
    const [file, setFile] = useState<File | undefined>(undefined);
    const set = (next: Photo[]): void => latest.current.set(put(latest.current.body, 'photos', next));
    const act = useAct(async () => {
        const chosen = (document.getElementById('photo-file') as HTMLInputElement).files?.[0] ?? file;
        if (!chosen) return;
        const blob = await plain(chosen);
        const { photo } = await call<{ photo: string }>('POST', '/v1/photos', { bytes: blob });
        shownHere.set(photo, URL.createObjectURL(blob));
        set([...(latest.current.body.photos ?? []), { upload: photo }]);
        setFile(undefined);
    });
    return (
        <div data-path="photos">
            <ul class="photos">
                {photos.map((photo, index) => (
                    <li key={photo.upload ?? photo.name}>
                        {preview(photo) ? <img src={preview(photo)} alt={t('photo.number', { n: index + 1 })} /> : <p class="hint">{t('photo.kept', { n: index + 1 })}</p>}
                        <label class="check"><input type="checkbox" checked={photo.looks_different_now ?? false} onChange={(event) => set(photos.map((one, n) => (n === index ? put(one, 'looks_different_now', event.currentTarget.checked || undefined) : one)))} />{t('card.photo.different')}</label>
                        <label>{t('photo.taken')}<input type="date" value={photo.taken_on ?? ''} onInput={(event) => set(photos.map((one, n) => (n === index ? put(one, 'taken_on', event.currentTarget.value) : one)))} /></label>
                        <button type="button" class="quiet" onClick={() => set(photos.filter((_, n) => n !== index))}>{t('photo.remove', { n: index + 1 })}</button>
                    </li>
                ))}
            </ul>
            {photos.length < PHOTOS_MAX && (
                <label>{t('photo.add')}
                    <input id="photo-file" type="file" accept="image/*" onChange={(event) => {
                        setFile(event.currentTarget.files?.[0]);
                        act.run();
                    }} />
                </label>
            )}
            <p class="hint">{t('photo.hint')}</p>
            {act.busy && <p role="status">{t('photo.busy')}</p>}
            <Trouble text={act.error} />
        </div>
    );
}
