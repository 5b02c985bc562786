/*
 * alarm - the sound. A tone is computed once and looped by the audio hardware's own clock, so that no timer of a tab in
 * the background can let it fall silent. Live: a siren of two high tones without rest. Exercise: three low, soft beeps
 * and a rest. They share no pitch, no rhythm and no loudness.
 */
export type Tone = 'live' | 'exercise';

let context: AudioContext | undefined;
let playing: { tone: Tone; source: AudioBufferSourceNode } | undefined;

/* Only a person's click may start it: call this from a handler. True when sound can be heard from now on. */
export async function wake(): Promise<boolean> {
    context ??= new AudioContext();
    if (context.state !== 'running') await context.resume();
    return context.state === 'running';
}
export const canSound = (): boolean => context?.state === 'running';

const frames = { live: 1.2, exercise: 2.4 };

function sampleOf(tone: Tone, second: number): number {
    if (tone === 'live') {
        const pitch = second % 0.6 < 0.3 ? 960 : 1280;
        const wave = Math.sin(2 * Math.PI * pitch * second);
        return 0.8 * Math.tanh(2.5 * wave); /* near to a square: it cuts through */
    }
    const part = second % 0.4;
    if (second >= 1.2 || part >= 0.25) return 0;
    return 0.4 * Math.sin(2 * Math.PI * 420 * second) * Math.min(1, part * 60, (0.25 - part) * 60);
}

function bufferOf(audio: AudioContext, tone: Tone): AudioBuffer {
    const buffer = audio.createBuffer(1, Math.round(frames[tone] * audio.sampleRate), audio.sampleRate);
    const samples = buffer.getChannelData(0);
    for (let i = 0; i < samples.length; i++) samples[i] = sampleOf(tone, i / audio.sampleRate);
    return buffer;
}

export function start(tone: Tone): boolean {
    if (!context || context.state !== 'running') return false;
    if (playing?.tone === tone) return true;
    stop();
    const source = context.createBufferSource();
    source.buffer = bufferOf(context, tone);
    source.loop = true;
    source.connect(context.destination);
    source.start();
    playing = { tone, source };
    document.documentElement.dataset['alarm'] = tone;
    return true;
}

export function stop(): void {
    playing?.source.stop();
    playing?.source.disconnect();
    playing = undefined;
    delete document.documentElement.dataset['alarm'];
}

/* Once, soft: something is new that does not wake anybody. */
export function chime(): void {
    if (!context || context.state !== 'running' || playing) return;
    const gain = context.createGain();
    gain.gain.setValueAtTime(0.25, context.currentTime);
    gain.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.9);
    gain.connect(context.destination);
    const note = context.createOscillator();
    note.frequency.value = 660;
    note.connect(gain);
    note.start();
    note.stop(context.currentTime + 0.9);
}
