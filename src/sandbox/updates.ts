// What webhooks say: the update for a status or an inbound message, and the body that carries one or many of them (Meta 2).
import { createHash } from 'node:crypto';
import { titleOf } from './graph/errors.js';
import { type PaymentStatus, paymentFragment } from './payments.js';
import type { Message, StatusName, Update } from './records.js';
import { WINDOW_MS, type World } from './world.js';

const ERROR_PAGE = 'https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/';
/** The last version whose statuses carry `conversation` (Meta 0.1). */
const CONVERSATION_MAJOR_MAX = 23;

/** The update that reports `status`, reached at `atMs`, of an outbound message (Meta 2.3); undefined when its number is gone. */
export function statusUpdate(world: World, message: Message, status: StatusName, atMs: number): Update | undefined {
  const isFailed = status === 'failed';
  const isHidden = isAddressedById(message) && world.userOf(message.to).numberHidden === true;
  return update(world, message, 'status', isFailed ? null : contactOf(world, message, message.to, isHidden), {
    id: message.id,
    status,
    timestamp: seconds(atMs),
    ...(isHidden ? {} : { recipient_id: message.to }),
    recipient_user_id: world.userIdOf(message.to),
    ...(message.bizOpaque === null ? {} : { biz_opaque_callback_data: message.bizOpaque }),
    ...(status === 'sent' || status === 'delivered' ? priceOf(world, message, status, atMs) : {}),
    ...(isFailed ? { errors: [errorOf(message)] } : {}),
  });
}

/** The update that hands over an inbound message (Meta 2.2), a system message without contact; undefined when its number is gone. */
export function inboundUpdate(world: World, message: Message): Update | undefined {
  const payload = typeof message.payload === 'object' && message.payload !== null ? message.payload : {};
  const isHidden = world.userOf(message.from).numberHidden === true;
  const contact = message.type === 'system' ? null : contactOf(world, message, message.from, isHidden);
  return update(world, message, 'message', contact, {
    ...(isHidden ? {} : { from: message.from }),
    from_user_id: world.userIdOf(message.from),
    id: message.id,
    timestamp: seconds(message.acceptedAt),
    ...payload,
  });
}

/** The update that tells of a payment of the message's order; undefined when its number is gone. */
export function paymentUpdate(
  world: World,
  message: Message,
  order: object,
  status: PaymentStatus,
): Update | undefined {
  const now = world.clock.now();
  return update(world, message, 'status', contactOf(world, message, message.to, false), {
    id: message.id,
    recipient_id: message.to,
    timestamp: seconds(now),
    ...paymentFragment(order, status, now),
  });
}

/** The update that tells what a user wants of marketing (Meta 2.6); undefined when the number is gone. */
export function preferenceUpdate(world: World, phoneNumberId: string, user: string): Update | undefined {
  const number = world.numbers.get(phoneNumberId);
  if (number === undefined) return undefined;
  const { refusesMarketing = false, numberHidden = false } = world.userOf(user);
  const preference = {
    ...(numberHidden ? {} : { wa_id: user }),
    user_id: world.userIdOf(user),
    detail: refusesMarketing
      ? 'User requested to stop marketing messages'
      : 'User requested to resume marketing messages',
    category: 'marketing_messages',
    value: refusesMarketing ? 'stop' : 'resume',
    timestamp: Math.floor(world.clock.now() / 1000),
  };
  return {
    kind: 'field',
    field: 'user_preferences',
    key: `preference:${phoneNumberId}:${user}`,
    wabaId: number.wabaId,
    phoneNumberId,
    number: number.number,
    user,
    contact: null,
    fragment: {
      messaging_product: 'whatsapp',
      metadata: { display_phone_number: number.number, phone_number_id: phoneNumberId },
      contacts: [contactOf(world, number, user, numberHidden)],
      user_preferences: [preference],
    },
  };
}

function update(
  world: World,
  message: Message,
  kind: Update['kind'],
  contact: unknown,
  fragment: unknown,
): Update | undefined {
  const number = world.numbers.get(message.phoneNumberId);
  if (number === undefined) return undefined;
  return {
    kind,
    key: message.id,
    wabaId: number.wabaId,
    phoneNumberId: message.phoneNumberId,
    number: number.number,
    user: message.direction === 'out' ? message.to : message.from,
    contact,
    fragment,
  };
}

