// The calls that this page made, each as curl: the foot of the drawer.
import { calls } from '../api/client.js';
import { copyText } from '../parts/hooks.js';
import { IconButton } from '../parts/parts.js';
import { exactTime } from '../pure/times.js';
import { useStore } from '../state/store.js';
import { texts } from '../texts.js';

/** The newest calls first. */
export function Calls() {
  const list = useStore(calls, (state) => state.list);
  const [last] = list;
  return (
    <details class="calls">
      <summary>
        <span>{texts.drawer.calls}</span>
        {last === undefined ? null : (
          <code>
            {last.method} {last.path}
          </code>
        )}
      </summary>
      <p class="hint">{list.length === 0 ? texts.drawer.noCalls : texts.drawer.callsHint}</p>
      <ol>
        {list.map(({ id, at, method, path, status, curl }) => (
          <li key={id}>
            <span class={`badge ${status === 200 ? 'good' : 'bad'}`}>{status === 200 ? 'ok' : status || '…'}</span>
            <code>
              {method} {path}
            </code>
            <time>{exactTime(at)}</time>
            <IconButton
              icon="copy"
              size={16}
              label={`${texts.drawer.copyCurl}: ${method} ${path}`}
              onClick={() => void copyText(curl)}
            />
          </li>
        ))}
      </ol>
    </details>
  );
}
