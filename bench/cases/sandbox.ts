// sandbox: Graph sends a second of `parley sandbox` alone, while its webhooks go out to a receiver that only says 200.
// Its CPU column is the sandbox's own.
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Bench, type Case, compare, type Row } from '../bench.js';
import { startChild, startProgram } from '../child.js';
import { cpuOfProgram } from '../machine.js';
import type { LoadJob, LoadResult } from '../programs/load.js';
import type { BenchSender } from '../programs/requests.js';
import type { SinkCounts } from '../programs/sink.js';
import { measureRequests, REQUEST_ROUNDS } from '../rig.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const CALL_TIMEOUT_MS = 30_000;
const NUMBERS = 16;
/** Above what is possible: pacing is not measured. */
const THROUGHPUT = 100_000;
const TOKEN = 'EAAbench';

/** The case. */
export const sandbox: Case = {
  name: 'sandbox',
  async run(bench: Bench): Promise<Row[]> {
    const load = await startProgram<LoadJob, LoadResult>(bench, 'load');
    const sink = await startProgram<object, SinkCounts>(bench, 'sink');
    const { url, pid } = await startSandbox(bench);
    const senders = await makeWaba(url, sink.url);
    const side = {
      name: 'sandbox',
      async measure() {
        // What the round before left to do is none of this one's.
        await control('POST', `${url}/_sandbox/reset`, {});
        await control('PUT', `${url}/_sandbox/window`, { mode: 'open' });
        return measureRequests(bench, load, { kind: 'graph', url, token: TOKEN, senders }, cpuOfProgram(pid));
      },
    };
    const row = await compare(bench, { case: 'sandbox', unit: 'sends/s', rounds: REQUEST_ROUNDS }, side);
    if ((await sink.ask({})).requests === 0) throw new Error('the sandbox sent no webhooks');
    return [row];
  },
};

async function startSandbox(bench: Bench): Promise<{ url: string; pid: number }> {
  const { process: child, pid } = startChild(bench, 'sandbox', [MAIN, 'sandbox'], {
    PATH: process.env.PATH,
    PARLEY_SANDBOX_PORT: '0',
    PARLEY_LOG_LEVEL: 'warn',
  });
  if (child.stdout === null) throw new Error('no standard output');
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('listening ')) return { url: line.slice('listening '.length), pid };
  }
  throw new Error('the sandbox ended before it listened');
}

async function makeWaba(url: string, callbackUrl: string): Promise<BenchSender[]> {
  const senders = Array.from({ length: NUMBERS }, (_, index) => ({
    sender: `4411349610${String(index).padStart(2, '0')}`,
    phoneNumberId: `10600000${String(index).padStart(2, '0')}`,
  }));
  await control('POST', `${url}/_sandbox/wabas`, {
    numbers: senders.map(({ sender: number, phoneNumberId }) => ({ number, phoneNumberId, throughput: THROUGHPUT })),
    app: { appSecret: 'bench', verifyToken: 'bench', callbackUrl, token: TOKEN },
  });
  return senders;
}

async function control(method: string, url: string, body: object): Promise<void> {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
}
