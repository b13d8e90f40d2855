// The drawer behind the curtain: what the sandbox did and does, and every handle of it.
import { useState } from 'preact/hooks';
import { Icon, type IconName } from '../parts/icons.js';
import { holdFocus, IconButton } from '../parts/parts.js';
import { page } from '../state/phones.js';
import { useStore } from '../state/store.js';
import { texts } from '../texts.js';
import { Calls } from './calls.js';
import { FaultsTab } from './faults.js';
import { MessageTab } from './message.js';
import { TemplatesTab } from './templates.js';
import { TimeTab } from './time.js';
import { WebhooksTab } from './webhooks.js';
import { WorldTab } from './world.js';

/** The tabs. */
const TABS = [
  { id: 'message', icon: 'message', content: MessageTab },
  { id: 'webhooks', icon: 'webhook', content: WebhooksTab },
  { id: 'templates', icon: 'file', content: TemplatesTab },
  { id: 'time', icon: 'clock', content: TimeTab },
  { id: 'faults', icon: 'bolt', content: FaultsTab },
  { id: 'world', icon: 'globe', content: WorldTab },
] as const satisfies readonly { id: keyof typeof texts.drawer.tabs; icon: IconName; content: () => unknown }[];

type TabId = (typeof TABS)[number]['id'];

/** The drawer. */
export function Curtain() {
  const inspected = useStore(page, (state) => state.inspected);
  const [tab, setTab] = useState<TabId>('message');
  const [shownFor, setShownFor] = useState(inspected);
  if (inspected !== shownFor) {
    setShownFor(inspected);
    setTab('message');
  }
  const close = () => page.set({ curtain: false });
  const Content = TABS.find(({ id }) => id === tab)?.content ?? MessageTab;
  return (
    <aside
      class="curtain"
      aria-label={texts.curtain}
      onKeyDown={(event) => event.key === 'Escape' && holdFocus(event, null, close)}
    >
      <header class="curtain-head">
        <h2>{texts.curtain}</h2>
        <IconButton icon="close" label={texts.closeCurtain} onClick={close} />
      </header>
      <div class="tabs" role="tablist" aria-label={texts.curtain} onKeyDown={(event) => moveTab(event, tab, setTab)}>
        {TABS.map(({ id, icon }) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`tab-${id}`}
            aria-selected={id === tab}
            aria-controls="curtain-panel"
            tabIndex={id === tab ? 0 : -1}
            onClick={() => setTab(id)}
          >
            <Icon name={icon} size={18} />
            <span>{texts.drawer.tabs[id]}</span>
          </button>
        ))}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <div class="curtain-body" role="tabpanel" id="curtain-panel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
        <Content />
      </div>
      <Calls />
    </aside>
  );
}

function moveTab(event: KeyboardEvent, tab: TabId, choose: (tab: TabId) => void): void {
  const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
  if (step === 0) return;
  const index = TABS.findIndex(({ id }) => id === tab);
  const next = TABS[(index + step + TABS.length) % TABS.length];
  if (next === undefined) return;
  choose(next.id);
  document.getElementById(`tab-${next.id}`)?.focus();
}
