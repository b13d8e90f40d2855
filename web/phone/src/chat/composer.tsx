// Where the user writes: text, emoji, files by picker, by paste and by drag and drop.
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Address, type FileKind, say, sendFile } from '../api/actions.js';
import type { SheetRequest } from '../bubbles/context.js';
import { Icon, type IconName } from '../parts/icons.js';
import { IconButton, Sheet } from '../parts/parts.js';
import { formatBytes } from '../pure/numbers.js';
import { summaryOf } from '../pure/summary.js';
import type { Message } from '../state/model.js';
import { attempt } from '../state/toasts.js';
import { texts } from '../texts.js';
import { EmojiGrid } from './emoji.js';
import { Menu, MenuItem } from './menus.js';

interface Props {
  address: Address;
  quoted: Message | undefined;
  stopQuoting(): void;
  open(sheet: SheetRequest): void;
  sent(): void;
}

interface Picked {
  file: File;
  kind: FileKind;
  voice: boolean;
}

const PICKERS: readonly {
  icon: IconName;
  text: string;
  accept: string;
  kind: FileKind | undefined;
  voice?: boolean;
}[] = [
  { icon: 'image', text: texts.composer.photo, accept: 'image/*,video/*', kind: undefined },
  { icon: 'file', text: texts.composer.document, accept: '', kind: 'document' },
  { icon: 'music', text: texts.composer.audio, accept: 'audio/*', kind: 'audio' },
  { icon: 'mic', text: texts.composer.voice, accept: 'audio/*', kind: 'audio', voice: true },
  { icon: 'sticker', text: texts.composer.sticker, accept: 'image/webp', kind: 'sticker' },
];

/** The composer of a chat. */
export function Composer({ address, quoted, stopQuoting, open, sent }: Props) {
  const [text, setText] = useState('');
  const [picked, setPicked] = useState<Picked[]>([]);
  const [isEmojiOpen, setEmojiOpen] = useState(false);
  const [isDropping, setDropping] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (quoted !== undefined) area.current?.focus();
  }, [quoted]);
  useEffect(() => {
    // Where a keyboard would slide over half the screen, the user asks for it.
    if (matchMedia('(hover: hover)').matches) area.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    if (area.current === null) return;
    area.current.style.height = 'auto';
    area.current.style.height = `${Math.min(area.current.scrollHeight, 132)}px`;
  }, [text]);
  useDrop(area, setDropping, (files) => setPicked(files.map((file) => ({ file, kind: kindOf(file), voice: false }))));
  const send = () => {
    const body = text.trim();
    if (body === '') return;
    setText('');
    void attempt(() => say(address, { type: 'text', text: { body } }, quoted?.id)).then((isDone) => {
      if (!isDone) setText(body);
    });
    sent();
  };
  const put = (emoji: string) => {
    const { selectionStart: start, selectionEnd: end } = area.current ?? {
      selectionStart: text.length,
      selectionEnd: text.length,
    };
    setText(`${text.slice(0, start)}${emoji}${text.slice(end)}`);
    area.current?.focus();
  };
  return (
    <footer class="composer">
      {quoted === undefined ? null : (
        <div class="composer-quote">
          <span>
            <strong>{texts.composer.quoting}</strong>
            <small>{summaryOf(quoted, texts.bubble)}</small>
          </span>
          <IconButton icon="close" label={texts.composer.stopQuoting} onClick={stopQuoting} size={18} />
        </div>
      )}
      {isEmojiOpen ? <EmojiGrid choose={put} /> : null}
      <div class="composer-line">
        <div class="composer-box">
          <IconButton
            icon="smile"
            label={texts.composer.emoji}
            aria-expanded={isEmojiOpen}
            onClick={() => setEmojiOpen(!isEmojiOpen)}
          />
          <textarea
            ref={area}
            rows={1}
            value={text}
            placeholder={texts.composer.placeholder}
            aria-label={texts.composer.placeholder}
            maxLength={4096}
            onInput={(event) => setText(event.currentTarget.value)}
            onFocus={() => setEmojiOpen(false)}
            onKeyDown={(event) => {
              if (event.key === 'Escape') stopQuoting();
              if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
              event.preventDefault();
              send();
            }}
            onPaste={(event) => {
              const files = [...(event.clipboardData?.files ?? [])];
              if (files.length === 0) return;
              event.preventDefault();
              setPicked(files.map((file) => ({ file, kind: kindOf(file), voice: false })));
            }}
          />
          <Attach open={open} pick={setPicked} />
        </div>
        <button type="button" class="send" aria-label={texts.send} disabled={text.trim() === ''} onClick={send}>
          <Icon name="send" />
        </button>
      </div>
      {isDropping ? <div class="drop-here">{texts.composer.drop}</div> : null}
      {picked.length === 0 ? null : (
        <FilesSheet
          picked={picked}
          close={() => setPicked([])}
          send={(caption, kinds) => {
            setPicked([]);
            void sendAll(address, picked, { caption, kinds, quoted: quoted?.id });
            sent();
          }}
        />
      )}
    </footer>
  );
}

