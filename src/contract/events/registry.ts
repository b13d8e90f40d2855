// All inbound message types. A new one is one file and one line here. What no type can read becomes UNSUPPORTED, raw JSON kept.
import {
  type EventType,
  type InboundEvent,
  type InboundFacts,
  type InboundFragment,
  inboundReport,
  readInbound,
} from './envelope.js';
import { textEvent } from './text.js';

/** Every inbound type. */
export const eventTypes: readonly EventType[] = [textEvent];

const byWireType = new Map(eventTypes.map((entry) => [entry.wireType, entry]));
const byType = new Map(eventTypes.map((entry) => [entry.type, entry]));

/** The event to store for Meta's fragment; undefined when it is no message at all (no id, author or time). Never throws. */
export function inboundFromWire(fragment: InboundFragment): InboundEvent | undefined {
  return readInbound(fragment, byWireType);
}

/** Infobip's result object for a stored event (Infobip 4.3). An unknown stored type is reported as UNSUPPORTED would be. */
export function inboundToReport(event: InboundEvent, facts: InboundFacts): object {
  return inboundReport(event, byType.get(event.type)?.toReport(event.content) ?? {}, facts);
}
