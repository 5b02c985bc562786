/*
 * picture - the sides of a picture by its first bytes, before anything decodes it: a small file can say that it is
 * 65535 pixels wide, and a browser that believed it would stand still. What is not known here is left to the browser.
 */
export interface Sides {
    width: number;
    height: number;
}
export const HEAD_BYTES = 256 * 1024;

/* The frame header is behind whatever the camera wrote first (FF, C0..CF but for C4, C8, CC). */
function jpeg(view: DataView): Sides | undefined {
    let at = 2;
    while (at + 9 < view.byteLength) {
        if (view.getUint8(at) !== 0xff) return undefined;
        const kind = view.getUint8(at + 1);
        if (kind >= 0xc0 && kind <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(kind)) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
        at += kind === 0xff ? 1 : 2 + view.getUint16(at + 2);
    }
    return undefined;
}

/* RIFF....WEBP with a VP8X, VP8L or VP8 chunk. */
function webp(view: DataView): Sides | undefined {
    const at = 20;
    switch (view.getUint32(12)) {
        case 0x56503858:
            return { width: 1 + (view.getUint32(at + 4, true) & 0xffffff), height: 1 + (view.getUint32(at + 6, true) >>> 8) };
        case 0x5650384c:
            return { width: 1 + (view.getUint32(at + 1, true) & 0x3fff), height: 1 + ((view.getUint32(at + 1, true) >>> 14) & 0x3fff) };
        default:
            return { width: view.getUint16(at + 6, true) & 0x3fff, height: view.getUint16(at + 8, true) & 0x3fff };
    }
}

export function sidesOf(bytes: ArrayBuffer): Sides | undefined {
    const view = new DataView(bytes);
    if (view.byteLength < 32) return undefined;
    const head = view.getUint32(0);
    if (head === 0x89504e47) return { width: view.getUint32(16), height: view.getUint32(20) };
    if (head >>> 16 === 0xffd8) return jpeg(view);
    if (head === 0x47494638) return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
    if (head === 0x52494646 && view.getUint32(8) === 0x57454250) return webp(view);
    return undefined;
}
