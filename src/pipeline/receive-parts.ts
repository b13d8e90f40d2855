// What receive works with, and what it counts.
import type { Clock } from '../lib/clock.js';
import type { Traces } from '../lib/traces.js';
import type { WireInbound, WireOther } from '../meta/webhook.js';
import type { Database, DatabaseError } from '../store/database.js';
import type { Directory } from '../store/directory.js';
import type { AppendedEvent } from '../store/events.js';
import type { MediaUrl, Report } from './report.js';

/** What receive works with. */
export interface ReceiveParts {
  database: Database;
  clock: Clock;
  directory: Directory;
  /** Any of them may have signed. */
  appSecrets: readonly string[];
  /** Oldest day that still has partitions, yyyymmdd. */
  oldestDay(): number;
  /** Keeps the identity that a message names, when somebody wants it. */
  observeIdentity(wire: WireInbound): Promise<true> | undefined;
  /** Keeps the calls of users, or the state of a flow, that a change tells of. */
  observeChange(change: WireOther): Promise<true> | undefined;
  /** A status of ours came, which Meta dates to `at` (epoch ms). */
  onStatus(at: number): void;
  /** Applies a change that is about a template. */
  observeTemplate(wire: WireOther): Promise<true> | undefined;
  onEvents(events: AppendedEvent[]): void;
  onReports(reports: Report[]): void;
  /** Messages with files were committed. */
  onMedia(): void;
  /** Where customers get the files of inbound messages. */
  mediaUrl: MediaUrl;
  /** Undefined: nobody wants traces. */
  traces: Traces | undefined;
  count(what: ReceiveCount, by: number): void;
  /** Counts a status `failed` by Meta's code. */
  countFailed(metaCode: number | undefined): void;
}

/** What is counted of a webhook. */
export type ReceiveCount =
  | 'status'
  | 'inbound'
  | 'unsupported'
  | 'system'
  | 'other'
  | 'malformed'
  | 'foreign'
  | 'too-old'
  | 'unknown-number'
  | 'unsigned';

/** What became of an item: on disk, or refused alone. */
export type Written = true | DatabaseError;
