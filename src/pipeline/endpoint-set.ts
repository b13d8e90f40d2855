// The endpoints that this process owns: taking them over, letting them go, and keeping their buffers filled.
import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import { freeNewBatches } from '../store/batches.js';
import type { Database } from '../store/database.js';
import { type EndpointHead, readHeads, readHeadsOfGroups, readWaiting } from '../store/endpoint-heads.js';
import { GROUPS } from '../store/processes.js';
import { readFirstReportDay, readReports } from '../store/reports.js';
import { complain } from './complain.js';
import { createEndpoint, type Endpoint } from './endpoint.js';
import type { Report } from './report.js';
import type { ReportReader } from './report-reader.js';
import { readAhead } from './stream-read.js';

/** What the set works with. */
export interface EndpointSetParts {
  database: Database;
  clock: Clock;
  log: Log;
  reader: ReportReader;
  /** An endpoint may have something to do. */
  onReady(endpoint: Endpoint): void;
}

const READ_MAX = 500;

/** Endpoints in the hands of this process. */
export class EndpointSet {
  readonly #parts: EndpointSetParts;
  readonly #endpoints = new Map<number, Endpoint>();
  readonly #groups = new Set<number>();
  readonly #reading = new Set<Endpoint>();
  #generation = 0;

  constructor(parts: EndpointSetParts) {
    this.#parts = parts;
  }

  get(id: number): Endpoint | undefined {
    return this.#endpoints.get(id);
  }

  /** Whether this very object is the one that counts: not released, not taken anew since. */
  isCurrent(endpoint: Endpoint): boolean {
    return this.#groups.has(endpoint.id % GROUPS) && this.#endpoints.get(endpoint.id) === endpoint;
  }

  values(): Iterable<Endpoint> {
    return this.#endpoints.values();
  }

  notUp(): Endpoint[] {
    return [...this.#endpoints.values()].filter((endpoint) => !endpoint.isUp());
  }

  groups(): number[] {
    return [...this.#groups];
  }

  /** Takes over all endpoints of some groups. Throws DatabaseError. */
  async take(groups: readonly number[]): Promise<void> {
    const { database, clock } = this.#parts;
    await freeNewBatches(database, clock.now(), GROUPS, groups);
    const heads = await readHeadsOfGroups(database, GROUPS, groups);
    for (const group of groups) this.#groups.add(group);
    for (const head of heads) this.#own(head);
  }

  /** Stops choosing these groups' endpoints and names them; `forget` ends it. */
  stopGroups(groups: readonly number[]): Endpoint[] {
    for (const group of groups) this.#groups.delete(group);
    return [...this.#endpoints.values()].filter((endpoint) => groups.includes(endpoint.id % GROUPS));
  }

  forget(endpoints: readonly Endpoint[]): void {
    for (const endpoint of endpoints) this.#endpoints.delete(endpoint.id);
  }

  loseAll(): void {
    this.#generation += 1;
    this.#endpoints.clear();
    this.#groups.clear();
  }

  /** Reports that were just committed, in order of their streams. */
  offer(reports: readonly Report[]): void {
    const unknown = new Set<number>();
    for (const report of reports) {
      if (!this.#groups.has(report.endpoint % GROUPS)) continue;
      const endpoint = this.#endpoints.get(report.endpoint);
      if (endpoint === undefined) {
        unknown.add(report.endpoint);
        continue;
      }
      endpoint.buffer.noteTail(report.seq + 1, report.day);
      // While a read is under way its rows come first; the read that follows brings this one.
      if (!this.#reading.has(endpoint)) endpoint.buffer.offer([report]);
      this.#parts.onReady(endpoint);
    }
    if (unknown.size === 0) return;
    void this.meet([...unknown]).catch((error: unknown) => complain(this.#parts.log, 'deliver.new-endpoint', error));
  }

  /** Takes endpoints that were made after their group was taken. Throws DatabaseError. */
  async meet(ids: readonly number[]): Promise<void> {
    const generation = this.#generation;
    const heads = await readHeads(this.#parts.database, ids);
    if (generation !== this.#generation) return;
    for (const head of heads) if (this.#groups.has(head.endpoint % GROUPS)) this.#own(head);
    await this.readTails();
  }

  /** Learns how far the writers of all processes are. Throws DatabaseError. */
  async readTails(): Promise<void> {
    if (this.#groups.size === 0) return;
    const unknown: number[] = [];
    for (const { endpoint: id, next, day } of await readWaiting(this.#parts.database, GROUPS, this.groups())) {
      const endpoint = this.#endpoints.get(id);
      if (endpoint === undefined) {
        unknown.push(id);
        continue;
      }
      endpoint.buffer.noteTail(next, day);
      if (endpoint.buffer.wanted() !== undefined) this.#parts.onReady(endpoint);
    }
    if (unknown.length > 0) await this.meet(unknown);
  }

  /** Somebody may have enabled an endpoint through the admin API. Throws DatabaseError. */
  async readHealth(): Promise<void> {
    const notUp = this.notUp();
    if (notUp.length === 0) return;
    const ids = notUp.map((endpoint) => endpoint.id);
    for (const head of await readHeads(this.#parts.database, ids)) {
      const endpoint = this.#endpoints.get(head.endpoint);
      if (endpoint === undefined || endpoint.head().enabled === head.enabled) continue;
      endpoint.load(head);
      this.#parts.onReady(endpoint);
    }
  }

  /** Reads ahead of an endpoint's position when too little is buffered. */
  refill(endpoint: Endpoint): void {
    if (this.#reading.has(endpoint) || endpoint.buffer.wanted() === undefined) return;
    this.#reading.add(endpoint);
    const { database, reader, log, onReady } = this.#parts;
    void readAhead(endpoint.buffer, {
      read: async (day, after) => reader.bodies(await readReports(database, day, endpoint.id, after, READ_MAX)),
      firstDay: () => readFirstReportDay(database, endpoint.id),
    })
      .finally(() => this.#reading.delete(endpoint))
      .then(() => onReady(endpoint))
      // The next look at the tails asks again.
      .catch((error: unknown) => complain(log, 'deliver.read', error));
  }

  #own(head: EndpointHead): void {
    if (this.#endpoints.has(head.endpoint)) return;
    const endpoint = createEndpoint(head);
    this.#endpoints.set(head.endpoint, endpoint);
    this.#parts.onReady(endpoint);
  }
}
