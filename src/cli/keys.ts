// `parley keys`: the API keys of an account.
import { defineCommand, listOf, type Run, switchOf, type Verb } from './admin-client.js';
import { tableOf } from './table.js';

const COLUMNS = ['id', 'name', 'enabled', 'scopeGuids', 'allowedIPs', 'validTo', 'createdAt'];
const TEXTS = ['scopes', 'allowed-ips', 'valid-from', 'valid-to'];
const OPTIONS =
  '[--scopes a,b|all] [--allowed-ips 192.0.2.7,10.0.0.0/8|any] [--valid-from TIME] [--valid-to TIME|never]';

function pathOf(accountId: string | undefined, keyId?: string): string {
  const path = `/parley/1/accounts/${encodeURIComponent(accountId ?? '')}/keys`;
  return keyId === undefined ? path : `${path}/${encodeURIComponent(keyId)}`;
}

/** What the options say; an absent one says nothing. */
function settingsOf(run: Run): object {
  const validTo = run.text('valid-to');
  return {
    scopeGuids: run.text('scopes') === 'all' ? null : listOf(run, 'scopes'),
    allowedIPs: run.text('allowed-ips') === 'any' ? [] : listOf(run, 'allowed-ips'),
    validFrom: run.text('valid-from'),
    validTo: validTo === 'never' ? null : validTo,
  };
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
  texts: TEXTS,
  async run(run) {
    const { client, terminal, positionals, is } = run;
    const [accountId, name] = positionals;
    const key = await client.request('POST', pathOf(accountId), { name, ...settingsOf(run) });
    if (is('json')) {
      terminal.print(JSON.stringify(key, null, 2));
      return;
    }
    terminal.print(`key ${String(key.id)} made. Its secret is shown only now:`);
    terminal.print(String(key.apiKeySecret));
  },
};

const set: Verb = {
  key: 'admin',
  positionals: ['accountId', 'keyId'],
  texts: ['name', 'enabled', ...TEXTS],
  async run(run) {
    const { client, terminal, positionals, text, is } = run;
    const [accountId, keyId] = positionals;
    const body = { name: text('name'), enabled: switchOf(run, 'enabled'), ...settingsOf(run) };
    const key = await client.request('PATCH', pathOf(accountId, keyId), body);
    if (is('json')) terminal.print(JSON.stringify(key, null, 2));
    else for (const line of tableOf([key], COLUMNS)) terminal.print(line);
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
  [
    'keys list <accountId>',
    `keys create <accountId> <name> ${OPTIONS}`,
    `keys set <accountId> <keyId> [--name NAME] [--enabled on|off] ${OPTIONS}`,
    'keys delete <accountId> <keyId>',
  ],
  { list, create, set, delete: remove },
);
