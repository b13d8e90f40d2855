// Files that were picked, before they go: a caption, what to send each as, and sending them one by one.
import { useEffect, useState } from 'preact/hooks';
import { type Address, type FileKind, sendFile } from '../api/actions.js';
import { Icon } from '../parts/icons.js';
import { Sheet } from '../parts/parts.js';
import { formatBytes } from '../pure/numbers.js';
import { attempt } from '../state/toasts.js';
import { texts } from '../texts.js';
import { kindOf, type Picked } from './attach.js';

interface FilesSheetProps {
  picked: readonly Picked[];
  close(): void;
  send(caption: string, kinds: readonly FileKind[]): void;
}

/** What was picked, with a caption and what to send it as, before it goes. */
export function FilesSheet({ picked, close, send }: FilesSheetProps) {
  const [caption, setCaption] = useState('');
  const [kinds, setKinds] = useState(picked.map(({ kind }) => kind));
  const go = () => send(caption, kinds);
  return (
    <Sheet
      title={picked.length === 1 ? (picked[0]?.file.name ?? '') : texts.bubble.items(picked.length)}
      close={close}
      foot={
        <form
          class="sheet-line"
          onSubmit={(event) => {
            event.preventDefault();
            go();
          }}
        >
          <input
            data-autofocus
            value={caption}
            placeholder={texts.composer.caption}
            aria-label={texts.composer.caption}
            onInput={(event) => setCaption(event.currentTarget.value)}
          />
          <button type="submit" class="send" aria-label={texts.send}>
            <Icon name="send" />
          </button>
        </form>
      }
    >
      {picked.map(({ file, voice }, index) => (
        <div class="picked" key={`${file.name}${file.size}`}>
          <PickedPreview file={file} />
          <span>
            <strong>{file.name}</strong>
            <small>{formatBytes(file.size)}</small>
          </span>
          {voice ? (
            <small>{texts.bubble.voice}</small>
          ) : (
            <select
              aria-label={texts.composer.sendAs}
              value={kinds[index]}
              onChange={(event) => setKinds(kinds.with(index, kindNamed(event.currentTarget.value)))}
            >
              {optionsFor(file).map((kind) => (
                <option key={kind} value={kind}>
                  {KIND_NAMES[kind]}
                </option>
              ))}
            </select>
          )}
        </div>
      ))}
    </Sheet>
  );
}

/** Sends files in their order; the first carries the caption and the quote. What is refused is said, and the rest goes on. */
export async function sendAll(
  address: Address,
  picked: readonly Picked[],
  { caption, kinds, quoted }: { caption: string; kinds: readonly FileKind[]; quoted: string | undefined },
): Promise<void> {
  for (const [index, { file, kind, voice }] of picked.entries()) {
    const about = { kind: kinds[index] ?? kind, voice, ...(index === 0 ? { caption } : {}) };
    await attempt(() => sendFile(address, file, about, index === 0 ? quoted : undefined));
  }
}

const KIND_NAMES: Readonly<Record<FileKind, string>> = {
  image: texts.bubble.photo,
  video: texts.bubble.video,
  audio: texts.bubble.audio,
  document: texts.bubble.document,
  sticker: texts.bubble.sticker,
};

function kindNamed(text: string): FileKind {
  return text === 'image' || text === 'video' || text === 'audio' || text === 'sticker' ? text : 'document';
}

function optionsFor(file: File): FileKind[] {
  const kind = kindOf(file);
  return [...new Set<FileKind>(kind === 'sticker' ? ['sticker', 'image', 'document'] : [kind, 'document'])];
}

function PickedPreview({ file }: { file: File }) {
  const [url, setUrl] = useState('');
  useEffect(() => {
    if (!file.type.startsWith('image/')) return;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  if (url !== '') return <img class="picked-image" src={url} alt="" />;
  return (
    <span class="picked-image">
      <Icon name={file.type.startsWith('audio/') ? 'music' : file.type.startsWith('video/') ? 'play' : 'file'} />
    </span>
  );
}
