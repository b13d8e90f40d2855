// `parley accounts`: tenants.
import { defineCommand, listOf, numberOf, type Run, switchOf, usageError, type Verb } from './admin-client.js';
import { tableOf } from './table.js';

const COLUMNS = ['accountId', 'name', 'unknownPolicy', 'unknownWaitSeconds', 'readMarks', 'media', 'createdAt'];

const list: Verb = {
  key: 'admin',
  async run({ client, terminal, is }) {
    const accounts = await client.list('/parley/1/accounts');
    if (is('json')) terminal.print(JSON.stringify(accounts, null, 2));
    else for (const line of tableOf(accounts, COLUMNS)) terminal.print(line);
  },
};

const SETTINGS = [
  'unknown-policy',
  'unknown-wait',
  'read-marks',
  'media',
  'rate-limits',
  'link-days',
  'click-days',
  'click-addresses',
  'retention-days',
];

function settingsOf(run: Run): object {
  return {
    unknownPolicy: run.text('unknown-policy'),
    unknownWaitSeconds: numberOf(run, 'unknown-wait'),
    readMarks: switchOf(run, 'read-marks'),
    media: run.text('media'),
    rateLimits: rateLimitsOf(run),
    linkDays: numberOf(run, 'link-days'),
    clickDays: numberOf(run, 'click-days'),
    clickAddresses: switchOf(run, 'click-addresses'),
    retentionDays: numberOf(run, 'retention-days'),
  };
}

function rateLimitsOf(run: Run): Record<string, string> | undefined {
  const entries = listOf(run, 'rate-limits')?.map((entry): [string, string] => {
    const [, name, rate] = /^([a-z0-9-]+)=(.+)$/.exec(entry) ?? [];
    if (name === undefined || rate === undefined)
      throw usageError(`--rate-limits must look like messages=8000/s, not "${entry}"`);
    return [name, rate];
  });
  return entries && Object.fromEntries(entries);
}

const create: Verb = {
  key: 'admin',
  positionals: ['name'],
  texts: SETTINGS,
  async run(run) {
    const { client, terminal, positionals, is } = run;
    const account = await client.request('POST', '/parley/1/accounts', { name: positionals[0], ...settingsOf(run) });
    if (is('json')) terminal.print(JSON.stringify(account, null, 2));
    else
      terminal.print(
        `account ${String(account.accountId)} made; give it a key: parley keys create ${String(account.accountId)} <name>`,
      );
  },
};

const set: Verb = {
  key: 'admin',
  positionals: ['account'],
  texts: ['name', ...SETTINGS],
  async run(run) {
    const { client, terminal, positionals, text, is } = run;
    const change = { name: text('name'), ...settingsOf(run) };
    if (Object.values(change).every((value) => value === undefined)) throw usageError('say what to set');
    const path = `/parley/1/accounts/${encodeURIComponent(positionals[0] ?? '')}`;
    const account = await client.request('PATCH', path, change);
    terminal.print(is('json') ? JSON.stringify(account, null, 2) : `account ${String(account.accountId)} changed`);
  },
};

const OPTIONS =
  '[--unknown-policy resend|fail] [--unknown-wait SECONDS] [--read-marks on|off] [--media link|upload] [--rate-limits messages=8000/s,keys=5/s] [--link-days DAYS] [--click-days DAYS] [--click-addresses on|off] [--retention-days DAYS]';

/** `parley accounts`. */
export const command = defineCommand(
  ['accounts list', `accounts create <name> ${OPTIONS}`, `accounts set <account> [--name NAME] ${OPTIONS}`],
  { list, create, set },
);
