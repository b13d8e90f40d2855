// Third of the four files: what Meta tells is verified, flattened, committed in groups and only then answered with 200 (P2).
// Each status and each inbound message has one effect, however often and in whatever batches it comes.
import { isSystem } from '../contract/events/system.js';
import { parseJson } from '../lib/json.js';
import type { OpenSpan } from '../lib/traces.js';
import { isSignedByMeta } from '../meta/signature.js';
import { parseWebhook, type WireEvent } from '../meta/webhook.js';
import { DatabaseError } from '../store/database.js';
import { type Collector, createCollector } from './collector.js';
import { type ChangeItem, toChangeItem, toSystemItem, writeChanges } from './receive-changes.js';
import { type InboundItem, toInboundItem, writeInbound } from './receive-inbound.js';
import type { ReceiveParts, Written } from './receive-parts.js';
import { type StatusItem, toStatusItem, writeStatuses } from './receive-statuses.js';

/** How a webhook is answered. `refused`: the signature is wrong; `malformed`: signed, but not JSON; `busy`: try again later. */
export type ReceiveOutcome = 'committed' | 'refused' | 'malformed' | 'busy';

/** Takes Meta's webhooks. */
export interface Receive {
  /** `body` are the raw bytes, `signature` the X-Hub-Signature-256 header. Rejects with DatabaseError when nothing is certain: Meta sends it again. */
  receive(body: Buffer, signature: string | undefined): Promise<ReceiveOutcome>;
  pending(): number;
  drain(): Promise<void>;
}

const GROUP_MAX = 500;
const BACKLOG_MAX = 50_000;

/** Creates the receiving end of the pipeline. */
export function createReceive(parts: ReceiveParts): Receive {
  const { statuses, inbound, changes } = createCollectors(parts);
  /** `commits` gets what must be on disk before the answer; undefined in it: there was no room. */
  function take(event: WireEvent, commits: (Promise<Written> | undefined)[], spans: OpenSpan[]): void {
    const identity = event.kind === 'inbound' ? parts.observeIdentity(event) : undefined;
    if (identity !== undefined) commits.push(identity);
    if (event.kind === 'malformed') parts.count('malformed', 1);
    else if (event.kind === 'status') {
      const item = toStatusItem(parts, event);
      if (item !== undefined) commits.push(statuses.add(item));
      if (item?.span !== undefined) spans.push(item.span);
    } else if (event.kind === 'inbound' && isSystem(event.message)) {
      parts.count('system', 1);
      commits.push(changes.add(toSystemItem(parts, event)));
    } else if (event.kind === 'inbound') {
      const item = toInboundItem(parts, event);
      if (item !== undefined) commits.push(inbound.add(item));
    } else {
      parts.count('other', 1);
      const template = parts.observeTemplate(event);
      if (template !== undefined) commits.push(template);
      const observed = parts.observeChange(event);
      if (observed !== undefined) commits.push(observed);
      commits.push(changes.add(toChangeItem(parts, event)));
    }
  }
  return {
    async receive(body, signature) {
      if (!isSignedByMeta(body, signature, parts.appSecrets)) {
        parts.count('unsigned', 1);
        return 'refused';
      }
      const parsed = parsedOf(body);
      if (parsed === undefined) return 'malformed';
      const commits: (Promise<Written> | undefined)[] = [];
      const spans: OpenSpan[] = [];
      for (const event of parseWebhook(parsed)) take(event, commits, spans);
      // Even when one has no room the others are waited for: no promise is left alone.
      const settled = await Promise.allSettled(commits);
      for (const span of spans) span.end();
      for (const result of settled) {
        if (result.status === 'rejected') throw result.reason;
        if (result.value instanceof DatabaseError) throw result.value;
      }
      return commits.includes(undefined) ? 'busy' : 'committed';
    },
    pending: () => statuses.size() + inbound.size() + changes.size(),
    async drain() {
      await Promise.all([statuses.drain(), inbound.drain(), changes.drain()]);
    },
  };
}

/** What gathers while a group is being written; each kind has a statement of its own. */
function createCollectors(parts: ReceiveParts): {
  statuses: Collector<StatusItem, Written>;
  inbound: Collector<InboundItem, Written>;
  changes: Collector<ChangeItem, true>;
} {
  const limits = { groupMax: GROUP_MAX, backlogMax: BACKLOG_MAX };
  return {
    statuses: createCollector({ ...limits, write: (items) => writeStatuses(parts, items) }),
    inbound: createCollector({ ...limits, write: (items) => writeInbound(parts, items) }),
    changes: createCollector({ ...limits, write: (items) => writeChanges(parts, items) }),
  };
}

function parsedOf(body: Buffer): unknown {
  try {
    return parseJson(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
