// Expected failures of the management side, as values: what was refused and, when one is to blame, which field.

/** Why an operation was refused: no such thing (of this account), in the way of another, wrong by itself, or Meta could not be asked. */
export type RefusalKind = 'notFound' | 'conflict' | 'invalid' | 'upstream';

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
