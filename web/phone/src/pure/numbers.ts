// Phone numbers, amounts and sizes as people read them.

const TWO_DIGIT_CODES = /^(20|27|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/;

/** A number of digits as `+44 113 496 0000`. */
export function formatNumber(digits: string): string {
  if (!/^\d{5,15}$/.test(digits)) return digits;
  const codeLength = /^[17]/.test(digits) ? 1 : TWO_DIGIT_CODES.test(digits) ? 2 : 3;
  const rest = digits.slice(codeLength);
  const groups = rest.length <= 6 ? rest.match(/.{1,3}/g) : [rest.slice(0, 3), rest.slice(3, 6), rest.slice(6)];
  return `+${digits.slice(0, codeLength)} ${(groups ?? []).filter((group) => group !== '').join(' ')}`;
}

/** An amount in a currency; `INR 12.50` where the browser does not know it. */
export function formatMoney(amount: number, currency: string): string {
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount);
  } catch {
    return `${currency} ${amount.toFixed(2)}`;
  }
}

/** Bytes as `1.2 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A 32-bit number that is always the same for the same text: what is drawn from it stays as it is. */
function hashOf(text: string): number {
  let hash = 2166136261;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 16777619);
  return hash >>> 0;
}

/** Numbers in [0, 1) that are always the same for the same seed. */
export function randomOf(seed: string): () => number {
  let x = hashOf(seed);
  return () => {
    x = (x + 0x6d2b79f5) | 0;
    let y = Math.imul(x ^ (x >>> 15), x | 1);
    y ^= y + Math.imul(y ^ (y >>> 7), y | 61);
    return ((y ^ (y >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A hue for a text, far from those of similar texts. */
export function hueOf(text: string): number {
  return Math.floor(randomOf(text)() * 360);
}

/** The price of a product that nobody gave one: always the same for the same product. */
export function priceOf(productId: string): number {
  return Math.round((5 + randomOf(productId)() * 90) * 2) / 2 - 0.01;
}
