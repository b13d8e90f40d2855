// Inbound messages and the other changes that Meta's webhooks carry: stored once, whatever is repeated.
import type { Database } from './database.js';

/** An inbound message. `raw` is JSON of {message, contact, metadata} as Meta sent it. */
export interface NewInbound {
  id: string;
  phoneNumberId: string;
  wamid: string;
  sentAt: number;
  raw: string;
}

/** An inbound message that was new; `report` when its sender forwards. */
export interface AppendedInbound {
  id: string;
  account: number;
  lane: number;
  report: { endpoint: number; seq: number; day: number; url: string } | undefined;
}

/** A change without message or status, kept as it came. `hash` is over WABA, time and the canonical change. */
export interface MetaChange {
  hash: Buffer;
  wabaId: string | null;
  field: string;
  value: string;
}

const APPEND = { name: 'append_inbound', text: 'SELECT * FROM append_inbound($1,$2,$3,$4,$5,$6,$7,$8)' };
const CHANGES = {
  name: 'append_meta_changes',
  text: `INSERT INTO meta_changes (day, hash, waba_id, field, value, recorded_at)
    SELECT $1, c.hash, c.waba_id, c.field, c.value, $2 FROM unnest($3::bytea[], $4::text[], $5::text[], $6::text[])
      AS c (hash, waba_id, field, value) ORDER BY c.hash ON CONFLICT DO NOTHING`,
};

/** Appends inbound messages that belong to `day`, all or none. Returns those that were new and of a known number. */
export async function appendInbound(
  database: Database,
  now: number,
  today: number,
  day: number,
  inbound: readonly NewInbound[],
): Promise<AppendedInbound[]> {
  const rows = await database.run<InboundRow>(APPEND, [
    now,
    today,
    day,
    inbound.map((i) => i.phoneNumberId),
    inbound.map((i) => i.wamid),
    inbound.map((i) => i.id),
    inbound.map((i) => i.sentAt),
    inbound.map((i) => i.raw),
  ]);
  return rows.map(fromRow);
}

/** Keeps changes under `day` (of their own time). A change that is there already adds nothing. */
export async function appendMetaChanges(
  database: Database,
  now: number,
  day: number,
  changes: readonly MetaChange[],
): Promise<void> {
  await database.run(CHANGES, [
    day,
    now,
    changes.map((c) => c.hash),
    changes.map((c) => c.wabaId),
    changes.map((c) => c.field),
    changes.map((c) => c.value),
  ]);
}

interface InboundRow {
  id: string;
  account: number;
  lane: number;
  url: string | null;
  endpoint: number | null;
  seq: number | null;
  report_day: number | null;
}

function fromRow({ id, account, lane, url, endpoint, seq, report_day: day }: InboundRow): AppendedInbound {
  const hasReport = url !== null && endpoint !== null && seq !== null && day !== null;
  return { id, account, lane, report: hasReport ? { endpoint, seq, day, url } : undefined };
}
