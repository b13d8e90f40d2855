// Phone numbers as people write them.

/** Digits of a phone number written with `+`, spaces, dashes or parentheses (Meta 1.1); undefined when it is none. */
export function normalisePhone(text: string): string | undefined {
  const digits = text.replace(/^\s*\+/, '').replace(/[\s()-]/g, '');
  return /^[1-9][0-9]{4,14}$/.test(digits) ? digits : undefined;
}
