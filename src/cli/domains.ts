// `parley domains`: hosts that short links are on.
import { isObject, itemsAt, type JsonObject, objectAt, textAt } from '../contract/json.js';
import { defineCommand, type Run, usageError, type Verb } from './admin-client.js';
import { tableOf } from './table.js';

const PATH = '/parley/1/domains';
const COLUMNS = ['id', 'host', 'accountId', 'state', 'proof', 'reason', 'checkedAt', 'certificate'];

const list: Verb = {
  key: 'account',
  async run({ client, terminal, is }) {
    const domains = await client.list(PATH);
    if (is('json')) terminal.print(JSON.stringify(domains, null, 2));
    else for (const line of tableOf(domains.map(withCertificate), COLUMNS)) terminal.print(line);
  },
};

/** With its certificate in a few words: `valid until ..`, and why the last order failed. */
function withCertificate(domain: JsonObject): JsonObject {
  const certificate = objectAt(domain, 'certificate');
  if (certificate === undefined) return domain;
  const [state, validUntil, reason] = ['state', 'validUntil', 'reason'].map((key) => textAt(certificate, key));
  const life = validUntil === undefined ? `${state}` : `${state} until ${validUntil}`;
  return { ...domain, certificate: reason === undefined ? life : `${life}: ${reason}` };
}

const add: Verb = {
  key: 'account',
  positionals: ['host'],
  texts: ['account'],
  async run(run) {
    const host = run.positionals[0];
    const domain = await run.client.request('POST', PATH, { host, accountId: run.text('account') });
    const records = itemsAt(domain, 'records')
      .filter(isObject)
      .map(({ type, name, value }) => `  ${String(name)}  ${String(type)}  ${String(value)}`);
    show(run, domain, [
      `domain ${String(domain.host)} claimed (id ${String(domain.id)}). Make one of these records, then: parley domains verify ${String(domain.id)}`,
      ...records,
    ]);
  },
};

const verify: Verb = {
  key: 'account',
  positionals: ['id'],
  async run(run) {
    const domain = await run.client.request('POST', `${pathOf(run)}/verify`);
    const why = domain.reason === null ? '' : `: ${String(domain.reason)}`;
    show(run, domain, [`domain ${String(domain.host)} is ${String(domain.state)}${why}`]);
  },
};

const remove: Verb = {
  key: 'account',
  positionals: ['id'],
  async run(run) {
    await run.client.request('DELETE', pathOf(run));
    run.terminal.print(`domain ${run.positionals[0]} removed; its links work no more`);
  },
};

function pathOf({ positionals }: Run): string {
  const [id = ''] = positionals;
  if (!/^\d+$/.test(id)) throw usageError(`the id of a domain is a number, not "${id}" (parley domains list)`);
  return `${PATH}/${id}`;
}

function show({ terminal, is }: Run, body: JsonObject, lines: readonly string[]): void {
  terminal.print(is('json') ? JSON.stringify(body, null, 2) : lines.join('\n'));
}

/** `parley domains`. */
export const command = defineCommand(
  ['domains list', 'domains add <host> [--account ID]', 'domains verify <id>', 'domains remove <id>'],
  { list, add, verify, remove },
);
