// The customer's book: which report and which inbound message arrived under which eventId, and how often. Keeps no bodies, so that an
// hour of load fits in memory.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** What arrived of one message that was sent with `callbackData` n. */
export interface Reported {
  /** eventIds of delivery reports that say delivered. */
  delivered: Set<string>;
  /** eventIds of other delivery reports, with the status. */
  other: Map<string, string>;
  /** eventIds of seen reports. */
  seen: Set<string>;
}

/** A receiver that writes the book and answers 200. */
export interface LedgerReceiver {
  /** Where reports go. */
  reportsUrl: string;
  /** Where inbound messages go. */
  inboundUrl: string;
  /** By the load's number. */
  reports: Map<number, Reported>;
  /** eventIds by the text of an inbound message. */
  inbound: Map<string, Set<string>>;
  /** Where the file of an inbound message is, by its caption. */
  fileUrls: Map<string, string>;
  /** How often an eventId came again: at least once is promised, so it is counted, not judged. */
  repeats(): number;
  /** From now on requests are answered by this instead, when it says that it did; the book then knows nothing of them. Undefined: behaves again. */
  misbehave(answer: Misbehaviour | undefined): void;
  /** Arrival (epoch ms) of the first delivery report of each number. */
  firstAt: Map<number, number>;
  stop(): Promise<void>;
}

/** Answers, or breaks, a request by itself and returns true, or returns false. */
export type Misbehaviour = (response: ServerResponse, results: readonly Result[]) => boolean;

/** A report or an inbound message, as far as the book looks at it. */
export interface Result {
  eventId?: string;
  callbackData?: string;
  seenAt?: string;
  status?: { name?: string };
  message?: { text?: string; caption?: string; url?: string };
}

/** Starts one on `port` of loopback, any free one by default. */
export async function startLedgerReceiver(port = 0): Promise<LedgerReceiver> {
  const reports = new Map<number, Reported>();
  const inbound = new Map<string, Set<string>>();
  const firstAt = new Map<number, number>();
  const fileUrls = new Map<string, string>();
  const counts = { repeats: 0 };
  const mood: { misbehave: Misbehaviour | undefined } = { misbehave: undefined };
  function note(set: Set<string>, eventId: string): void {
    if (set.has(eventId)) counts.repeats += 1;
    set.add(eventId);
  }
  function noteReport({ eventId = '', callbackData = '', seenAt, status }: Result): void {
    const n = Number(callbackData);
    const reported = reports.get(n) ?? { delivered: new Set(), other: new Map(), seen: new Set() };
    reports.set(n, reported);
    if (seenAt !== undefined) note(reported.seen, eventId);
    else if (status?.name === 'DELIVERED_TO_HANDSET') note(reported.delivered, eventId);
    else reported.other.set(eventId, status?.name ?? 'none');
    if (seenAt === undefined && !firstAt.has(n)) firstAt.set(n, Date.now());
  }
  function noteInbound({ eventId = '', message }: Result): void {
    const text = message?.text ?? message?.caption ?? '';
    if (message?.url !== undefined) fileUrls.set(text, message.url);
    const ids = inbound.get(text) ?? new Set();
    inbound.set(text, ids);
    note(ids, eventId);
  }
  const server = createServer((request, response) => {
    read(request).then(
      (results) => {
        if (mood.misbehave?.(response, results) === true) return;
        for (const result of results) (request.url === '/inbound' ? noteInbound : noteReport)(result);
        response.end();
      },
      () => response.destroy(),
    );
  });
  server.keepAliveTimeout = 60_000;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  const url = `http://127.0.0.1:${address.port}`;
  return {
    reportsUrl: `${url}/reports`,
    inboundUrl: `${url}/inbound`,
    reports,
    inbound,
    fileUrls,
    firstAt,
    misbehave: (answer) => {
      mood.misbehave = answer;
    },
    repeats: () => counts.repeats,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function read(request: IncomingMessage): Promise<Result[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  // The parse boundary of a request: fields are looked at one by one, and a missing one is counted as wrong.
  const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { results?: Result[] };
  return body.results ?? [];
}