/** Without the user's number when it is hidden (Meta 2.9); with the identity when the business number checks it (Meta 2.2). */
function contactOf(
  world: World,
  { phoneNumberId }: Pick<Message, 'phoneNumberId'>,
  user: string,
  isHidden: boolean,
): unknown {
  const checks = world.numbers.get(phoneNumberId)?.identityCheck === true;
  const { profileName, username, identityHash } = world.userOf(user);
  return {
    profile: { name: profileName, ...(username === undefined ? {} : { username }) },
    ...(isHidden ? {} : { wa_id: user }),
    user_id: world.userIdOf(user),
    ...(!checks || identityHash === undefined ? {} : { identity_key_hash: identityHash }),
  };
}

/** Whether the business wrote to the user's id; if it knows the number, statuses tell it. */
function isAddressedById({ payload }: Message): boolean {
  return typeof payload === 'object' && payload !== null && Reflect.get(payload, 'to') === undefined;
}

/** Free-form messages are service messages, free inside the window, as are utility templates (Meta 8). `conversation` only up to v23. */
function priceOf(world: World, message: Message, status: StatusName, atMs: number): Record<string, unknown> {
  const category = message.template?.category.toLowerCase() ?? 'service';
  const isFree =
    category === 'service' || (category === 'utility' && world.isWindowOpen(message.phoneNumberId, message.to));
  const pricing = {
    billable: !isFree,
    pricing_model: 'PMP',
    type: isFree ? 'free_customer_service' : 'regular',
    category,
  };
  if (message.graphMajor > CONVERSATION_MAJOR_MAX) return { pricing };
  const day = Math.floor(message.acceptedAt / WINDOW_MS);
  const conversation = {
    id: createHash('md5').update(`${message.phoneNumberId}:${message.to}:${day}`).digest('hex'),
    ...(status === 'sent' ? { expiration_timestamp: seconds(atMs + WINDOW_MS) } : {}),
    origin: { type: category },
  };
  return { conversation, pricing };
}

function errorOf(message: Message): Record<string, unknown> {
  const { code, title, details } = message.failure ?? {
    code: 131000,
    title: titleOf(131000),
    details: titleOf(131000),
  };
  return { code, title, message: title, error_data: { details }, href: ERROR_PAGE };
}

function seconds(ms: number): string {
  return String(Math.floor(ms / 1000));
}

interface Value {
  messaging_product: 'whatsapp';
  metadata: { display_phone_number: string; phone_number_id: string };
  contacts?: unknown[];
  messages?: unknown[];
  statuses?: unknown[];
}

/** The exact text of a webhook body: one entry a WABA, one change for each number and kind, in the order of the updates, then changes of other fields; ASCII only. */
export function renderBody(updates: readonly Update[]): string {
  const fields: unknown[] = [];
  const entries = new Map<string, Map<string, Value>>();
  for (const update of updates) {
    if (update.kind === 'field') {
      fields.push(fieldEntry(update));
      continue;
    }
    const changes = entries.get(update.wabaId) ?? new Map<string, Value>();
    entries.set(update.wabaId, changes);
    const key = `${update.kind}:${update.phoneNumberId}`;
    changes.set(key, withUpdate(changes.get(key) ?? newValue(update), update));
  }
  const entry = [...entries].map(([id, changes]) => ({
    id,
    changes: [...changes.values()].map((value) => ({ value, field: 'messages' })),
  }));
  return escapeToAscii(JSON.stringify({ object: 'whatsapp_business_account', entry: [...entry, ...fields] }));
}

/** A change of another field has an entry of its own; only these say when (Meta 2.1). */
function fieldEntry({ wabaId, time, field, fragment }: Update): unknown {
  return { id: wabaId, ...(time === undefined ? {} : { time }), changes: [{ value: fragment, field }] };
}

/** The value with the update appended to its list, and its contact. */
function withUpdate(value: Value, update: Update): Value {
  const list = update.kind === 'status' ? 'statuses' : 'messages';
  if (update.contact !== null) value.contacts = appended(value.contacts, update.contact);
  value[list] = appended(value[list], update.fragment);
  return value;
}

function appended(list: unknown[] | undefined, item: unknown): unknown[] {
  if (list === undefined) return [item];
  list.push(item);
  return list;
}

function newValue(update: Update): Value {
  return {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: update.number, phone_number_id: update.phoneNumberId },
  };
}

/** JSON text with every non-ASCII unit written as a lower-case \uXXXX, the form that Meta signs and sends (Meta 2.1). */
export function escapeToAscii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
