// How commands call the gateway: which URL and key, what an error answer says, and how answers are printed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { describeConfig, loadSettings } from '../config.js';
import { isObject, itemsAt, type JsonObject, objectAt, textAt } from '../contract/json.js';
import type { Command, Terminal } from './command.js';

/** A failure that is told in one line or a few. `exitCode` 2: the arguments are wrong; 1: the gateway refused or was not there. */
class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly exitCode: 1 | 2;
  constructor(exitCode: 1 | 2, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A wrong argument, to be thrown by a verb: exit code 2. */
export function usageError(message: string): Error {
  return new CommandFailed(2, message);
}

/** The gateway as a command sees it. */
export interface Client {
  /** The body of a good answer, `{}` when it has none. Throws with what the gateway said otherwise. */
  request(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<JsonObject>;
  /** Every result of a list, page by page; at most 10,000. */
  list(path: string): Promise<JsonObject[]>;
  /** The lines of an answer that has an object on each, as they come. */
  lines(path: string): AsyncIterable<string>;
}

/** One run of a verb. */
export interface Run {
  client: Client;
  /** The same gateway with another key. */
  clientOf(key: string): Client;
  /** Base URL of the gateway, without a final slash. */
  api: string;
  terminal: Terminal;
  positionals: readonly string[];
  /** The text of `--name`, undefined when it was not given. */
  text(name: string): string | undefined;
  /** The text of `--name`; without it the command ends with exit code 2. */
  need(name: string): string;
  is(name: string): boolean;
  /** What `parley dev` wrote about itself, if it runs here. */
  dev(name: string): string | undefined;
}

/** What one verb of a command takes and does. */
export interface Verb {
  /** Names of its options that take a text; `--api`, `--key` and `--json` are always there. */
  texts?: readonly string[];
  flags?: readonly string[];
  /** Names of its positional arguments; one that begins with `?` may be left out. */
  positionals?: readonly string[];
  /** Whose key is looked for when none is given. */
  key: 'admin' | 'account';
  run(run: Run): Promise<void>;
}

/** The whole number of an option, undefined when it was not given; anything else ends the command with exit code 2. */
export function numberOf({ text }: Run, option: string): number | undefined {
  const given = text(option);
  if (given === undefined) return undefined;
  if (!/^\d{1,9}$/.test(given)) throw usageError(`--${option} must be a whole number, not "${given}"`);
  return Number(given);
}

/** The parts of a list with commas; an empty text is an empty list, undefined when it was not given. */
export function listOf({ text }: Run, option: string): string[] | undefined {
  return text(option)
    ?.split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** True for `on`, false for `off`, undefined when the option was not given; anything else ends the command with exit code 2. */
export function switchOf({ text }: Run, option: string): boolean | undefined {
  const given = text(option);
  if (given === undefined) return undefined;
  if (given !== 'on' && given !== 'off') throw usageError(`--${option} must be on or off, not "${given}"`);
  return given === 'on';
}

const REQUEST_TIMEOUT_MS = 120_000;
const PAGE_SIZE = 1000;
const PAGES_MAX = 10;

/** A command of several verbs, named by the first argument, or of one (`''`). `usage` lines begin with the command's name. */
export function defineCommand(usage: readonly string[], verbs: Readonly<Record<string, Verb>>): Command {
  return {
    usage,
    options: '--api URL, --key KEY: another gateway; --json: the whole answer',
    async run(args, terminal) {
      try {
        await runVerb(verbs, args, terminal);
        return 0;
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        terminal.complain(`parley: ${error.message}`);
        if (error.exitCode === 2) for (const line of usage) terminal.complain(`  parley ${line}`);
        return error.exitCode;
      }
    },
  };
}

async function runVerb(
  verbs: Readonly<Record<string, Verb>>,
  args: readonly string[],
  terminal: Terminal,
): Promise<void> {
  const single = verbs[''];
  const [name = '', ...others] = args;
  const verb = single ?? (Object.hasOwn(verbs, name) ? verbs[name] : undefined);
  if (verb === undefined) {
    const known = Object.keys(verbs).join(', ');
    throw usageError(name === '' ? `say which: ${known}` : `no "${name}"; there are ${known}`);
  }
  const { values, positionals } = parse(verb, single === undefined ? others : args);
  const text = (option: string): string | undefined => {
    const value = values[option];
    return typeof value === 'string' ? value : undefined;
  };
  const place = findPlace(terminal, verb.key, text('api'), text('key'));
  await verb.run({
    client: createClient(place.api, place.key, terminal.stopped),
    clientOf: (key) => createClient(place.api, key, terminal.stopped),
    api: place.api,
    terminal,
    positionals,
    text,
    need(option) {
      const value = text(option);
      if (value === undefined || value === '') throw usageError(`--${option} is required`);
      return value;
    },
    is: (option) => values[option] === true,
    dev: (field) => textAt(place.dev, field),
  });
}

function parse(verb: Verb, args: readonly string[]): { values: Record<string, unknown>; positionals: string[] } {
  const { texts = [], flags = [], positionals: names = [] } = verb;
  const options: NonNullable<ParseArgsConfig['options']> = Object.fromEntries([
    ...['api', 'key', ...texts].map((name) => [name, { type: 'string' as const }]),
    ...['json', ...flags].map((name) => [name, { type: 'boolean' as const }]),
  ]);
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const needed = names.filter((name) => !name.startsWith('?'));
    const missing = needed[positionals.length];
    if (missing !== undefined) throw usageError(`<${missing}> is missing`);
    if (positionals.length > names.length) throw usageError(`too many arguments: ${positionals[names.length]}`);
    return { values, positionals };
  } catch (error) {
    if (error instanceof TypeError) throw usageError(error.message);
    throw error;
  }
}

interface Place {
  api: string;
  key: string;
  /** dev.json, when there is one. */
  dev: JsonObject | undefined;
}

/** Flags first, then what the environment sets, then the `parley dev` of the data directory. */
function findPlace(terminal: Terminal, kind: Verb['key'], api: string | undefined, key: string | undefined): Place {
  const settings = loadSettings(terminal.env, { dev: true });
  const dev = readDevFile(join(settings.dataDir, 'dev.json'));
  const given = new Set(
    describeConfig(terminal.env).flatMap(({ name, source }) => (source === 'environment' ? [name] : [])),
  );
  const isPlaced = given.has('PARLEY_PUBLIC_URL') || (given.has('PARLEY_PORT') && settings.port !== 0);
  const devKey = textAt(dev, kind === 'admin' ? 'adminKey' : 'apiKey');
  const accountKey = settings.devApiKey ?? devKey ?? settings.adminKey;
  const found = key ?? (kind === 'admin' ? (settings.adminKey ?? devKey) : accountKey);
  if (found === undefined) throw new CommandFailed(2, 'no API key: give --key, or start parley dev in this folder');
  const url = api ?? (isPlaced ? settings.publicUrl : (textAt(dev, 'api') ?? settings.publicUrl));
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw usageError(`--api must be an http or https URL, not "${url}"`);
  return { api: url.replace(/\/+$/, ''), key: found, dev };
}

function readDevFile(file: string): JsonObject | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isObject(parsed) ? parsed : undefined;
  } catch (error) {
    throw new CommandFailed(1, `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function createClient(api: string, key: string, stopped: AbortSignal): Client {
  const request: Client['request'] = async (method, path, body) => {
    const answer = await exchange(`${api}${path}`, key, stopped, method, body);
    const text = await answer.text();
    const parsed = parseJson(text);
    if (!answer.ok) throw new CommandFailed(1, explain(answer.status, parsed));
    return isObject(parsed) ? parsed : {};
  };
  return {
    request,
    async list(path) {
      const results: JsonObject[] = [];
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const body = await request('GET', `${path}${path.includes('?') ? '&' : '?'}page=${page}&size=${PAGE_SIZE}`);
        results.push(...itemsAt(body, 'results').filter(isObject));
        if (results.length >= Number(objectAt(body, 'paging')?.totalResults ?? 0)) break;
      }
      return results;
    },
    async *lines(path) {
      const answer = await exchange(`${api}${path}`, key, stopped, 'GET');
      if (!answer.ok || answer.body === null)
        throw new CommandFailed(1, explain(answer.status, parseJson(await answer.text())));
      yield* createInterface({ input: Readable.fromWeb(answer.body), crlfDelay: Number.POSITIVE_INFINITY });
    },
  };
}

async function exchange(
  url: string,
  key: string,
  stopped: AbortSignal,
  method: string,
  body?: object,
): Promise<Response> {
  const headers = {
    authorization: `App ${key}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
  try {
    return await fetch(url, { method, headers, signal, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new CommandFailed(1, `${new URL(url).origin} cannot be reached (${code}); is the gateway running?`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What an error answer says, in either API's form. */
function explain(status: number, body: unknown): string {
  const fields = itemsAt(body, 'errors').map(
    (entry) => `\n  ${textAt(entry, 'field') ?? 'body'}: ${textAt(entry, 'message') ?? ''}`,
  );
  const exception = objectAt(objectAt(body, 'requestError'), 'serviceException');
  const wrong = Object.entries(objectAt(exception, 'validationErrors') ?? {}).map(
    ([field, said]) => `\n  ${field}: ${String(said)}`,
  );
  const said = textAt(body, 'detail') ?? textAt(exception, 'text') ?? 'no reason given';
  return `the gateway answered ${status}: ${said}${[...fields, ...wrong].join('')}`;
}
