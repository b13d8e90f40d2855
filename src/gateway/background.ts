// What runs in the background beside the pipeline: old files are removed, what is scheduled becomes due, templates are kept as Meta has them.
import type { DueLoop } from '../pipeline/due-loop.js';
import { createMediaSweep } from '../pipeline/media-sweep.js';
import { createSchedule } from '../pipeline/schedule.js';
import { createTemplateSync, type TemplateSync } from '../pipeline/template-sync.js';
import { createTyping } from '../pipeline/typing.js';
import type { Clients } from './clients.js';
import type { Foundation } from './foundation.js';
import type { Pipeline } from './pipeline.js';

/** What other parts wake; undefined is what this process has no role for. */
export interface Background {
  schedule: DueLoop | undefined;
  typing: DueLoop | undefined;
  templateSync: TemplateSync;
}

/** Starts it. */
export function startBackground(foundation: Foundation, clients: Clients, pipeline: Pipeline): Background {
  const { config, lifecycle } = foundation;
  const { dispatch, failover } = pipeline;
  if (pipeline.media !== undefined) startMediaSweep(foundation, clients);
  if (dispatch !== undefined) failover.wake();
  lifecycle.add('failover', () => failover.stop());

  const { database, clock, log, directory, opened } = foundation;
  const shared = { database, clock, log, directory, graph: clients.graph };
  const typing = dispatch === undefined ? undefined : createTyping({ ...shared, tokenOf: opened.requireToken });
  const schedule =
    dispatch === undefined
      ? undefined
      : createSchedule({ database, clock, log, onAccepted: (messages) => dispatch.offer(messages) });
  schedule?.wake();
  lifecycle.add('schedule', () => schedule?.stop());
  typing?.wake();
  lifecycle.add('typing', () => typing?.stop());

  const templateSync = createTemplateSync({ ...shared, tokenOf: opened.tokenOf, onReports: pipeline.sink.reports });
  if (config.roles.has('receive')) templateSync.start();
  lifecycle.add('templates', () => templateSync.stop());
  return { schedule, typing, templateSync };
}

function startMediaSweep({ config, database, clock, log, lifecycle }: Foundation, { files }: Clients): void {
  const sweep = createMediaSweep({ database, clock, log, ...files, retentionDays: config.retentionDays });
  sweep.start();
  lifecycle.add('media.sweep', () => sweep.stop());
}
