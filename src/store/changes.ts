// Changes that Meta's webhooks carry beside messages and statuses: kept once, whatever is repeated, and told to who subscribes to them.
import type { ToldFacts } from '../contract/notices/notice.js';
import type { Database } from './database.js';
import type { Pairable } from './inbound.js';

/** A change, kept as it came. `hash` is over WABA, time and the canonical change; hashes of one call are distinct. */
export interface MetaChange {
  hash: Buffer;
  wabaId: string | null;
  field: string;
  value: string;
  /** The number of ours that it came for. */
  phoneNumberId: string | null;
  /** What is to be told of it. */
  notices: readonly NewNotice[];
}

/** Something to be told. `body` is JSON. */
export interface NewNotice {
  kind: number;
  number: string | null;
  quoted: string | null;
  body: string;
}

/** A report of a notice that was appended. */
export interface NoticeReport extends ToldFacts {
  kind: number;
  endpoint: number;
  seq: number;
  day: number;
  url: string;
}

const APPEND = {
  name: 'append_changes',
  text: `SELECT id AS "eventId", kind, sender, application_id AS "applicationId", entity_id AS "entityId", body, endpoint, seq,
    report_day AS day, url FROM append_changes($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)`,
};
const READ = {
  name: 'read_notices',
  text: `SELECT id AS "eventId", sender, application_id AS "applicationId", entity_id AS "entityId", body FROM notices
    WHERE day = $1 AND id = ANY ($2::uuid[])`,
};

/**
 * Keeps changes under `day` (of their own time), all or none. A change that is there already, on this day or any from `knownDay` on, adds nothing
 * and is told to nobody.
 */
export async function appendChanges(
  database: Database,
  now: number,
  today: number,
  day: number,
  changes: readonly MetaChange[],
  { pairable, knownDay }: { pairable: Pairable; knownDay: number },
): Promise<NoticeReport[]> {
  const notices = changes.flatMap(({ phoneNumberId, notices: own }, i) =>
    own.map((notice) => ({ ...notice, phoneNumberId, ord: i + 1 })),
  );
  return database.run<NoticeReport>(APPEND, [
    now,
    today,
    day,
    changes.map((c) => c.hash),
    changes.map((c) => c.wabaId),
    changes.map((c) => c.field),
    changes.map((c) => c.value),
    notices.map((n) => n.ord),
    notices.map((n) => n.kind),
    notices.map((n) => n.phoneNumberId),
    notices.map((n) => n.number),
    notices.map((n) => n.quoted),
    notices.map((n) => n.body),
    pairable.days,
    pairable.since,
    knownDay,
  ]);
}

/** Stored notices of one day by id. */
export async function readNotices(database: Database, day: number, ids: readonly string[]): Promise<ToldFacts[]> {
  return database.run<ToldFacts>(READ, [day, ids]);
}
