// `parley senders`: business numbers, connected to Meta or entered by hand.
import { readFileSync } from 'node:fs';
import { itemsAt, type JsonObject } from '../contract/json.js';
import { defineCommand, numberOf, type Run, switchOf, usageError, type Verb } from './admin-client.js';
import { tableOf } from './table.js';

const COLUMNS = [
  'sender',
  'accountId',
  'phoneNumberId',
  'wabaId',
  'throughput',
  'forwardUrl',
  'identityCheck',
  'queued',
  'pausedUntil',
  'pauseReason',
];
const PATH = '/parley/1/senders';

const list: Verb = {
  key: 'account',
  async run({ client, terminal, is }) {
    const senders = await client.list(PATH);
    if (is('json')) terminal.print(JSON.stringify(senders, null, 2));
    else for (const line of tableOf(senders, COLUMNS)) terminal.print(line);
  },
};

const add: Verb = {
  key: 'account',
  texts: [
    'sender',
    'phone-number-id',
    'waba-id',
    'token',
    'token-file',
    'throughput',
    'forward-url',
    'identity-check',
    'account',
  ],
  async run(run) {
    const sender = await run.client.request('POST', PATH, {
      accountId: run.text('account'),
      sender: run.need('sender'),
      phoneNumberId: run.need('phone-number-id'),
      wabaId: run.need('waba-id'),
      accessToken: needToken(run),
      throughput: numberOf(run, 'throughput'),
      forwardUrl: forwardUrlOf(run),
      identityCheck: switchOf(run, 'identity-check'),
    });
    show(run, sender, `sender ${String(sender.sender)} added; Meta was not asked (parley senders connect does)`);
  },
};

const connect: Verb = {
  key: 'account',
  texts: ['phone-number-id', 'waba-id', 'token', 'token-file', 'forward-url', 'identity-check', 'account'],
  async run(run) {
    const connected = await run.client.request('POST', `${PATH}/connect`, {
      accountId: run.text('account'),
      phoneNumberId: run.need('phone-number-id'),
      wabaId: run.need('waba-id'),
      accessToken: needToken(run),
      forwardUrl: forwardUrlOf(run),
      identityCheck: switchOf(run, 'identity-check'),
    });
    const lines = [
      `sender ${String(connected.sender)} connected (${String(connected.verifiedName ?? 'no verified name')}), ${String(connected.throughput)} messages a second`,
      `the app is subscribed to WABA ${String(connected.wabaId)}. In its settings at Meta, under WhatsApp > Configuration, enter:`,
      `  Callback URL  ${String(connected.callbackUrl)}`,
      `  Verify token  ${String(connected.verifyToken ?? '(set PARLEY_META_VERIFY_TOKEN first)')}`,
      ...itemsAt(connected, 'warnings').map((warning) => `warning: ${String(warning)}`),
    ];
    show(run, connected, lines.join('\n'));
  },
};

const set: Verb = {
  key: 'account',
  positionals: ['sender'],
  texts: ['phone-number-id', 'waba-id', 'token', 'token-file', 'throughput', 'forward-url', 'identity-check'],
  async run(run) {
    const change = {
      phoneNumberId: run.text('phone-number-id'),
      wabaId: run.text('waba-id'),
      accessToken: tokenOf(run),
      throughput: numberOf(run, 'throughput'),
      forwardUrl: forwardUrlOf(run),
      identityCheck: switchOf(run, 'identity-check'),
    };
    if (Object.values(change).every((value) => value === undefined)) throw usageError('say what to set');
    const sender = await run.client.request('PATCH', pathOf(run), change);
    show(run, sender, `sender ${String(sender.sender)} changed`);
  },
};

const remove: Verb = {
  key: 'account',
  positionals: ['sender'],
  async run(run) {
    await run.client.request('DELETE', pathOf(run));
    run.terminal.print(`sender ${run.positionals[0]} removed`);
  },
};

const resume: Verb = {
  key: 'account',
  positionals: ['sender'],
  async run(run) {
    const sender = await run.client.request('POST', `${pathOf(run)}/resume`);
    show(run, sender, `sender ${String(sender.sender)} goes on; ${String(sender.queued)} messages wait`);
  },
};

function pathOf({ positionals }: Run): string {
  return `${PATH}/${encodeURIComponent(positionals[0] ?? '')}`;
}

function show({ terminal, is }: Run, body: JsonObject, line: string): void {
  terminal.print(is('json') ? JSON.stringify(body, null, 2) : line);
}

function needToken(run: Run): string {
  const token = tokenOf(run);
  if (token === undefined) throw usageError('--token or --token-file is required');
  return token;
}

/** Other users of the machine can read arguments, but not files. */
function tokenOf({ text }: Run): string | undefined {
  const file = text('token-file');
  if (file === undefined) return text('token');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw usageError(`--token-file: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** `none` turns forwarding off. */
function forwardUrlOf({ text }: Run): string | null | undefined {
  const given = text('forward-url');
  return given === 'none' ? null : given;
}

const TOKEN = '--token TOKEN|--token-file FILE';

/** `parley senders`. */
export const command = defineCommand(
  [
    'senders list',
    `senders connect --phone-number-id ID --waba-id ID ${TOKEN} [--forward-url URL] [--identity-check on|off] [--account ID]`,
    `senders add --sender NUMBER --phone-number-id ID --waba-id ID ${TOKEN} [--throughput N] [--forward-url URL] [--identity-check on|off] [--account ID]`,
    `senders set <sender> [--throughput N] [--forward-url URL|none] [--identity-check on|off] [${TOKEN}] [--phone-number-id ID] [--waba-id ID]`,
    'senders remove <sender>',
    'senders resume <sender>',
  ],
  { list, connect, add, set, remove, resume },
);
