// Throws requests at a running server and judges every answer: never a 5xx, never a hang, errors in the form of the API.
import { readFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { TestContext } from 'node:test';
import { fc, propertySeed } from './property.js';
import type { ThrownAnswer, ThrownRequest } from './requests.js';

/** A run: which requests at which server, for how long. */
export interface FuzzRun {
  /** Base URL. */
  url: string;
  requests: fc.Arbitrary<ThrownRequest>;
  /** How many are thrown at least, unless time runs out. */
  count: number;
  seed: number;
  timeLimitMs: number;
  /** What is wrong with an answer beyond what is wrong for every server; undefined when nothing is. */
  judge?(request: ThrownRequest, answer: ThrownAnswer): string | undefined;
}

/** What a run met. */
export interface Tally {
  requests: number;
  /** How many answers had which status; `reset` are connections cut because of a body too large to be read. */
  statuses: ReadonlyMap<string, number>;
  /** Operations that answered 2xx at least once. */
  succeeded: ReadonlySet<string>;
}

const BATCH_MAX = 32;
/** Measured: fast-check begins with small batches. */
const BATCH_MEAN = 12;
/** An answer that takes longer is a hang. */
const ANSWER_MS_MAX = 15_000;
/** A server may cut the connection instead of reading more than this. */
const RESET_BYTES_MIN = 16 * 1024;
const SHOWN_CHARACTERS_MAX = 1_500;

/** The seed of the run, shown with the results, so that a run can be repeated. */
export function fuzzSeed(t: TestContext): number {
  const seed = propertySeed();
  t.diagnostic(`seed ${seed}; again with: node ${process.argv[1] ?? 'the test'} --seed=${seed}`);
  return seed;
}

/** Throws them, up to 32 at a time. Throws Error with the smallest failing batch that was found. */
export async function fuzz(run: FuzzRun): Promise<Tally> {
  const agent = new Agent({ keepAlive: true, maxSockets: BATCH_MAX });
  const statuses = new Map<string, number>();
  const succeeded = new Set<string>();
  let requests = 0;
  const property = fc.asyncProperty(
    fc.array(run.requests, { minLength: 1, maxLength: BATCH_MAX, size: 'max' }),
    async (batch) => {
      const wrong = await Promise.all(
        batch.map(async (thrown) => {
          const answer = await answerTo(run.url, agent, thrown);
          requests += 1;
          const status = answer === undefined ? 'reset' : String(answer.status);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (answer !== undefined && answer.status < 300) succeeded.add(`${thrown.method} ${thrown.operation}`);
          const problem = answer === undefined ? undefined : (judge(answer) ?? run.judge?.(thrown, answer));
          return problem === undefined ? undefined : `${problem}\n${shown(thrown)}\n${answer?.text.slice(0, 500)}`;
        }),
      );
      const first = wrong.find((problem) => problem !== undefined);
      if (first !== undefined) throw new Error(first);
    },
  );
  try {
    const details = await fc.check(property, {
      seed: run.seed,
      numRuns: Math.ceil(run.count / BATCH_MEAN),
      interruptAfterTimeLimit: run.timeLimitMs,
    });
    if (details.failed)
      throw new Error(`seed ${details.seed}, path ${details.counterexamplePath}: ${textOf(details.errorInstance)}`);
  } finally {
    agent.destroy();
  }
  return { requests, statuses, succeeded };
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${textOf(error.cause)}`;
}

function judge({ status }: ThrownAnswer): string | undefined {
  return status >= 500 ? `answered ${status}` : undefined;
}

function shown({ method, path, headers, body = '' }: ThrownRequest): string {
  const text = `${method} ${path.slice(0, 300)} ${JSON.stringify(headers).slice(0, 500)}\n${body}`;
  return text.length <= SHOWN_CHARACTERS_MAX
    ? text
    : `${text.slice(0, SHOWN_CHARACTERS_MAX)} .. ${body.length} bytes in all`;
}

/** The answer; undefined when the connection was cut while a large body was sent. Throws when it was cut otherwise, twice, or nothing came. */
async function answerTo(url: string, agent: Agent, thrown: ThrownRequest): Promise<ThrownAnswer | undefined> {
  const isLarge = (thrown.body?.length ?? 0) >= RESET_BYTES_MIN;
  try {
    return await send(url, agent, thrown);
  } catch (error) {
    if (isLarge && isReset(error)) return undefined;
    // A kept connection may have been closed by the server a moment before it was used.
    if (!isReset(error)) throw new Error(`no answer to\n${shown(thrown)}`, { cause: error });
    const fresh = new Agent();
    return send(url, fresh, thrown).finally(() => fresh.destroy());
  }
}

function isReset(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function send(url: string, agent: Agent, { method, path, headers, body }: ThrownRequest): Promise<ThrownAnswer> {
  const { hostname, port } = new URL(url);
  const content = body === undefined ? undefined : Buffer.from(body, 'latin1');
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        hostname,
        port,
        agent,
        method,
        path,
        headers: content === undefined ? headers : { ...headers, 'content-length': content.length },
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      },
      (incoming) => read(incoming).then(resolve, reject),
    );
    outgoing.on('error', reject);
    outgoing.end(content);
  });
}

async function read(incoming: IncomingMessage): Promise<ThrownAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return {
    status: incoming.statusCode ?? 0,
    contentType: incoming.headers['content-type'] ?? '',
    text: Buffer.concat(chunks).toString('utf8'),
  };
}

/** Resident memory of a process in MB; undefined where /proc is not. */
export function residentMegabytes(pid: number): number | undefined {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}

/** The tally in a line. */
export function tallyLine({ requests, statuses, succeeded }: Tally): string {
  const counts = [...statuses].sort(([a], [b]) => a.localeCompare(b)).map(([status, count]) => `${status}: ${count}`);
  return `${requests} requests; ${counts.join(', ')}; ${succeeded.size} operations with a 2xx`;
}
