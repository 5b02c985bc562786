/* What the outermost pixels of a window show: an exercise and a live alert must be told apart by them alone. */
import { browser } from './lib.mjs';

const RING = 10; /* pixels from each edge; the frame has 14 */
let canvasPage;

/* Of the ring of one picture: shares of red and of violet, and how much its brightness varies (0: one colour). */
export async function ring(png) {
    canvasPage ??= await (await browser.newContext()).newPage();
    return canvasPage.evaluate(async ([base64, width]) => {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
        canvas.drawImage(bitmap, 0, 0);
        const { data } = canvas.getImageData(0, 0, bitmap.width, bitmap.height);
        const sum = { pixels: 0, red: 0, violet: 0, light: 0, square: 0 };
        for (let y = 0; y < bitmap.height; y++) {
            for (let x = 0; x < bitmap.width; x++) {
                if (x >= width && x < bitmap.width - width && y >= width && y < bitmap.height - width) continue;
                const [r, g, b] = data.subarray(4 * (y * bitmap.width + x), 4 * (y * bitmap.width + x) + 3);
                const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
                sum.pixels++;
                if (r > 1.8 * g && r > 1.8 * b) sum.red++;
                if (b > 1.3 * r && b > 1.6 * g) sum.violet++;
                sum.light += light;
                sum.square += light * light;
            }
        }
        const mean = sum.light / sum.pixels;
        const share = (n) => Math.round((1000 * n) / sum.pixels) / 1000;
        return { red: share(sum.red), violet: share(sum.violet), spread: Math.round(Math.sqrt(Math.max(0, sum.square / sum.pixels - mean * mean))) };
    }, [png.toString('base64'), RING]);
}
