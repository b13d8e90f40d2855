// Infobip's date form (Infobip 4).

/** `yyyy-MM-dd'T'HH:mm:ss.SSS+0000` of an instant in epoch ms. Throws RangeError beyond what a date can hold. */
export function formatDate(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, -1)}+0000`;
}
