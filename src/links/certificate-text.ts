// A certificate with its key as one text, which is sealed.
import { parsedObject, textAt } from '../contract/json.js';
import type { IssuedCertificate } from './acme.js';

type Pair = Pick<IssuedCertificate, 'key' | 'chain'>;

/** The text. */
export function certificateText({ key, chain }: Pair): string {
  return JSON.stringify({ key, chain });
}

/** Reads it. Throws Error when it is none. */
export function readCertificateText(text: string): Pair {
  const parsed = parsedObject(text);
  const [key, chain] = [textAt(parsed, 'key'), textAt(parsed, 'chain')];
  if (key === undefined || chain === undefined) throw new Error('not a certificate with its key');
  return { key, chain };
}
