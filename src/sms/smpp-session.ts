// One connection to an SMSC, bound as a transceiver: requests with their answers, the keep-alive, and what comes in (SMPP 3.4).
import { isIP } from 'node:net';
import { connect as connectSmpp, PDU, type Pdu, type Session } from 'smpp';

/** Where and as whom to bind. */
export interface SmppAddress {
  host: string;
  port: number;
  tls: boolean;
  systemId: string;
  password: string;
  systemType: string;
}

/** What a connection tells. */
export interface SmppSessionEvents {
  /** A deliver_sm; the command status of the answer. */
  onDeliver(pdu: Pdu): Promise<number>;
  /** It is gone, once; every request without an answer was told so before. */
  onClosed(reason: string): void;
}

/** A bound connection. */
export interface SmppSession {
  /** The answer, or why there is none; `isWritten` false: the request never left. */
  request(command: string, fields: Readonly<Record<string, unknown>>): Promise<Pdu | { isWritten: boolean }>;
  /** Says goodbye and closes. */
  close(): Promise<void>;
}

/** The interface version that is asked for: 3.4. */
const VERSION = 0x34;
const CONNECT_MS = 10_000;
const RESPONSE_MS = 10_000;
const ENQUIRE_MS = 30_000;
const UNBIND_MS = 1_000;
/** Command status of an answer to what this side does not do. */
const UNKNOWN_COMMAND = 0x03;

/** Connects and binds. Rejects with an Error that says why not; passwords are not in it. */
export async function openSmppSession(address: SmppAddress, events: SmppSessionEvents): Promise<SmppSession> {
  const session = await connect(address);
  const wire = createWire(session, events);
  const { systemId: system_id, password, systemType: system_type } = address;
  const bound = await wire.request('bind_transceiver', {
    system_id,
    password,
    system_type,
    interface_version: VERSION,
  });
  if ('isWritten' in bound || bound.command_status !== 0) {
    wire.end('not bound');
    throw new Error('isWritten' in bound ? 'no answer to the bind' : `bind refused, status ${bound.command_status}`);
  }
  wire.begin();
  return {
    request: wire.request,
    async close() {
      await Promise.race([wire.request('unbind', {}), pause(UNBIND_MS)]);
      wire.end('closed');
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

function connect({ host, port, tls }: SmppAddress): Promise<Session> {
  return new Promise((resolve, reject) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const options = { host, port, ...(tls ? { tls: true, ...name } : {}) };
    const session = connectSmpp(options, () => {
      clearTimeout(timer);
      session.removeListener('error', fail);
      resolve(session);
    });
    const timer = setTimeout(() => fail(new Error(`no connection in ${CONNECT_MS / 1000} s`)), CONNECT_MS);
    timer.unref();
    function fail(error: Error): void {
      clearTimeout(timer);
      session.on('error', () => {});
      session.destroy();
      reject(error);
    }
    session.on('error', fail);
  });
}

interface Wire {
  request: SmppSession['request'];
  /** From now on an end is told and the connection is kept alive. */
  begin(): void;
  end(reason: string): void;
}

/** Requests that wait for their answer, and the end of them all. */
function createWire(session: Session, events: SmppSessionEvents): Wire {
  const waiting = new Set<(answer: { isWritten: boolean }) => void>();
  const state: { isOver: boolean; isTold: boolean; keepAlive: NodeJS.Timeout | undefined } = {
    isOver: false,
    isTold: false,
    keepAlive: undefined,
  };
  function end(reason: string): void {
    if (state.isOver) return;
    state.isOver = true;
    clearInterval(state.keepAlive);
    session.destroy();
    for (const lost of [...waiting]) lost({ isWritten: true });
    if (state.isTold) events.onClosed(reason);
  }
  function request(command: string, fields: Readonly<Record<string, unknown>>): Promise<Pdu | { isWritten: boolean }> {
    return new Promise((resolve) => {
      if (state.isOver) {
        resolve({ isWritten: false });
        return;
      }
      const timer = setTimeout(() => end(`no answer to ${command}`), RESPONSE_MS);
      timer.unref();
      const settle = (answer: Pdu | { isWritten: boolean }): void => {
        clearTimeout(timer);
        waiting.delete(settle);
        resolve(answer);
      };
      waiting.add(settle);
      if (!session.send(new PDU(command, fields), settle)) settle({ isWritten: false });
    });
  }
  session.on('error', (error: Error) => end(error.message));
  session.on('close', () => end('the connection was closed'));
  session.on('pdu', (pdu: Pdu) => void answer(session, pdu, events, end));
  return {
    request,
    begin() {
      state.isTold = true;
      state.keepAlive = setInterval(() => void request('enquire_link', {}), ENQUIRE_MS);
      state.keepAlive.unref();
    },
    end,
  };
}

/** Answers what the other side asks. */
async function answer(
  session: Session,
  pdu: Pdu,
  events: SmppSessionEvents,
  end: (reason: string) => void,
): Promise<void> {
  if (pdu.command.endsWith('_resp') || pdu.command === 'generic_nack') return;
  switch (pdu.command) {
    case 'deliver_sm': {
      const command_status = await events.onDeliver(pdu);
      session.send(pdu.response({ command_status }));
      return;
    }
    case 'enquire_link':
      session.send(pdu.response());
      return;
    case 'unbind':
      session.send(pdu.response());
      end('the other side said goodbye');
      return;
    default:
      session.send(pdu.response({ command_status: UNKNOWN_COMMAND }));
  }
}
