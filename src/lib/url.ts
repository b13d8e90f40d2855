// URLs read without the fast path of URL.canParse, which on Node 20 refuses a host with Latin-1 letters once it is warm.

/** An absolute URL, or one relative to `base`; undefined when `text` is none. */
export function readUrl(text: string, base?: URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}
