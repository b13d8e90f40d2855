// What is pulled instead of pushed: events and inbound messages without a target, each given out once. The row itself says
// whether it was (`pull_account`), so two pulls at one moment never get the same: the second skips what the first has locked.
import type { Database, Value } from './database.js';
import type { InboundReportFacts, MessageReportFacts } from './reports.js';

/** What a pull asks for; absent: whatever it is. */
export interface PullFilter {
  account: number;
  /** Recorded at or after, epoch ms. */
  since: number;
  limit: number;
  bulkId?: string | undefined;
  /** Ids of messages by which `pullEvents` is narrowed; an empty list matches none. */
  messages?: readonly string[] | undefined;
  applicationId?: string | undefined;
  entityId?: string | undefined;
  /** Only events of the short messages that were sent instead, or only the others. */
  isOfSms?: boolean | undefined;
}

const ENVELOPE_FIELDS = ['bulkId', 'applicationId', 'entityId'] as const;
const INBOUND_COLUMNS: Readonly<Record<string, string>> = {
  bulkId: "i.paired_envelope::json ->> 'bulkId'",
  applicationId: 'i.application_id',
  entityId: 'i.entity_id',
};

/** Conditions for the fields that are asked for, which `column` names in SQL; their values follow in `values`. */
function conditionsOn(
  column: (field: string) => string,
  filter: PullFilter,
  values: Value[],
): { name: string; text: string } {
  const asked = ENVELOPE_FIELDS.filter((field) => filter[field] !== undefined);
  const texts = asked.map((field) => {
    values.push(filter[field] ?? null);
    return ` AND ${column(field)} = $${values.length}`;
  });
  return { name: asked.join('_'), text: texts.join('') };
}

/** Takes delivery events out, oldest first: nobody gets them again. Throws DatabaseError. */
export async function pullEvents(database: Database, filter: PullFilter): Promise<MessageReportFacts[]> {
  const { account, since, limit, messages } = filter;
  const values: Value[] = [account, since, limit];
  const envelope = conditionsOn((field) => `m.envelope::json ->> '${field}'`, filter, values);
  if (messages !== undefined) values.push(messages);
  const bySms = filter.isOfSms === undefined ? '' : ` AND e.kind ${filter.isOfSms ? '>=' : '<'} 30`;
  const byMessage = messages === undefined ? '' : ` AND e.message = ANY ($${values.length}::uuid[])`;
  const rows = await database.run<MessageReportFacts & { recordedAt: number }>(
    {
      name: `pull_events_${envelope.name}${messages === undefined ? '' : '_messages'}${filter.isOfSms === undefined ? '' : `_${filter.isOfSms}`}`,
      text: `UPDATE events e SET pull_account = NULL FROM (
          SELECT e.day, e.message, e.attempt, e.kind, m.accepted_at, m.message_id, m.sender, m.recipient, m.envelope
          FROM events e,
            LATERAL (SELECT * FROM messages m WHERE m.day = e.day AND m.id = e.message OFFSET 0) m
          WHERE e.pull_account = $1 AND e.recorded_at >= $2${byMessage}${bySms}${envelope.text}
          ORDER BY e.recorded_at LIMIT $3 FOR UPDATE OF e SKIP LOCKED
        ) p WHERE e.day = p.day AND e.message = p.message AND e.attempt = p.attempt AND e.kind = p.kind
        RETURNING e.message, e.attempt, e.kind, e.at, e.status_id AS "statusId", e.error_id AS "errorId", e.meta_code AS "metaCode",
          e.recorded_at AS "recordedAt", p.accepted_at AS "acceptedAt", p.message_id AS "messageId", p.sender, p.recipient, p.envelope`,
    },
    values,
  );
  return rows.sort((a, b) => a.recordedAt - b.recordedAt);
}

/** Takes inbound messages out, oldest first; one whose file is still being fetched stays. Throws DatabaseError. */
export async function pullInbound(database: Database, filter: PullFilter): Promise<InboundReportFacts[]> {
  const values: Value[] = [filter.account, filter.since, filter.limit];
  const envelope = conditionsOn((field) => INBOUND_COLUMNS[field] ?? 'NULL', filter, values);
  const rows = await database.run<InboundReportFacts & { recordedAt: number }>(
    {
      name: `pull_inbound_${envelope.name}`,
      text: `UPDATE inbound i SET pull_account = NULL FROM (
          SELECT i.day, i.lane, i.wamid, s.sender, f.reported, f.malware
          FROM inbound i JOIN senders s ON s.id = i.lane LEFT JOIN media f ON f.id = i.id
          WHERE i.pull_account = $1 AND i.recorded_at >= $2 AND (f.id IS NULL OR f.reported IS NOT NULL)${envelope.text}
          ORDER BY i.recorded_at LIMIT $3 FOR UPDATE OF i SKIP LOCKED
        ) p WHERE i.day = p.day AND i.lane = p.lane AND i.wamid = p.wamid
        RETURNING i.id, i.raw, i.recorded_at AS "recordedAt", i.paired_id AS "pairedId", i.paired_envelope AS "pairedEnvelope",
          i.application_id AS "applicationId", i.entity_id AS "entityId", i.keyword, p.sender, p.reported, p.malware`,
    },
    values,
  );
  return rows.sort((a, b) => a.recordedAt - b.recordedAt);
}

const MESSAGE_OF_KEY = {
  name: 'pull_message_of_key',
  text: 'SELECT message FROM message_keys WHERE account = $1 AND message_id = $2',
};

/** Which message an account gave this messageId, if it is remembered. */
export async function findKeyedMessage(
  database: Database,
  account: number,
  messageId: string,
): Promise<string | undefined> {
  const [row] = await database.run<{ message: string }>(MESSAGE_OF_KEY, [account, messageId]);
  return row?.message;
}
