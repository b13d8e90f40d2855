// What Meta tells beside messages and statuses, as customers are told of it: an object by itself in each POST (Infobip 4.4).
import type { JsonObject } from '../json.js';
import type { EventName } from '../routes.js';

/** A change of Meta's webhook, or an element of one. */
export interface NoticeFacts {
  field: string;
  value: JsonObject;
  /** Meta's time, epoch ms. */
  at: number;
}

/** One thing to be told. */
export interface Notice {
  /** The body without `from`, application, entity and eventId, which are known when it commits. */
  body: JsonObject;
  /** When it happened, if the change says so by itself, epoch ms. */
  at?: number | undefined;
  /** The number of ours that it is about, digits, when only its name is known. */
  number?: string | undefined;
  /** The wamid of the message of ours that it is about: it lends its application and entity. */
  quoted?: string | undefined;
}

/** What one file of this folder says about an event. */
export interface NoticeType {
  readonly event: EventName;
  /** Meta's fields that carry it. */
  readonly fields: readonly string[];
  /** What is to be told of a change; nothing when its shape is not what Meta documents or it says something else. Never throws. */
  fromWire(facts: NoticeFacts): Notice[];
  /** A change as Meta sends it. */
  readonly example: { field: string; value: JsonObject };
}

/** What is known when a notice is told. */
export interface ToldFacts {
  eventId: string;
  /** Our sender; null when it is about a whole WABA. */
  sender: string | null;
  applicationId: string | null;
  entityId: string | null;
  /** JSON of `Notice.body`. */
  body: string;
}

/** The JSON that a customer gets. */
export function noticeToReport({ eventId, sender, applicationId, entityId, body }: ToldFacts): string {
  // Parse boundary: only JSON of a notice's body is stored.
  const own = JSON.parse(body) as JsonObject;
  return JSON.stringify({
    ...(sender === null ? {} : { from: sender }),
    ...own,
    ...(applicationId === null ? {} : { applicationId }),
    ...(entityId === null ? {} : { entityId }),
    eventId,
  });
}

/** A word of Meta's in Infobip's form if it is one of `names`, else `UNKNOWN`. */
export function oneOf(names: readonly string[], text: string | undefined): string {
  const name = text?.toUpperCase() ?? '';
  return names.includes(name) ? name : 'UNKNOWN';
}
