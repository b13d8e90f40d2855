// `parley links`: short links of messages, their clicks, and what became of messages with links, counted.
import { isObject, itemsAt, type JsonObject } from '../contract/json.js';
import { defineCommand, type Run, type Verb } from './admin-client.js';
import { tableOf } from './table.js';

const RANGE = ['account', 'from', 'to'];

const list: Verb = {
  key: 'account',
  texts: [...RANGE, 'message', 'bulk', 'recipient', 'size'],
  async run(run) {
    const names = { message: 'messageId', bulk: 'bulkId', recipient: 'recipient', size: 'size' };
    const answer = await run.client.request('GET', `/parley/1/links?${queryOf(run, names)}`);
    print(run, answer, ['id', 'url', 'destinationUrl', 'messageId', 'recipient', 'createdAt', 'clicks']);
  },
};

const show: Verb = {
  key: 'account',
  positionals: ['id'],
  async run({ client, terminal, positionals }) {
    const link = await client.request('GET', `/parley/1/links/${encodeURIComponent(positionals[0] ?? '')}`);
    terminal.print(JSON.stringify(link, null, 2));
  },
};

const remove: Verb = {
  key: 'account',
  positionals: ['id'],
  async run({ client, terminal, positionals }) {
    await client.request('DELETE', `/parley/1/links/${encodeURIComponent(positionals[0] ?? '')}`);
    terminal.print(`${positionals[0]} leads nowhere from now on`);
  },
};

const numbers: Verb = {
  key: 'account',
  texts: [...RANGE, 'by'],
  async run(run) {
    const answer = await run.client.request('GET', `/parley/1/links/numbers?${queryOf(run, { by: 'by' })}`);
    const keys = (run.text('by') ?? 'day').split(',').map((key) => (key === 'bulk' ? 'bulkId' : key));
    print(run, answer, [...keys, 'messages', 'sent', 'delivered', 'seen', 'clicked', 'unique']);
  },
};

/** The query of some options; `names` are what the API calls them. */
function queryOf({ text }: Run, names: Readonly<Record<string, string>>): URLSearchParams {
  const all = { account: 'accountId', from: 'from', to: 'to', ...names };
  const query = new URLSearchParams();
  for (const [option, name] of Object.entries(all)) {
    const value = text(option);
    if (value !== undefined) query.set(name, value);
  }
  return query;
}

function print({ terminal, is }: Run, answer: JsonObject, columns: readonly string[]): void {
  const rows = itemsAt(answer, 'results').filter(isObject);
  if (is('json')) terminal.print(JSON.stringify(rows, null, 2));
  else for (const line of tableOf(rows, columns)) terminal.print(line);
}

/** `parley links`. */
export const command = defineCommand(
  [
    'links list [--message ID] [--bulk ID] [--recipient USER] [--from TIME] [--to TIME] [--size N] [--account ID]',
    'links show <id>',
    'links remove <id>',
    'links numbers [--by template,bulk,day] [--from TIME] [--to TIME] [--account ID]',
  ],
  { list, show, remove, numbers },
);
