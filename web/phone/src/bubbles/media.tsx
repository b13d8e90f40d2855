// Bubbles with files: pictures, videos, sounds, documents, stickers.
import { useEffect, useRef, useState } from 'preact/hooks';
import { urlOf } from '../api/client.js';
import { Icon } from '../parts/icons.js';
import { flagAt, textAt } from '../pure/json.js';
import { randomOf } from '../pure/numbers.js';
import { span } from '../pure/times.js';
import type { Message } from '../state/model.js';
import { texts } from '../texts.js';

const BARS = 44;
const SPEEDS = [1, 1.5, 2] as const;

/** The URL of the file that a message names at `path`, in the object `value`; empty while there is none. */
export function fileUrl(message: Message, path: string, value: unknown): string {
  const id = message.media.get(path) || textAt(value, 'id');
  return id === '' || id === 'null' ? '' : urlOf(`/media/${id}`);
}

/** What stands for a file that is not there (yet). */
function Missing({ icon, text }: { icon: 'image' | 'play' | 'file' | 'music'; text: string }) {
  return (
    <div class="media-missing">
      <Icon name={icon} size={28} />
      <span>{text}</span>
    </div>
  );
}

/** A picture. */
export function Picture({ url, alt }: { url: string; alt: string }) {
  const [isBroken, setBroken] = useState(false);
  if (url === '' || isBroken) return <Missing icon="image" text={alt} />;
  return <img class="media" src={url} alt={alt} loading="lazy" onError={() => setBroken(true)} />;
}

/** A film, with the browser's own controls. */
export function Film({ url, label }: { url: string; label: string }) {
  const [isBroken, setBroken] = useState(false);
  if (url === '' || isBroken) return <Missing icon="play" text={label} />;
  return (
    // biome-ignore lint/a11y/useMediaCaption: messages carry no captions.
    <video class="media" src={url} controls preload="metadata" aria-label={label} onError={() => setBroken(true)} />
  );
}

/** A sticker: no bubble around it. */
export function Sticker({ url }: { url: string }) {
  return (
    <div class="sticker">
      <Picture url={url} alt={texts.bubble.sticker} />
    </div>
  );
}

/** A file to take away. */
export function Document({ message, value, path }: { message: Message; value: unknown; path: string }) {
  const url = fileUrl(message, path, value);
  const name = textAt(value, 'filename') || texts.bubble.document;
  const extension = /\.([a-z0-9]{1,5})$/i.exec(name)?.[1] ?? 'file';
  const content = (
    <>
      <span class="document-kind">{extension.toUpperCase()}</span>
      <span class="document-name">{name}</span>
    </>
  );
  if (url === '') return <div class="document">{content}</div>;
  return (
    <a class="document" href={url} download={name} aria-label={`${texts.bubble.download}: ${name}`}>
      {content}
      <Icon name="down" size={18} />
    </a>
  );
}

/** A sound: bars of its loudness, where it is, and how fast. */
export function Sound({ message, value, path }: { message: Message; value: unknown; path: string }) {
  const url = fileUrl(message, path, value);
  const audio = useRef<HTMLAudioElement>(null);
  const [state, setState] = useState({ isPlaying: false, at: 0, length: 0, speed: 0 });
  const bars = useBars(url, message.id);
  const isVoice = flagAt(value, 'voice');
  const label = isVoice ? texts.bubble.voice : texts.bubble.audio;
  const done = state.length > 0 ? state.at / state.length : 0;
  const toggle = () => {
    if (state.isPlaying) audio.current?.pause();
    else void audio.current?.play().catch(() => {});
  };
  const faster = () => {
    const speed = (state.speed + 1) % SPEEDS.length;
    if (audio.current !== null) audio.current.playbackRate = SPEEDS[speed] ?? 1;
    setState((before) => ({ ...before, speed }));
  };
  return (
    <div class={`sound${isVoice ? ' sound-voice' : ''}`}>
      <button
        type="button"
        class="sound-play"
        onClick={toggle}
        aria-label={`${state.isPlaying ? texts.bubble.pause : texts.bubble.play}: ${label}`}
      >
        <Icon name={state.isPlaying ? 'pause' : 'play'} size={20} />
      </button>
      <div class="sound-middle">
        <Bars bars={bars} done={done} />
        <span class="sound-time">
          {state.length > 0 ? span((state.isPlaying || state.at > 0 ? state.at : state.length) * 1000) : label}
        </span>
      </div>
      {state.isPlaying ? (
        <button type="button" class="sound-speed" onClick={faster}>
          {SPEEDS[state.speed]}×
        </button>
      ) : (
        <span class="sound-icon">
          <Icon name={isVoice ? 'mic' : 'music'} size={18} />
        </span>
      )}
      {url === '' ? null : (
        // biome-ignore lint/a11y/useMediaCaption: messages carry no captions.
        <audio
          ref={audio}
          src={url}
          preload="metadata"
          onPlay={() => setState((before) => ({ ...before, isPlaying: true }))}
          onPause={() => setState((before) => ({ ...before, isPlaying: false }))}
          onEnded={() => setState((before) => ({ ...before, isPlaying: false, at: 0 }))}
          onTimeUpdate={(event) =>
            setState((before) => ({
              ...before,
              at: audio.current === event.currentTarget ? event.currentTarget.currentTime : before.at,
            }))
          }
          onLoadedMetadata={(event) => {
            const { duration } = event.currentTarget;
            if (Number.isFinite(duration)) setState((before) => ({ ...before, length: duration }));
          }}
        />
      )}
    </div>
  );
}

function Bars({ bars, done }: { bars: readonly number[]; done: number }) {
  return (
    <svg class="bars" viewBox={`0 0 ${BARS * 4} 28`} preserveAspectRatio="none" aria-hidden="true">
      {bars.map((loudness, index) => {
        const height = 3 + loudness * 25;
        const isDone = index / bars.length < done;
        return (
          <rect
            key={index}
            class={isDone ? 'done' : ''}
            x={index * 4}
            y={14 - height / 2}
            width={2.4}
            height={height}
            rx={1.2}
          />
        );
      })}
    </svg>
  );
}

const known = new Map<string, readonly number[]>();

/** The loudness of a sound over its length, 0 to 1; made up until it was decoded, or when it cannot be. */
function useBars(url: string, seed: string): readonly number[] {
  const [bars, setBars] = useState<readonly number[]>(() => known.get(url) ?? madeUp(seed));
  useEffect(() => {
    if (url === '' || known.has(url)) return;
    let isGone = false;
    decode(url).then(
      (decoded) => {
        known.set(url, decoded);
        if (!isGone) setBars(decoded);
      },
      () => {},
    );
    return () => {
      isGone = true;
    };
  }, [url]);
  return bars;
}

function madeUp(seed: string): number[] {
  const random = randomOf(seed);
  return Array.from(
    { length: BARS },
    (_, index) => 0.15 + 0.85 * random() * Math.abs(Math.sin(index * 0.35 + random())),
  );
}

async function decode(url: string): Promise<number[]> {
  const bytes = await (await fetch(url)).arrayBuffer();
  const sound = await new OfflineAudioContext(1, 1, 44_100).decodeAudioData(bytes);
  const samples = sound.getChannelData(0);
  const step = Math.max(1, Math.floor(samples.length / BARS));
  const loudness = Array.from({ length: BARS }, (_, bar) => {
    let peak = 0;
    for (let index = bar * step; index < (bar + 1) * step; index += 16)
      peak = Math.max(peak, Math.abs(samples[index] ?? 0));
    return peak;
  });
  const loudest = Math.max(0.01, ...loudness);
  return loudness.map((each) => each / loudest);
}
