// Payments of orders: what a user pays for, and the status that tells the business of it (Meta 1.7, 2.3).
import { newObjectId } from './ids.js';
import type { Message } from './records.js';

/** How a payment ended. */
export type PaymentStatus = 'pending' | 'captured' | 'failed';

/** What the transaction of a payment is then called. */
const TRANSACTION_STATUS = { pending: 'pending', captured: 'success', failed: 'failed' } as const;

/** The order that a message asks to pay: the object with `reference_id`. Undefined when it asks for none. */
export function orderOf(message: Message): object | undefined {
  const plain = at(message.payload, 'interactive', 'action', 'parameters');
  const buttons = message.template?.rendered.buttons ?? [];
  const candidates = [plain, ...buttons.map(({ action }) => at(action, 'order_details'))];
  return candidates.find(
    (each): each is object => typeof each === 'object' && each !== null && at(each, 'total_amount') !== undefined,
  );
}

/** The parts of a status that are a payment's own; `atMs` is epoch ms. */
export function paymentFragment(order: object, status: PaymentStatus, atMs: number): Record<string, unknown> {
  const time = Math.floor(atMs / 1000);
  const currency = at(order, 'currency');
  return {
    type: 'payment',
    status,
    payment: {
      reference_id: at(order, 'reference_id'),
      amount: at(order, 'total_amount'),
      currency,
      transaction: {
        id: newObjectId(),
        pg_transaction_id: `pay_${newObjectId()}`,
        type: currency === 'BRL' ? 'br' : 'upi',
        status: TRANSACTION_STATUS[status],
        created_timestamp: time,
        updated_timestamp: time,
      },
    },
  };
}

function at(value: unknown, ...path: string[]): unknown {
  let here = value;
  for (const key of path) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = Reflect.get(here, key);
  }
  return here;
}