async function sendAll(
  address: Address,
  picked: readonly Picked[],
  { caption, kinds, quoted }: { caption: string; kinds: readonly FileKind[]; quoted: string | undefined },
): Promise<void> {
  for (const [index, { file, kind, voice }] of picked.entries()) {
    const about = { kind: kinds[index] ?? kind, voice, ...(index === 0 ? { caption } : {}) };
    await attempt(() => sendFile(address, file, about, index === 0 ? quoted : undefined));
  }
}

function kindOf(file: File): FileKind {
  if (file.type === 'image/webp') return 'sticker';
  const [kind] = file.type.split('/');
  return kind === 'image' || kind === 'video' || kind === 'audio' ? kind : 'document';
}

/** Files that are dropped anywhere on the chat. */
function useDrop(
  inside: { current: HTMLElement | null },
  over: (is: boolean) => void,
  drop: (files: File[]) => void,
): void {
  const told = useRef({ over, drop });
  told.current = { over, drop };
  useEffect(() => {
    const screen = inside.current?.closest<HTMLElement>('.screen');
    if (screen === null || screen === undefined) return;
    const allow = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files') !== true) return;
      event.preventDefault();
      told.current.over(true);
    };
    const leave = (event: DragEvent) => {
      if (!(event.relatedTarget instanceof Node) || !screen.contains(event.relatedTarget)) told.current.over(false);
    };
    const take = (event: DragEvent) => {
      event.preventDefault();
      told.current.over(false);
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length > 0) told.current.drop(files);
    };
    screen.addEventListener('dragover', allow);
    screen.addEventListener('dragleave', leave);
    screen.addEventListener('drop', take);
    return () => {
      screen.removeEventListener('dragover', allow);
      screen.removeEventListener('dragleave', leave);
      screen.removeEventListener('drop', take);
    };
  }, [inside]);
}

/** The menu of what can be attached. */
function Attach({ open, pick }: { open: Props['open']; pick(files: Picked[]): void }) {
  const [anchor, setAnchor] = useState<DOMRect>();
  const input = useRef<HTMLInputElement>(null);
  const [picker, setPicker] = useState(PICKERS[0]);
  const choose = (next: (typeof PICKERS)[number]) => {
    setPicker(next);
    setAnchor(undefined);
    // The input takes its new `accept` before it opens.
    requestAnimationFrame(() => input.current?.click());
  };
  const show = (sheet: SheetRequest) => {
    setAnchor(undefined);
    open(sheet);
  };
  return (
    <>
      <IconButton
        icon="clip"
        label={texts.composer.attach}
        aria-haspopup="menu"
        onClick={(event) => setAnchor(event.currentTarget.getBoundingClientRect())}
      />
      <input
        ref={input}
        type="file"
        hidden
        multiple
        aria-label={texts.composer.attach}
        accept={picker?.accept ?? ''}
        onChange={(event) => {
          const files = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = '';
          pick(files.map((file) => ({ file, kind: picker?.kind ?? kindOf(file), voice: picker?.voice === true })));
        }}
      />
      {anchor === undefined ? null : (
        <Menu at={anchor} close={() => setAnchor(undefined)} label={texts.composer.attach}>
          {PICKERS.map((each) => (
            <MenuItem key={each.text} icon={each.icon} text={each.text} press={() => choose(each)} />
          ))}
          <MenuItem icon="pin" text={texts.composer.location} press={() => show({ kind: 'place' })} />
          <MenuItem icon="person" text={texts.composer.contact} press={() => show({ kind: 'contact' })} />
        </Menu>
      )}
    </>
  );
}

interface FilesSheetProps {
  picked: readonly Picked[];
  close(): void;
  send(caption: string, kinds: readonly FileKind[]): void;
}

/** What was picked, with a caption and what to send it as, before it goes. */
function FilesSheet({ picked, close, send }: FilesSheetProps) {
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
