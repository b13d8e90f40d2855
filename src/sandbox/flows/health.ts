// How a flow's data endpoint fares, and when Meta would tell the business of it (Meta 2.8). Pure.

/** One call of an endpoint. `at` is epoch ms; `error` names what went wrong, null when nothing did. */
export interface EndpointCall {
  at: number;
  durationMs: number;
  error: string | null;
  /** Whether there was an answer at all. */
  isAvailable: boolean;
}

/** The alerts of endpoints. */
export type AlertEvent = 'ENDPOINT_ERROR_RATE' | 'ENDPOINT_LATENCY' | 'ENDPOINT_AVAILABILITY';

/** The latest calls, oldest first, and the threshold at which each alert stands. */
export interface Health {
  calls: readonly EndpointCall[];
  raised: Readonly<Partial<Record<AlertEvent, number>>>;
}

/** An alert as the webhook says it. */
export type Alert = Readonly<Record<string, unknown>> & { event: AlertEvent; alert_state: 'ACTIVATED' | 'DEACTIVATED' };

/** Nothing is known of an endpoint. */
export const NO_HEALTH: Health = { calls: [], raised: {} };

const MINUTE_MS = 60_000;
const WINDOW_MS = 30 * MINUTE_MS;
const AVAILABILITY_WINDOW_MS = 10 * MINUTE_MS;
const ERROR_PERCENTS = [5, 10, 50];
const LATENCIES_MS = [1000, 5000, 7000];
const AVAILABILITY_PERCENT = 90;
/** Fewer calls say nothing. */
const CALLS_MIN = 5;
const CALLS_MAX = 1000;

/** Health after one more call, and the alerts that it raises or ends. */
export function noteCall(health: Health, call: EndpointCall): { health: Health; alerts: Alert[] } {
  const calls = [...health.calls, call].filter(({ at }) => at > call.at - WINDOW_MS).slice(-CALLS_MAX);
  if (calls.length < CALLS_MIN) return { health: { calls, raised: health.raised }, alerts: [] };
  const raised = { ...health.raised };
  const alerts: Alert[] = [];
  for (const { event, level, facts, said } of [errorRate(calls), latency(calls), availability(calls, call.at)]) {
    const before = raised[event] ?? 0;
    if (level === before) continue;
    const isWorse = level > before;
    const threshold = isWorse ? level : before;
    const alert_state = isWorse ? 'ACTIVATED' : 'DEACTIVATED';
    const message = isWorse ? said(threshold) : `Recovered: ${said(threshold)}`;
    alerts.push({ event, message, alert_state, threshold, ...facts });
    raised[event] = level;
  }
  return { health: { calls, raised }, alerts };
}

interface Reading {
  event: AlertEvent;
  /** The highest threshold that is reached; 0 for none. */
  level: number;
  facts: Record<string, unknown>;
  said(threshold: number): string;
}

function errorRate(calls: readonly EndpointCall[]): Reading {
  const failed = calls.filter(({ error }) => error !== null);
  const rate = (100 * failed.length) / calls.length;
  const counts = new Map<string, number>();
  for (const { error } of failed) counts.set(error ?? '', (counts.get(error ?? '') ?? 0) + 1);
  const errors = [...counts].map(([error_type, error_count]) => ({
    error_type,
    error_rate: percent(error_count, calls.length),
    error_count,
  }));
  return {
    event: 'ENDPOINT_ERROR_RATE',
    level: reached(ERROR_PERCENTS, rate),
    facts: { error_rate: percent(failed.length, calls.length), errors },
    said: (threshold) => `The endpoint's error rate was above ${threshold}% in the last 30 minutes.`,
  };
}

function latency(calls: readonly EndpointCall[]): Reading {
  const sorted = calls.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
  const quantile = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const p90_latency = quantile(0.9);
  return {
    event: 'ENDPOINT_LATENCY',
    level: reached(LATENCIES_MS, p90_latency),
    facts: { p50_latency: quantile(0.5), p90_latency, requests_count: calls.length },
    said: (threshold) => `The endpoint's p90 latency was above ${threshold / 1000} s in the last 30 minutes.`,
  };
}

function availability(calls: readonly EndpointCall[], now: number): Reading {
  const recent = calls.filter(({ at }) => at > now - AVAILABILITY_WINDOW_MS);
  const available = recent.filter(({ isAvailable }) => isAvailable).length;
  const isLow = recent.length >= CALLS_MIN && (100 * available) / recent.length < AVAILABILITY_PERCENT;
  return {
    event: 'ENDPOINT_AVAILABILITY',
    level: isLow ? AVAILABILITY_PERCENT : 0,
    facts: { availability: percent(available, recent.length) },
    said: (threshold) => `The endpoint's availability was below ${threshold}% in the last 10 minutes.`,
  };
}

function reached(thresholds: readonly number[], value: number): number {
  return thresholds.findLast((threshold) => value >= threshold) ?? 0;
}

function percent(count: number, of: number): number {
  return of === 0 ? 0 : Math.round((10_000 * count) / of) / 100;
}
