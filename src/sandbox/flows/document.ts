// Flow JSON as the sandbox reads it: its screens, where they lead, and what it asks of an endpoint. Never throws.
import type { Flow } from './record.js';

/** What a run of a flow needs to know of its JSON. */
export interface FlowDocument {
  /** Screens by id, in the order of the JSON. */
  screens: ReadonlyMap<string, unknown>;
  /** Where each screen may lead; undefined when the JSON does not say. */
  routes: ReadonlyMap<string, readonly string[]> | undefined;
  /** The version of the Data API; undefined for a flow without an endpoint. */
  dataApiVersion: string | undefined;
  /** The endpoint that JSON before 3.0 names itself. */
  dataChannelUri: string | undefined;
}

/** Reads a flow's JSON; nothing but emptiness of what is no JSON. */
export function readDocument({ json }: Pick<Flow, 'json'>): FlowDocument {
  const root = parsed(json);
  const routing = field(root, 'routing_model');
  const screens = listOf(field(root, 'screens')).map((screen) => [String(field(screen, 'id') ?? ''), screen] as const);
  const channel = field(root, 'data_channel_uri');
  const version = field(root, 'data_api_version') ?? (typeof channel === 'string' ? '3.0' : undefined);
  return {
    screens: new Map(screens),
    routes:
      typeof routing === 'object' && routing !== null
        ? new Map(Object.entries(routing).map(([from, to]) => [from, listOf(to).map(String)]))
        : undefined,
    dataApiVersion: typeof version === 'string' ? version : undefined,
    dataChannelUri: typeof channel === 'string' ? channel : undefined,
  };
}

/** Whether a flow may go from one screen to another: forward along its routes, or nowhere. */
export function mayLead({ routes }: FlowDocument, from: string, to: string): boolean {
  return from === to || routes === undefined || (routes.get(from) ?? []).includes(to);
}

/** A property of an object; undefined for anything else. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

/** The items of an array; none for anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
