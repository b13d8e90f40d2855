// Structured logs: one event a line, fields beside it. Bodies and secrets are never passed in; phone numbers go through `maskNumber`.
import { type Logger, pino } from 'pino';

/** The logger every part receives. */
export type Log = Logger;

/** Levels in pino's order; `silent` writes nothing. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

type Level = (typeof LOG_LEVELS)[number];

const NUMBERS: Readonly<Record<Level, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  silent: Number.POSITIVE_INFINITY,
};

/** From which level on something is written: of parts that are named (the first word of an event), and of the others. */
export interface LogLevels {
  others: Level;
  parts: ReadonlyMap<string, Level>;
}

/** Reads `level[,part=level ..]`, e.g. `info,dispatch=debug`; undefined when it is something else. Without a level for the others they have info. */
export function parseLogLevels(text: string): LogLevels | undefined {
  const parts = new Map<string, Level>();
  let others: Level | undefined;
  for (const entry of text.split(',').map((one) => one.trim())) {
    const [, part, name] = /^(?:([a-z][a-z-]{0,30})=)?([a-z]+)$/.exec(entry) ?? [];
    const level = LOG_LEVELS.find((one) => one === name);
    if (level === undefined) return undefined;
    if (part !== undefined) parts.set(part, level);
    else if (others !== undefined) return undefined;
    else others = level;
  }
  return { others: others ?? 'info', parts };
}

/**
 * A logger that writes JSON lines to standard error, so that standard output stays for what a command prints. `levels` as in `parseLogLevels`.
 * Throws TypeError on anything else.
 */
export function createLog(levels: string): Log {
  const parsed = parseLogLevels(levels);
  if (parsed === undefined) throw new TypeError(`no log levels: ${levels}`);
  const { others, parts } = parsed;
  const all = [others, ...parts.values()].sort((a, b) => NUMBERS[a] - NUMBERS[b]);
  return pino(
    {
      level: all[0] ?? others,
      hooks: {
        logMethod(args, method, level) {
          const [fields] = args;
          if (parts.size === 0 || level >= NUMBERS[parts.get(partOf(fields)) ?? others]) method.apply(this, args);
        },
      },
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

function partOf(fields: unknown): string {
  const event = typeof fields === 'object' && fields !== null ? Reflect.get(fields, 'event') : undefined;
  return typeof event === 'string' ? (event.split('.', 1)[0] ?? '') : '';
}

/** A phone number or user id with all but the first four and last two characters hidden. */
export function maskNumber(text: string): string {
  return text.length <= 6 ? '***' : `${text.slice(0, 4)}***${text.slice(-2)}`;
}
