// Where the user writes: text, emoji, files by picker, by paste and by drag and drop.
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Address, say } from '../api/actions.js';
import type { SheetRequest } from '../bubbles/context.js';
import { Icon } from '../parts/icons.js';
import { IconButton } from '../parts/parts.js';
import { summaryOf } from '../pure/summary.js';
import type { Message } from '../state/model.js';
import { attempt } from '../state/toasts.js';
import { texts } from '../texts.js';
import { Attach, type Picked, pickedAs } from './attach.js';
import { useDrop } from './drop.js';
import { EmojiGrid } from './emoji.js';
import { FilesSheet, sendAll } from './picked-files.js';

interface Props {
  address: Address;
  quoted: Message | undefined;
  stopQuoting(): void;
  open(sheet: SheetRequest): void;
  sent(): void;
}

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
  useDrop(area, setDropping, (files) => setPicked(files.map(pickedAs)));
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
              setPicked(files.map(pickedAs));
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
