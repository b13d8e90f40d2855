// /dev/clock: moves the gateway's clock forward, in dev only, so that hours pass in a test without waiting.
import { Type } from 'typebox';
import type { AdminParts } from './parts.js';
import { defineRoute, type Route, shows, timeOf } from './route.js';

const ADVANCE_SECONDS_MAX = 10 * 365 * 86_400;
const advanceSeconds = Type.Number({
  minimum: 0,
  maximum: ADVANCE_SECONDS_MAX,
  says: `must be a number from 0 to ${ADVANCE_SECONDS_MAX}`,
});

const EXAMPLE = { now: '2026-01-31T12:00:00.000Z' };

/** The endpoints of the clock; none outside dev. */
export function devClockRoutes({ clock, isDev }: Pick<AdminParts, 'clock' | 'isDev'>): Route[] {
  if (!isDev) return [];
  return [
    defineRoute({
      method: 'GET',
      url: '/dev/clock',
      summary: "Read the gateway's clock",
      answers: shows(200, 'The time', EXAMPLE),
      handle: async () => ({ status: 200, body: { now: timeOf(clock.now()) } }),
    }),
    defineRoute({
      method: 'POST',
      url: '/dev/clock',
      summary: "Move the gateway's clock forward",
      body: Type.Object({ advanceSeconds }),
      example: { advanceSeconds: 60 },
      answers: shows(200, 'The time', EXAMPLE),
      handle: async ({ body }) => ({ status: 200, body: { now: timeOf(clock.advance(body.advanceSeconds)) } }),
    }),
  ];
}
