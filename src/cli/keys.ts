// `parley keys`: the API keys of an account.
import { defineCommand, type Verb } from './admin-client.js';
import { tableOf } from './table.js';

const COLUMNS = ['id', 'name', 'createdAt'];

function pathOf(accountId: string | undefined, keyId?: string): string {
  const path = `/parley/1/accounts/${encodeURIComponent(accountId ?? '')}/keys`;
  return keyId === undefined ? path : `${path}/${encodeURIComponent(keyId)}`;
}

const list: Verb = {
  key: 'admin',
  positionals: ['accountId'],
  async run({ client, terminal, positionals, is }) {
    const keys = await client.list(pathOf(positionals[0]));
    if (is('json')) terminal.print(JSON.stringify(keys, null, 2));
    else for (const line of tableOf(keys, COLUMNS)) terminal.print(line);
  },
};

const create: Verb = {
  key: 'admin',
  positionals: ['accountId', 'name'],
  async run({ client, terminal, positionals: [accountId, name], is }) {
    const key = await client.request('POST', pathOf(accountId), { name });
    if (is('json')) {
      terminal.print(JSON.stringify(key, null, 2));
      return;
    }
    terminal.print(`key ${String(key.id)} made. Its secret is shown only now:`);
    terminal.print(String(key.apiKeySecret));
  },
};

const remove: Verb = {
  key: 'admin',
  positionals: ['accountId', 'keyId'],
  async run({ client, terminal, positionals: [accountId, keyId] }) {
    await client.request('DELETE', pathOf(accountId, keyId));
    terminal.print(`key ${keyId} deleted`);
  },
};

/** `parley keys`. */
export const command = defineCommand(
  'list, make and delete API keys of an account',
  ['keys list <accountId>', 'keys create <accountId> <name>', 'keys delete <accountId> <keyId>'],
  { list, create, delete: remove },
);
