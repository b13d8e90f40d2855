// PAYMENT_STATUS: how the payment of an order goes on (Infobip 4.4, Meta 2.3).
import { formatDate } from '../dates.js';
import { integerAt, isObject, type JsonObject, objectAt, textAt } from '../json.js';
import { type NoticeType, oneOf } from './notice.js';

const STATUSES = ['NEW', 'PENDING', 'CAPTURED', 'CANCELED', 'FAILED'];
const TRANSACTION_STATUSES = ['PENDING', 'FAILED', 'SUCCESS', 'CANCELED'];
const USER_FIELDS = ['udf1', 'udf2', 'udf3', 'udf4'];
const SECONDS_MAX = 253_402_300_799;

/** Every status of a payment, also that which is besides told as a message. */
export const paymentStatusNotice: NoticeType = {
  event: 'PAYMENT_STATUS',
  fields: ['messages.payment'],
  fromWire({ value, at }) {
    const payment = objectAt(value, 'payment');
    const amount = objectAt(payment, 'amount');
    const referenceId = textAt(payment, 'reference_id');
    if (referenceId === undefined) return [];
    const transaction = objectAt(payment, 'transaction');
    const content = {
      from: textAt(value, 'recipient_id') ?? textAt(value, 'recipient_user_id'),
      type: 'payment',
      referenceId,
      paymentId: textAt(transaction, 'pg_transaction_id') ?? textAt(transaction, 'id'),
      paymentStatus: oneOf(STATUSES, textAt(value, 'status')),
      currency: oneOf(['INR', 'BRL'], textAt(payment, 'currency')),
      totalAmountValue: integerAt(amount, 'value'),
      totalAmountOffset: integerAt(amount, 'offset') ?? 100,
      callbackData: callbackDataOf(payment),
      transactions: transaction === undefined ? [] : [transactionOf(transaction, at)],
    };
    return [{ body: { content, createdAt: formatDate(at) }, quoted: textAt(value, 'id') }];
  },
  example: {
    field: 'messages.payment',
    value: {
      id: 'wamid.C',
      recipient_id: '441134960001',
      type: 'payment',
      status: 'captured',
      timestamp: '1767225600',
      payment: {
        reference_id: 'order-7',
        amount: { value: 1500, offset: 100 },
        currency: 'INR',
        transaction: {
          id: 'tx-1',
          pg_transaction_id: 'pg-1',
          type: 'upi',
          status: 'success',
          created_timestamp: 1767225598,
        },
        notes: { ticket: '7' },
      },
    },
  },
};

/** A list for PayU, an object for Razorpay. */
function callbackDataOf(payment: JsonObject | undefined): unknown {
  const notes = payment?.notes;
  if (isObject(notes)) return notes;
  const texts = USER_FIELDS.flatMap((name) => textAt(payment, name) ?? []);
  return texts.length === 0 ? undefined : texts;
}

function transactionOf(transaction: JsonObject, at: number): JsonObject {
  const timeOf = (name: string): string => {
    const seconds = integerAt(transaction, name);
    return formatDate(seconds === undefined || seconds < 0 || seconds > SECONDS_MAX ? at : seconds * 1000);
  };
  return {
    id: textAt(transaction, 'id'),
    type: oneOf(['UPI', 'BR'], textAt(transaction, 'type')),
    status: oneOf(TRANSACTION_STATUSES, textAt(transaction, 'status')),
    createdTimestamp: timeOf('created_timestamp'),
    updatedTimestamp: timeOf(transaction.updated_timestamp === undefined ? 'created_timestamp' : 'updated_timestamp'),
  };
}
