// The world as a whole: out as one file, in from one, back to the start; and its numbers.
import { useRef } from 'preact/hooks';
import { call, get } from '../api/client.js';
import { copyText, saveFile } from '../parts/hooks.js';
import { IconButton } from '../parts/parts.js';
import { formatNumber } from '../pure/numbers.js';
import { sandbox } from '../state/sandbox.js';
import { useStore } from '../state/store.js';
import { attempt, toast } from '../state/toasts.js';
import { texts } from '../texts.js';
import { Curl, Section } from './parts.js';

const WORLD_FILE = 'sandbox-world.json';

/** Export, import, reset, numbers. */
export function WorldTab() {
  const input = useRef<HTMLInputElement>(null);
  const businesses = useStore(sandbox, (state) => state.businesses);
  return (
    <>
      <Section title={texts.drawer.export} hint={texts.drawer.exportHint}>
        <button type="button" class="secondary" onClick={() => void attempt(exportWorld)}>
          {texts.drawer.export}
        </button>
        <Curl method="GET" path="/snapshot" />
      </Section>
      <Section title={texts.drawer.import} hint={texts.drawer.importHint}>
        <button type="button" class="secondary" onClick={() => input.current?.click()}>
          {texts.drawer.import}
        </button>
        <input
          ref={input}
          type="file"
          hidden
          accept="application/json,.json"
          aria-label={texts.drawer.import}
          onChange={(event) => {
            const [file] = event.currentTarget.files ?? [];
            event.currentTarget.value = '';
            if (file !== undefined) void attempt(() => importWorld(file));
          }}
        />
        <Curl method="POST" path="/snapshot" file={WORLD_FILE} />
      </Section>
      <Section title={texts.drawer.reset} hint={texts.drawer.resetHint}>
        <button type="button" class="secondary danger" onClick={() => void attempt(() => call('POST', '/reset', {}))}>
          {texts.drawer.reset}
        </button>
        <Curl method="POST" path="/reset" body={{}} />
      </Section>
      <Section title={texts.drawer.numbers}>
        <ul class="faults">
          {businesses.map(({ phoneNumberId, number, name, wabaId }) => (
            <li key={phoneNumberId}>
              <span>
                <strong>{name}</strong>
                <small>
                  {formatNumber(number)} · {phoneNumberId} · WABA {wabaId}
                </small>
              </span>
              <IconButton
                icon="copy"
                size={16}
                label={`${texts.copy}: ${phoneNumberId}`}
                onClick={() => void copyText(phoneNumberId)}
              />
            </li>
          ))}
        </ul>
      </Section>
    </>
  );
}

async function exportWorld(): Promise<void> {
  const snapshot = JSON.stringify(await get('/snapshot'));
  saveFile(WORLD_FILE, new Blob([snapshot], { type: 'application/json' }));
}

async function importWorld(file: File): Promise<void> {
  await call('POST', '/snapshot', JSON.parse(await file.text()));
  toast(texts.drawer.imported);
}
