// A program for tests: owns the embedded database of the folder in its first argument until SIGTERM. Prints one line of JSON, `{url, pid}`, or `{error}`.
import { once } from 'node:events';
import { createLog } from '../../src/lib/log.js';
import { startEmbedded } from '../../src/store/embedded.js';

const [, , dataDir = ''] = process.argv;
try {
  const database = await startEmbedded({ dataDir, log: createLog('silent') });
  // Listened for before anybody knows that there is something to stop.
  const asked = once(process, 'SIGTERM');
  process.stdout.write(`${JSON.stringify({ url: database.url, pid: database.pid() })}\n`);
  const idle = setInterval(() => {}, 60_000);
  await asked;
  clearInterval(idle);
  await database.stop();
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`);
  process.exitCode = 1;
}
