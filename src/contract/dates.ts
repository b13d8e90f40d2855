// Infobip's date form (Infobip 4).

/** `yyyy-MM-dd'T'HH:mm:ss.SSS+0000` of an instant in epoch ms. Throws RangeError beyond what a date can hold. */
export function formatDate(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, -1)}+0000`;
}

const DATE = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?$/;

/** Epoch ms of a date as Infobip writes them, or of ISO 8601; without an offset it is UTC. Undefined for anything else and for days that are none. */
export function parseDate(text: string): number | undefined {
  const [, time, fraction = '', offset = 'Z'] = DATE.exec(text) ?? [];
  if (time === undefined) return undefined;
  const at = Date.parse(time + fraction.slice(0, 4) + offset.replace(/^([+-]\d{2}):?(\d{2})$/, '$1:$2'));
  if (Number.isNaN(at)) return undefined;
  // The parser takes 31 February for a day in March.
  return new Date(`${time}Z`).toISOString().startsWith(time) ? at : undefined;
}
