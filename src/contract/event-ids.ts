// The eventId of a report: made of what the report points at, so every retry, split and replay of it carries the same one (P4).
import { EventKind, stateName } from './statuses.js';

/** What a report points at: an event of a message, or an inbound message (`eventKind` 0, `attempt` 0). */
export interface EventReference {
  /** Our UUID of the message, outbound or inbound. */
  ref: string;
  attempt: number;
  eventKind: number;
}

const FORM = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:-(\d{1,4})-([a-zA-Z]+))?$/;

/** `<uuid>-<attempt>-<kind>` for an event of a message, the UUID alone for an inbound message. */
export function eventIdOf({ ref, attempt, eventKind }: EventReference): string {
  return eventKind === 0 ? ref : `${ref}-${attempt}-${stateName(eventKind)}`;
}

/** What an eventId points at; undefined when it is not one of ours. */
export function parseEventId(text: string): EventReference | undefined {
  const [, ref, attempt, name] = FORM.exec(text) ?? [];
  if (ref === undefined) return undefined;
  if (name === undefined || attempt === undefined) return { ref, attempt: 0, eventKind: 0 };
  const eventKind = Object.values(EventKind).find((kind) => stateName(kind) === name);
  return eventKind === undefined ? undefined : { ref, attempt: Number(attempt), eventKind };
}
