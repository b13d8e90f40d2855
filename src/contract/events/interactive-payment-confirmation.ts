// A payment that was captured (Meta 2.3, Infobip 4.3). Meta tells it as a status of the order message; `paymentFragment` in
// meta/webhook.ts makes the fragment that is read here.
import { integerAt, objectAt, textAt } from '../json.js';
import type { EventType } from './envelope.js';

const STATUSES = new Set(['PENDING', 'FAILED', 'SUCCESS', 'CANCELED']);
const CURRENCIES = new Set(['INR', 'BRL']);
const TRANSACTION_TYPES = new Set(['UPI', 'BR']);

/** The user paid an order. */
export const interactivePaymentConfirmationEvent: EventType = {
  wireType: 'payment',
  type: 'INTERACTIVE_PAYMENT_CONFIRMATION',
  fromWire(message) {
    const payment = objectAt(message, 'payment');
    const transaction = objectAt(payment, 'transaction');
    const referenceId = textAt(payment, 'reference_id');
    const transactionId = textAt(transaction, 'id');
    const value = integerAt(objectAt(payment, 'amount'), 'value');
    if (referenceId === undefined || transactionId === undefined || value === undefined) return undefined;
    return {
      referenceId,
      paymentId: textAt(transaction, 'pg_transaction_id'),
      status: oneOf(STATUSES, textAt(transaction, 'status')),
      currency: oneOf(CURRENCIES, textAt(payment, 'currency')),
      totalAmount: { value, offset: integerAt(objectAt(payment, 'amount'), 'offset') ?? 100 },
      transactionId,
      transactionType: oneOf(TRANSACTION_TYPES, textAt(transaction, 'type')),
    };
  },
  toReport: (content) => content,
  example: {
    type: 'payment',
    payment: {
      reference_id: 'order-7',
      amount: { value: 1500, offset: 100 },
      currency: 'INR',
      transaction: { id: 'tx-1', pg_transaction_id: 'pg-1', type: 'upi', status: 'success' },
    },
  },
};

function oneOf(names: ReadonlySet<string>, text: string | undefined): string {
  const name = text?.toUpperCase() ?? '';
  return names.has(name) ? name : 'UNKNOWN';
}
