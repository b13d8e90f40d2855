// `parley users`: who logs in by name and password.
import { readFileSync } from 'node:fs';
import { defineCommand, listOf, type Run, switchOf, usageError, type Verb } from './admin-client.js';
import { tableOf } from './table.js';

const COLUMNS = ['username', 'enabled', 'scopeGuids', 'createdAt'];

function pathOf(accountId: string | undefined, username?: string): string {
  const path = `/parley/1/accounts/${encodeURIComponent(accountId ?? '')}/users`;
  return username === undefined ? path : `${path}/${encodeURIComponent(username)}`;
}

function scopesOf(run: Run): string[] | null | undefined {
  return run.text('scopes') === 'all' ? null : listOf(run, 'scopes');
}

/** From a file, never an argument: arguments can be seen by others on the machine. */
function passwordOf({ text }: Run): string | undefined {
  const file = text('password-file');
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw usageError(`--password-file: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const list: Verb = {
  key: 'admin',
  positionals: ['accountId'],
  async run({ client, terminal, positionals, is }) {
    const users = await client.list(pathOf(positionals[0]));
    if (is('json')) terminal.print(JSON.stringify(users, null, 2));
    else for (const line of tableOf(users, COLUMNS)) terminal.print(line);
  },
};

const create: Verb = {
  key: 'admin',
  positionals: ['accountId', 'username'],
  texts: ['scopes', 'password-file'],
  async run(run) {
    const { client, terminal, positionals, is } = run;
    const [accountId, username] = positionals;
    const body = { username, password: passwordOf(run), scopeGuids: scopesOf(run) };
    const user = await client.request('POST', pathOf(accountId), body);
    if (is('json')) {
      terminal.print(JSON.stringify(user, null, 2));
      return;
    }
    const isMade = user.password !== undefined;
    terminal.print(`user ${String(user.username)} made.${isMade ? ' The password is shown only now:' : ''}`);
    if (isMade) terminal.print(String(user.password));
  },
};

const set: Verb = {
  key: 'admin',
  positionals: ['accountId', 'username'],
  texts: ['scopes', 'password-file', 'enabled'],
  async run(run) {
    const { client, terminal, positionals, is } = run;
    const [accountId, username] = positionals;
    const change = { password: passwordOf(run), enabled: switchOf(run, 'enabled'), scopeGuids: scopesOf(run) };
    if (Object.values(change).every((value) => value === undefined)) throw usageError('say what to set');
    const user = await client.request('PATCH', pathOf(accountId, username), change);
    terminal.print(is('json') ? JSON.stringify(user, null, 2) : `user ${String(user.username)} changed`);
  },
};

const remove: Verb = {
  key: 'admin',
  positionals: ['accountId', 'username'],
  async run({ client, terminal, positionals: [accountId, username] }) {
    await client.request('DELETE', pathOf(accountId, username));
    terminal.print(`user ${username} deleted`);
  },
};

const OPTIONS = '[--scopes a,b|all] [--password-file FILE]';

/** `parley users`. */
export const command = defineCommand(
  [
    'users list <accountId>',
    `users create <accountId> <username> ${OPTIONS}`,
    `users set <accountId> <username> [--enabled on|off] ${OPTIONS}`,
    'users delete <accountId> <username>',
  ],
  { list, create, set, delete: remove },
);
