// A program: Meta and customer of inbound files at once. Posts signed images, serves them as Graph does (Meta 2.2, 3), and takes their reports.
import { createHash, randomBytes } from 'node:crypto';
import { createHttpClient, requestHead } from './http-client.js';
import { report, sendJson, serve } from './program.js';
import { type BenchSender, sign } from './requests.js';

/** `count` images of `bytes` bytes; at most `window` of them without a report. */
export interface MediaJob {
  callbackUrl: string;
  appSecret: string;
  senders: BenchSender[];
  count: number;
  bytes: number;
  window: number;
}

/** What a job took; `p99Ms` from a webhook to its report. */
export interface MediaResult {
  elapsedMs: number;
  p99Ms: number;
}

interface Running {
  job: MediaJob;
  file: Buffer;
  sha256: string;
  /** Start times by wamid. */
  open: Map<string, number>;
  took: number[];
  onReport(): void;
}

const CONNECTIONS = 16;
const TIMEOUT_MS = 120_000;
const state: { running: Running | undefined; runs: number } = { running: undefined, runs: 0 };

const url = await serve((request, body, response) => {
  const { running } = state;
  const path = request.url ?? '';
  if (running === undefined) response.writeHead(503).end();
  else if (path.startsWith('/file/')) {
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': running.file.length });
    response.end(running.file);
  } else if (path.startsWith('/inbound')) {
    // Parse boundary: the gateway's reports.
    const { results } = JSON.parse(body) as { results: { messageId: string }[] };
    for (const { messageId } of results) settle(running, messageId);
    sendJson(response, '{}');
  } else {
    const id = path.split('/').at(-1);
    const file = { url: `${url}/file/${id}`, mime_type: 'image/jpeg', sha256: running.sha256 };
    sendJson(response, JSON.stringify({ messaging_product: 'whatsapp', ...file, file_size: running.file.length, id }));
  }
});

function settle(running: Running, wamid: string): void {
  const startedAt = running.open.get(wamid);
  if (startedAt === undefined) return;
  running.open.delete(wamid);
  running.took.push(performance.now() - startedAt);
  running.onReport();
}

function imageBody({ job, sha256 }: Running, n: number): { wamid: string; body: string } {
  const sender = job.senders[n % job.senders.length];
  if (sender === undefined) throw new Error('no senders');
  const id = `${process.pid}${state.runs}${String(n).padStart(8, '0')}`;
  const wamid = `wamid.HBgMNDQ3NzAwMDAwMDAwFQIAEhgU.${id}`;
  const from = `44770${String(n).padStart(7, '0')}`;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: sender.sender, phone_number_id: sender.phoneNumberId },
    contacts: [{ profile: { name: 'Joan' }, wa_id: from }],
    messages: [{ from, id: wamid, timestamp, type: 'image', image: { id, mime_type: 'image/jpeg', sha256 } }],
  };
  const entry = [{ id: '1020304050', changes: [{ field: 'messages', value }] }];
  return { wamid, body: JSON.stringify({ object: 'whatsapp_business_account', entry }) };
}

report<MediaJob, MediaResult>(url, async (job) => {
  state.runs += 1;
  const file = randomBytes(job.bytes);
  const sha256 = createHash('sha256').update(file).digest('base64');
  const client = createHttpClient(job.callbackUrl, CONNECTIONS);
  const head = requestHead(job.callbackUrl);
  const startedAt = performance.now();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('files without a report')), TIMEOUT_MS);
    let sent = 0;
    const running: Running = { job, file, sha256, open: new Map(), took: [], onReport: more };
    function more(): void {
      while (sent < job.count && running.open.size < job.window) {
        const { wamid, body } = imageBody(running, sent);
        sent += 1;
        running.open.set(wamid, performance.now());
        client.post(`${head}x-hub-signature-256: ${sign(job.appSecret, body)}\r\n`, body, (status) => {
          if (status !== 200) reject(new Error(`a webhook was answered with ${status}`));
        });
      }
      if (running.took.length < job.count) return;
      clearTimeout(timer);
      resolve();
    }
    state.running = running;
    more();
  });
  const elapsedMs = performance.now() - startedAt;
  client.close();
  const took = state.running?.took.sort((a, b) => a - b) ?? [];
  return { elapsedMs, p99Ms: took[Math.floor(took.length * 0.99)] ?? 0 };
});
