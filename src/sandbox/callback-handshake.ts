// The handshake of a callback: run until it passes, because nothing goes to a callback before (Meta 2.1).
import { randomInt } from 'node:crypto';
import type { Line } from './callback-line.js';
import { shakeHands } from './callback-post.js';
import { type CallbackQueue, pump } from './callback-queue.js';
import { HANDSHAKE_WAIT_MS_MAX, retryWaitMs } from './retry-waits.js';

const VERIFIED_MAX = 1000;

/** Runs the handshake of a line, and again after a while when it fails. One at a time. */
export function shakeUntilPassed(queue: CallbackQueue, line: Line): void {
  if (line.isShaking || queue.stopping.signal.aborted) return;
  line.isShaking = true;
  void shakeHands(queue.agent, line.address, newChallenge()).then((isPassed) => {
    line.isShaking = false;
    if (queue.stopping.signal.aborted || queue.lines.get(line.id) !== line) return;
    if (isPassed) passed(queue, line);
    else shakeLater(queue, line);
  });
}

/** Runs a handshake with an address that is not in use yet; whether it passed. */
export function tryHandshake(queue: CallbackQueue, url: string, verifyToken: string): Promise<boolean> {
  return shakeHands(queue.agent, { url, verifyToken, appSecret: '' }, newChallenge());
}

function passed(queue: CallbackQueue, line: Line): void {
  const settings = queue.world.settings();
  settings.verified = [...settings.verified, line.id].slice(-VERIFIED_MAX);
  queue.world.saveSettings();
  pump(queue, line);
}

function shakeLater(queue: CallbackQueue, line: Line): void {
  line.failures += 1;
  queue.log.debug({ event: 'sandbox.handshake', failures: line.failures });
  const waitMs = Math.min(HANDSHAKE_WAIT_MS_MAX, retryWaitMs(line.failures));
  queue.due.add(queue.world.clock.now() + waitMs, () => pump(queue, line));
}

function newChallenge(): string {
  return String(randomInt(100_000_000, 2_000_000_000));
}
