// One POST to Meta: what is prepared for it, with which token, and what came of it.
import type { OpenSpan, Traces } from '../lib/traces.js';
import type { GraphClient } from '../meta/graph-client.js';
import { type Outcome, verdictOf } from '../meta/verdict.js';
import { DatabaseError } from '../store/database.js';
import type { Directory, DirectorySender } from '../store/directory.js';
import { ERASED } from '../store/erase.js';
import type { LaneMessage } from '../store/lanes.js';
import { BROKEN, FORGOTTEN, GONE } from './dispatch-rows.js';
import type { Preparation, Prepared } from './preparation.js';
import { metaRequest, type SendExtras } from './request.js';
import { beginDispatch, beginGraphCall, endDispatch, endGraphCall } from './spans.js';
import type { Work } from './work.js';

/** What a POST needs. */
export interface LanePostParts {
  directory: Directory;
  graph: GraphClient;
  /** The clear access token of a sender; undefined when no key of ours opens it. */
  tokenOf(sender: DirectorySender): string | undefined;
  /** What some messages need before their POST. */
  preparation: Preparation;
  /** Whether a request of at most `ms` may begin now. */
  mayAct(ms: number): boolean;
  /** Undefined: nobody wants traces. */
  traces: Traces | undefined;
}

/** What came of it. */
export interface Answer {
  work: Work;
  outcome: Outcome;
  /** Otherwise it says nothing about whether Meta can be reached. */
  wasPosted: boolean;
}

const UNSEALABLE_PAUSE_MS = 60_000;

/** The POSTs of one process. */
export class LanePost {
  readonly #parts: LanePostParts;
  /** Messages that are being prepared and have no socket yet. */
  #preparing = 0;

  constructor(parts: LanePostParts) {
    this.#parts = parts;
  }

  preparing(): number {
    return this.#preparing;
  }

  /** Posts. Undefined when `isOurs` ended while the message was prepared: to its new owner this is an attempt without an answer. */
  attempt(work: Work, isOurs: () => boolean): Promise<Answer | undefined> {
    const { traces } = this.#parts;
    const span = traces === undefined ? undefined : beginDispatch(traces, work.message, work.attempt);
    return span === undefined ? this.#attempt(work, isOurs, undefined) : this.#traced(work, isOurs, span);
  }

  async #traced(work: Work, isOurs: () => boolean, span: OpenSpan): Promise<Answer | undefined> {
    try {
      const answer = await this.#attempt(work, isOurs, span);
      endDispatch(span, answer?.outcome);
      return answer;
    } catch (error) {
      endDispatch(span, BROKEN);
      throw error;
    }
  }

  async #attempt(work: Work, isOurs: () => boolean, span: OpenSpan | undefined): Promise<Answer | undefined> {
    const { directory, preparation } = this.#parts;
    const { lane, message } = work;
    if (message?.content === ERASED) return { work, outcome: FORGOTTEN, wasPosted: false };
    const isNeeded = preparation.isNeeded(lane) || (message !== undefined && preparation.isNeededFor(message));
    const sender = isNeeded ? directory.senderById(lane) : undefined;
    if (sender === undefined || message === undefined)
      return { work, outcome: await this.#send(work, span), wasPosted: true };
    const prepared = await this.#prepare(work, sender, message);
    if (!isOurs()) return undefined;
    if (prepared.kind !== 'ready') return { work, outcome: prepared, wasPosted: false };
    return { work, outcome: await this.#send(work, span, prepared.extras), wasPosted: true };
  }

  async #prepare(work: Work, sender: DirectorySender, message: LaneMessage): Promise<Prepared | Outcome> {
    // What only this message needs takes moments: it keeps the room of one that is posted.
    const weight = this.#parts.preparation.isNeeded(work.lane) ? 1 : 0;
    this.#preparing += weight;
    try {
      return await this.#parts.preparation.prepare(sender, message, work.attempt);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      return notWritten('database away', work);
    } finally {
      this.#preparing -= weight;
    }
  }

  async #send(work: Work, span: OpenSpan | undefined, extras?: SendExtras): Promise<Outcome> {
    const { directory, graph, tokenOf, mayAct, traces } = this.#parts;
    const sender = directory.senderById(work.lane);
    if (sender === undefined) return directory.isRemoved(work.lane) ? GONE : notWritten('sender not known yet', work);
    if (work.message === undefined) return BROKEN;
    const token = tokenOf(sender);
    if (token === undefined) return unsealable();
    // The claim was committed under the lease; if little of it is left now (a paused process), nothing is written.
    if (!mayAct(graph.timeoutMs)) return notWritten('lease too short', work);
    const call = traces === undefined || span === undefined ? undefined : beginGraphCall(traces, span);
    if (call === undefined) {
      const body = metaRequest(work.message, work.attempt, extras);
      return verdictOf(await graph.send(sender.phoneNumberId, token, body), work.attempt, Math.random());
    }
    const { traceparent } = call;
    const body = metaRequest(work.message, work.attempt, { ...extras, traceparent });
    const answer = await graph.send(sender.phoneNumberId, token, body, { traceparent });
    endGraphCall(call, answer);
    return verdictOf(answer, work.attempt, Math.random());
  }
}

/** No byte was sent; the same try may be made again. */
function notWritten(reason: string, { attempt }: Work): Outcome {
  return verdictOf({ kind: 'notWritten', reason, cause: undefined }, attempt, Math.random());
}

/** The secret key is not the one that the token was sealed with: a person must act, and every message of the lane waits. */
function unsealable(): Outcome {
  const reason = 'access token cannot be opened with PARLEY_SECRET_KEY';
  return { kind: 'retry', delayMs: UNSEALABLE_PAUSE_MS, scope: 'lane', reason, refusal: undefined };
}
