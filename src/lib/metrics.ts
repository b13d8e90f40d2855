// What is counted, for Prometheus. No phone numbers and no ids of people in labels.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** The counters of the gateway and the text they are read as. */
export interface Metrics {
  accepted: Counter<'outcome'>;
  /** One POST to Meta: how it ended and Meta's code, `none` when there is none. */
  dispatched: Counter<'outcome' | 'meta_code'>;
  /** One element of Meta's webhooks. */
  received: Counter<'what'>;
  /** One status `failed` of Meta by its code, `none` when there is none. */
  failedStatuses: Counter<'meta_code'>;
  /** One POST to a customer. */
  deliveries: Counter<'verdict'>;
  /** Results in POSTs to customers. */
  results: Counter<'verdict'>;
  /** One endpoint disabled: by its own 410 (gone), or by 5 days of failures (failing). */
  endpointsDisabled: Counter<'by'>;
  /** Wrong credentials. */
  refused: Counter<'scheme'>;
  /** One try to get a file that a user sent. */
  files: Counter<'outcome'>;
  /** What became of short messages. */
  sms: Counter<'outcome'>;
  redirects: Counter<'outcome'>;
  /** Orders of certificates. */
  certificateOrders: Counter<'outcome'>;
  /** Spans by what became of them: exported, dropped (too many waited), failed (the collector did not take them). */
  spans: Counter<'outcome'>;
  /** Sets a gauge that is asked when the metrics are read. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void;
  /** The same with labels: each reading replaces the one before, so that what is gone has no value left. */
  gaugeBy(
    name: string,
    help: string,
    label: string,
    read: () => Promise<readonly [label: string, value: number][]>,
  ): void;
  /** Prometheus text. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Creates the metrics; with `withProcess` also the process's own: memory, CPU, event-loop lag. */
export function createMetrics(withProcess: boolean): Metrics {
  const registry = new Registry();
  if (withProcess) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    accepted: new Counter({
      name: 'parley_accepted_total',
      help: 'Messages by what became of the request',
      labelNames: ['outcome'],
      registers,
    }),
    dispatched: new Counter({
      name: 'parley_dispatched_total',
      help: 'POSTs to Meta by outcome and Meta code',
      labelNames: ['outcome', 'meta_code'],
      registers,
    }),
    received: new Counter({
      name: 'parley_received_total',
      help: 'Elements of webhooks from Meta',
      labelNames: ['what'],
      registers,
    }),
    failedStatuses: new Counter({
      name: 'parley_failed_statuses_total',
      help: 'Statuses of Meta that a message failed, by Meta code',
      labelNames: ['meta_code'],
      registers,
    }),
    deliveries: new Counter({
      name: 'parley_webhook_attempts_total',
      help: 'POSTs to customers by result',
      labelNames: ['verdict'],
      registers,
    }),
    results: new Counter({
      name: 'parley_webhook_results_total',
      help: 'Reports in POSTs to customers by result',
      labelNames: ['verdict'],
      registers,
    }),
    endpointsDisabled: new Counter({
      name: 'parley_endpoints_disabled_total',
      help: 'Endpoints disabled, by why',
      labelNames: ['by'],
      registers,
    }),
    refused: new Counter({
      name: 'parley_credentials_refused_total',
      help: 'Wrong credentials by scheme',
      labelNames: ['scheme'],
      registers,
    }),
    files: new Counter({
      name: 'parley_media_fetches_total',
      help: 'Tries to get a file from Meta by result',
      labelNames: ['outcome'],
      registers,
    }),
    sms: new Counter({
      name: 'parley_sms_total',
      help: 'Short messages of failovers by what became of them',
      labelNames: ['outcome'],
      registers,
    }),
    redirects: new Counter({
      name: 'parley_redirects_total',
      help: 'Requests for short links by how they ended',
      labelNames: ['outcome'],
      registers,
    }),
    certificateOrders: new Counter({
      name: 'parley_certificate_orders_total',
      help: 'Orders of certificates by how they ended',
      labelNames: ['outcome'],
      registers,
    }),
    spans: new Counter({
      name: 'parley_trace_spans_total',
      help: 'Spans of traces by what became of them',
      labelNames: ['outcome'],
      registers,
    }),
    gauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers,
        async collect() {
          this.set(await read());
        },
      });
    },
    gaugeBy(name, help, label, read) {
      new Gauge({
        name,
        help,
        labelNames: [label],
        registers,
        async collect() {
          const values = await read();
          this.reset();
          for (const [of, value] of values) this.set({ [label]: of }, value);
        },
      });
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** Meta's code as a label. */
export function codeText(code: number | undefined): string {
  return code === undefined ? 'none' : String(code);
}
