// Structured logs: one event a line, fields beside it. Bodies and secrets are never passed in; phone numbers go through `maskNumber`.
import { type Logger, pino } from 'pino';

/** The logger every part receives. */
export type Log = Logger;

/** Levels in pino's order; `silent` writes nothing. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

/** A logger that writes JSON lines to standard error, so that standard output stays for what a command prints. */
export function createLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: ['authorization', '*.authorization', 'accessToken', '*.accessToken', 'apiKey', '*.apiKey'],
        censor: '***',
      },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}

/** A phone number or user id with all but the first four and last two characters hidden. */
export function maskNumber(text: string): string {
  return text.length <= 6 ? '***' : `${text.slice(0, 4)}***${text.slice(-2)}`;
}
