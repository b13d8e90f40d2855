// The crash ledger, short: three kills under load, and the four books agree.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { between } from '../support/ledger-random.js';
import { assertRecovered, type Victim } from '../support/ledger-run.js';
import { lifeOf, settleBalanced, startRun, startWorld } from '../support/ledger-shared.js';

const PER_SECOND = 300;
/** Shorter than the usual 30 s, longer than any gap between Meta's first retries. */
const UNKNOWN_WAIT_SECONDS = 12;
/** Another test file runs beside this one; crash.load, which runs alone, holds recoveries to 10 s. */
const RECOVERY_MS_MAX = 20_000;

test('a SIGKILL of the gateway, of PostgreSQL and of both loses nothing and repeats nothing', async (t) => {
  const life = lifeOf(t);
  const world = await startWorld(life, [{}], { unknownWaitSeconds: UNKNOWN_WAIT_SECONDS });
  const run = startRun(t, life, world, { perSecond: PER_SECOND });
  const victims: Victim[] = ['gateway', 'postgres', 'both'];
  for (const victim of victims) {
    // The moment of the kill is what is random here; nothing is waited for.
    await delay(between(run.random, 1_000, 3_000));
    await run.kill(victim);
  }
  await delay(1_000);
  const { accepted } = await settleBalanced(t, run);
  assert.ok(accepted > PER_SECOND * 3, `only ${accepted} messages were accepted`);
  const { files, reads } = run.users;
  assert.ok(files.size > 5 && reads.size > 5, `only ${files.size} files and ${reads.size} reads`);
  assertRecovered(run.recoveries(), RECOVERY_MS_MAX);
});
