// Expected failures of the management side, as values: what was refused and, when one is to blame, which field.
import type { Runner } from '../store/accounts.js';
import type { Database } from '../store/database.js';

/**
 * Why an operation was refused: no such thing (of this account), not within what the key is bound to, in the way of another, wrong by itself, or
 * Meta could not be asked.
 */
export type RefusalKind = 'notFound' | 'forbidden' | 'conflict' | 'invalid' | 'upstream';

/** One refusal. `detail` is for the caller and names nothing of other accounts. */
export interface Refusal {
  readonly refusal: RefusalKind;
  readonly detail: string;
  readonly field?: string;
}

/** Makes a refusal. */
export function refuse(refusal: RefusalKind, detail: string, field?: string): Refusal {
  return field === undefined ? { refusal, detail } : { refusal, detail, field };
}

/** Whether an operation's answer is a refusal. */
export function isRefusal(answer: object): answer is Refusal {
  return 'refusal' in answer;
}

/** A refusal on its way out of a transaction, which is rolled back. */
class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.refusal = refusal;
  }
}

/** Leaves the transaction of `transactOrRefuse`. */
export function giveUp(kind: RefusalKind, detail: string, field?: string): never {
  throw new Refused(refuse(kind, detail, field));
}

/** Runs `work` in a transaction, all or nothing; what `giveUp` says in it is the answer. Throws DatabaseError. */
export async function transactOrRefuse<Result>(
  database: Pick<Database, 'transaction'>,
  work: (tx: Runner) => Promise<Result>,
): Promise<Result | Refusal> {
  try {
    return await database.transaction(work);
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    throw error;
  }
}
