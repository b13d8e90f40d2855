// What can be attached to a message: the menu of it, and the files that were picked there.
import { useRef, useState } from 'preact/hooks';
import type { FileKind } from '../api/actions.js';
import type { SheetRequest } from '../bubbles/context.js';
import type { IconName } from '../parts/icons.js';
import { IconButton } from '../parts/parts.js';
import { texts } from '../texts.js';
import { Menu, MenuItem } from './menus.js';

/** A file and what it is to be sent as. */
export interface Picked {
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

/** The menu of what can be attached. */
export function Attach({ open, pick }: { open(sheet: SheetRequest): void; pick(files: Picked[]): void }) {
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

/** A file that nobody said what to send as. */
export function pickedAs(file: File): Picked {
  return { file, kind: kindOf(file), voice: false };
}

/** What a file is sent as unless somebody says otherwise: by its media type. */
export function kindOf(file: File): FileKind {
  if (file.type === 'image/webp') return 'sticker';
  const [kind] = file.type.split('/');
  return kind === 'image' || kind === 'video' || kind === 'audio' ? kind : 'document';
}
