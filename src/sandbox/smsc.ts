// The sandbox's SMSC: takes short messages over SMPP 3.4, puts parts together, shows them on the phone, and sends receipts.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, PDU, type Pdu, type Session } from 'smpp';
import { newWamid } from './ids.js';
import { createSmsParts, decodeSms, type SmsPart } from './smsc-parts.js';
import type { World } from './world.js';

/** As whom one binds to it. */
export const SMSC_LOGIN = { systemId: 'sandbox', password: 'sandbox' } as const;

/** How submits and receipts fare; counts run down. */
export interface SmscBehaviour {
  /** How receipts end: a state of SMPP, or none. */
  receipts: 'DELIVRD' | 'UNDELIV' | 'EXPIRED' | 'none';
  /** How receipts write the id that the submit got: as it was, or in hexadecimal, as some SMSCs do. */
  receiptIds: 'same' | 'hex';
  /** Submits that are told to slow down. */
  throttleNext: number;
  /** Submits that are refused for good. */
  refuseNext: number;
  /** Submits that are taken, with the connection cut instead of an answer. */
  loseNext: number;
}

/** A running SMSC. */
export interface Smsc {
  port: number;
  behaviour: SmscBehaviour;
  /** Connections that are bound. */
  bound(): number;
  stop(): Promise<void>;
}

export const SMSC_DEFAULTS: SmscBehaviour = {
  receipts: 'DELIVRD',
  receiptIds: 'same',
  throttleNext: 0,
  refuseNext: 0,
  loseNext: 0,
};

/** What stands before the sender of an SMS where messages of WhatsApp have a phone number id. */
const SMS_THREAD = 'sms:';
const THROTTLED = 0x58;
const INVALID_PASSWORD = 0x0e;
const NOT_BOUND = 0x04;
const UNKNOWN_COMMAND = 0x03;
const SUBMIT_FAILED = 0x45;
const RECEIPT_CLASS = 0x04;
const WANTS_RECEIPT = 0x01;

/** Listens on `port` (0: any free one). Throws when the address is taken. */
export async function startSmsc(world: World, { host, port }: { host: string; port: number }): Promise<Smsc> {
  const sessions = new Map<Session, boolean>();
  const state: SmscState = { world, behaviour: { ...SMSC_DEFAULTS }, parts: createSmsParts(), nextId: 1 };
  const server = createServer({}, (session) => {
    sessions.set(session, false);
    session.on('error', () => session.destroy());
    session.on('close', () => void sessions.delete(session));
    session.on('pdu', (pdu: Pdu) => {
      if (pdu.command.endsWith('_resp')) return;
      if (pdu.command.startsWith('bind_')) sessions.set(session, bind(session, pdu));
      else if (sessions.get(session) !== true) session.send(pdu.response({ command_status: NOT_BOUND }));
      else answer(state, session, pdu);
    });
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address: AddressInfo | string | null = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    behaviour: state.behaviour,
    bound: () => [...sessions.values()].filter((isBound) => isBound).length,
    async stop() {
      for (const session of sessions.keys()) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

interface SmscState {
  world: World;
  behaviour: SmscBehaviour;
  parts: ReturnType<typeof createSmsParts>;
  nextId: number;
}

function bind(session: Session, pdu: Pdu): boolean {
  const isKnown = pdu.system_id === SMSC_LOGIN.systemId && pdu.password === SMSC_LOGIN.password;
  session.send(pdu.response(isKnown ? { system_id: 'sandbox' } : { command_status: INVALID_PASSWORD }));
  return isKnown;
}

function answer(state: SmscState, session: Session, pdu: Pdu): void {
  switch (pdu.command) {
    case 'submit_sm':
      submit(state, session, pdu);
      return;
    case 'enquire_link':
      session.send(pdu.response());
      return;
    case 'unbind':
      session.send(pdu.response());
      session.close();
      return;
    default:
      session.send(pdu.response({ command_status: UNKNOWN_COMMAND }));
  }
}

function submit(state: SmscState, session: Session, pdu: Pdu): void {
  const { behaviour } = state;
  if (takeOne(behaviour, 'throttleNext')) {
    session.send(pdu.response({ command_status: THROTTLED }));
    return;
  }
  if (takeOne(behaviour, 'refuseNext')) {
    session.send(pdu.response({ command_status: SUBMIT_FAILED }));
    return;
  }
  const part = decodeSms(pdu);
  const whole = state.parts.add(part);
  if (whole !== undefined) show(state.world, whole);
  if (takeOne(behaviour, 'loseNext')) {
    session.destroy();
    return;
  }
  const id = String(state.nextId++).padStart(10, '0');
  session.send(pdu.response({ message_id: id }));
  if (behaviour.receipts !== 'none' && ((pdu.registered_delivery ?? 0) & WANTS_RECEIPT) !== 0)
    sendReceipt(session, pdu, behaviour.receiptIds === 'hex' ? Number(id).toString(16) : id, behaviour.receipts);
}

function takeOne(behaviour: SmscBehaviour, what: 'throttleNext' | 'refuseNext' | 'loseNext'): boolean {
  if (behaviour[what] === 0) return false;
  behaviour[what] -= 1;
  return true;
}

function sendReceipt(session: Session, pdu: Pdu, id: string, stat: string): void {
  const text = `id:${id} sub:001 dlvrd:${stat === 'DELIVRD' ? '001' : '000'} submit date:2601010000 done date:2601010000 stat:${stat} err:${stat === 'DELIVRD' ? '000' : '001'} text:`;
  session.send(
    new PDU('deliver_sm', {
      source_addr: pdu.destination_addr,
      destination_addr: pdu.source_addr,
      esm_class: RECEIPT_CLASS,
      short_message: Buffer.from(text, 'latin1'),
    }),
  );
}

/** One message of type `sms`, delivered: whether the user is on WhatsApp does not matter here. Each sender has a thread of its own on the phone. */
function show(world: World, { from, to, text, parts, coding }: Whole): void {
  const settings = world.settings();
  const seq = settings.nextMessageSeq;
  settings.nextMessageSeq += 1;
  world.saveSettings();
  const acceptedAt = world.clock.now();
  world.addMessage({
    seq,
    id: newWamid('out', to),
    direction: 'out',
    from,
    to,
    phoneNumberId: `${SMS_THREAD}${from}`,
    type: 'sms',
    payload: { type: 'sms', sms: { from, text, parts, coding } },
    bizOpaque: null,
    acceptedAt,
    graphMajor: 0,
    statuses: [
      { status: 'sent', at: acceptedAt },
      { status: 'delivered', at: acceptedAt },
    ],
    plan: [],
    nextAt: null,
    failure: null,
  });
}

/** A text whose parts are all there. */
type Whole = Omit<SmsPart, 'piece' | 'reference'>;
