// The one statement a tick that records delivery: positions, batches, attempts, dead letters and health.
import type { BatchRow } from './batches.js';
import { columns } from './columns.js';
import type { Database } from './database.js';
import type { EndpointHead } from './endpoint-heads.js';

/** One POST as it went. */
export interface AttemptRow {
  endpoint: number;
  firstSeq: number;
  lastSeq: number;
  results: number;
  batch: string;
  attempt: number;
  kind: number;
  at: number;
  durationMs: number;
  httpStatus: number | null;
  verdict: string;
  error: string | null;
  answer: string | null;
  nextAt: number | null;
}

/** A report that is given up. */
export interface DeadLetterRow {
  endpoint: number;
  seq: number;
  day: number;
  kind: number;
  at: number;
  reason: string;
}

/** Everything one tick commits. */
export interface DeliverTick {
  positions: Pick<EndpointHead, 'endpoint' | 'position' | 'positionDay'>[];
  finished: string[];
  batches: BatchRow[];
  attempts: AttemptRow[];
  dead: DeadLetterRow[];
  health: Pick<
    EndpointHead,
    'endpoint' | 'failures' | 'downSince' | 'probeAt' | 'probes' | 'downReason' | 'disabledAt' | 'enabled'
  >[];
}

const TICK_PARAMETERS = 46;
const TICK = {
  name: 'deliver_tick',
  text: `SELECT deliver_tick(${Array.from({ length: TICK_PARAMETERS }, (_, i) => `$${i + 1}`).join(',')})`,
};

/** Commits one tick of delivery. Repeating it changes nothing. Throws DatabaseError of kind lease when the process no longer owns. */
export async function commitDeliverTick(
  database: Database,
  processId: number,
  today: number,
  tick: DeliverTick,
): Promise<void> {
  await database.run(TICK, [
    processId,
    today,
    ...columns(tick.positions, ['endpoint', 'position', 'positionDay']),
    tick.finished,
    ...columns(
      tick.batches.map((batch) => ({ ...batch, seqs: `{${batch.seqs.join(',')}}` })),
      [
        'id',
        'endpoint',
        'kind',
        'url',
        'seqs',
        'fromDay',
        'toDay',
        'attempt',
        'isReplay',
        'isAlone',
        'firstDueAt',
        'dueAt',
      ],
    ),
    ...columns(tick.attempts, [
      'endpoint',
      'firstSeq',
      'lastSeq',
      'results',
      'batch',
      'attempt',
      'kind',
      'at',
      'durationMs',
      'httpStatus',
      'verdict',
      'error',
      'answer',
      'nextAt',
    ]),
    ...columns(tick.dead, ['endpoint', 'seq', 'day', 'kind', 'at', 'reason']),
    ...columns(tick.health, [
      'endpoint',
      'failures',
      'downSince',
      'probeAt',
      'probes',
      'downReason',
      'disabledAt',
      'enabled',
    ]),
  ]);
}
