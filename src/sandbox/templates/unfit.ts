// A send that does not fit its template, on its way out of the functions that look at the parts.
import type { Refusal } from '../graph/errors.js';

/** A refusal, thrown and caught inside this folder only. */
export class Unfit extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.details ?? String(refusal.code));
  }
}
