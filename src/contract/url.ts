// URLs read without the fast path of URL.canParse, which on Node 20 refuses a host with Latin-1 letters once it is warm.

/** An absolute URL; undefined when `text` is none. */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
