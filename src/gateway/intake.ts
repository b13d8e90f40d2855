// What comes in: the messages of customers, and what Meta tells.
import { codeText } from '../lib/metrics.js';
import { type Accept, createAccept } from '../pipeline/accept.js';
import { observeFlows } from '../pipeline/flow-changes.js';
import { observeIdentity } from '../pipeline/identities.js';
import { createReceive, type Receive } from '../pipeline/receive.js';
import { observeTemplate } from '../pipeline/template-changes.js';
import { observeCalls } from '../pipeline/user-calls.js';
import type { Background } from './background.js';
import type { Foundation } from './foundation.js';
import type { Pipeline } from './pipeline.js';

/** The two ends that take. */
export interface Intake {
  accept: Accept;
  receive: Receive;
}

/** Creates both; what they commit goes on in the pipeline. */
export function createIntake(foundation: Foundation, pipeline: Pipeline, { templateSync }: Background): Intake {
  const { config, database, clock, directory, metrics, traces, address } = foundation;
  const { dispatch, media, janitor, sink, receiveLag } = pipeline;
  const accept = createAccept({
    database,
    clock,
    onAccepted: (messages) => dispatch?.offer(messages),
    onEvents: sink.events,
  });
  const receive = createReceive({
    database,
    clock,
    directory,
    appSecrets: config.metaAppSecrets,
    oldestDay: () => janitor.oldestDay(),
    observeTemplate: (wire) => observeTemplate({ database, clock, sync: templateSync, onReports: sink.reports }, wire),
    observeIdentity: (wire) => observeIdentity({ database, directory }, wire),
    observeChange: (change) => observeCalls({ database, directory }, change) ?? observeFlows(database, change),
    onStatus: receiveLag.note,
    onEvents: sink.events,
    onReports: sink.reports,
    onMedia: () => media?.wake(),
    mediaUrl: address.mediaUrl,
    traces,
    count: (what, by) => metrics.received.inc({ what }, by),
    countFailed: (code) => metrics.failedStatuses.inc({ meta_code: codeText(code) }),
  });
  return { accept, receive };
}
