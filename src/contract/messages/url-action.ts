// Meta's action of a button that opens a URL, alone or on a card (Meta 1.5 `cta_url`).

/** The `action` object. */
export function urlAction({ displayText, url }: { displayText: string; url: string }): object {
  return { name: 'cta_url', parameters: { display_text: displayText, url } };
}
