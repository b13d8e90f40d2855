// `parley accounts`: tenants.
import { defineCommand, numberOf, type Verb } from './admin-client.js';
import { tableOf } from './table.js';

const COLUMNS = ['accountId', 'name', 'unknownPolicy', 'unknownWaitSeconds', 'createdAt'];

const list: Verb = {
  key: 'admin',
  async run({ client, terminal, is }) {
    const accounts = await client.list('/parley/1/accounts');
    if (is('json')) terminal.print(JSON.stringify(accounts, null, 2));
    else for (const line of tableOf(accounts, COLUMNS)) terminal.print(line);
  },
};

const create: Verb = {
  key: 'admin',
  positionals: ['name'],
  texts: ['unknown-policy', 'unknown-wait'],
  async run(run) {
    const { client, terminal, positionals, text, is } = run;
    const body = {
      name: positionals[0],
      unknownPolicy: text('unknown-policy'),
      unknownWaitSeconds: numberOf(run, 'unknown-wait'),
    };
    const account = await client.request('POST', '/parley/1/accounts', body);
    if (is('json')) terminal.print(JSON.stringify(account, null, 2));
    else
      terminal.print(
        `account ${String(account.accountId)} made; give it a key: parley keys create ${String(account.accountId)} <name>`,
      );
  },
};

/** `parley accounts`. */
export const command = defineCommand(
  'list and make accounts',
  ['accounts list', 'accounts create <name> [--unknown-policy resend|fail] [--unknown-wait SECONDS]'],
  { list, create },
);
