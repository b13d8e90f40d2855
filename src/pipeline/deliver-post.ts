// The POST of one batch: in its turn, with the body of its kind, as the profile of its endpoint says.
import type { DeliveryProfile } from '../contract/delivery-profile.js';
import { inboundEnvelope, reportEnvelope } from '../contract/reports.js';
import type { WebhookAnswer } from '../customer/verdict.js';
import type { WebhookClient } from '../customer/webhook-client.js';
import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import type { Traces } from '../lib/traces.js';
import { isSingle, ReportKind } from '../store/reports.js';
import { complain } from './complain.js';
import type { Posted, Posting } from './deliver-tick.js';
import type { Batch, Endpoint } from './endpoint.js';
import { createReportOrder } from './report-order.js';
import { beginBatch } from './spans.js';

/** What posting works with. */
export interface PosterParts {
  clock: Clock;
  log: Log;
  client: WebhookClient;
  /** Clear signing secrets of an account, newest first. */
  secretsOf(account: number): readonly string[];
  /** What a notification profile of an account says now; undefined: there is none of that name. */
  profileOf(account: number, profile: string): DeliveryProfile | undefined;
  /** The same, after a look at the database when it seems to be none: a new profile's reports are not posted without it. */
  findProfile(account: number, profile: string): DeliveryProfile | undefined | Promise<DeliveryProfile | undefined>;
  /** Undefined: nobody wants traces. */
  traces: Traces | undefined;
}

/** Posts batches. */
export interface Poster {
  /** Resolves when the POST has ended, however. A batch whose reports must wait for those of another waits for its end first. */
  post(posting: Posting): Promise<Posted>;
}

/** Creates a poster; batches must be given to it in the order of their reports, delivery reports before the seen reports that follow them. */
export function createPoster({ clock, log, client, secretsOf, findProfile, traces }: PosterParts): Poster {
  const order = createReportOrder();
  async function exchange(
    { account, profile, buffer }: Endpoint,
    batch: Batch,
    now: number,
    traceparent: string | undefined,
  ): Promise<WebhookAnswer> {
    try {
      return await client.post({
        account,
        url: batch.url,
        id: batch.id,
        body: bodyOf(batch, buffer.size()),
        secrets: secretsOf(account),
        profile: profile === '' ? undefined : await findProfile(account, profile),
        now,
        traceparent,
      });
    } catch (error) {
      complain(log, 'deliver.post', error);
      return { kind: 'failed', reason: 'internal fault', durationMs: 0 };
    }
  }
  return {
    async post(posting) {
      const { endpoint, batch } = posting;
      const passage = order.enter(batch.kind, batch.reports);
      if (passage.wait !== undefined) await passage.wait;
      const at = clock.now();
      const spans = traces === undefined ? undefined : beginBatch(traces, batch);
      const answer = await exchange(endpoint, batch, at, spans?.traceparent);
      spans?.end(answer);
      passage.leave();
      return { ...posting, answer, at };
    },
  };
}

/** `pending` is how many more wait, which inbound messages tell (Infobip 4.3). */
function bodyOf({ kind, reports }: Batch, pending: number): string {
  const bodies = reports.map((report) => report.body);
  if (isSingle(kind)) return bodies.join('');
  return kind === ReportKind.inbound ? inboundEnvelope(bodies, pending) : reportEnvelope(bodies);
}
