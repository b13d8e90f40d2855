// `parley audit`: who changed what.
import { isObject, itemsAt } from '../contract/json.js';
import { defineCommand, numberOf, type Verb } from './admin-client.js';
import { tableOf } from './table.js';

const COLUMNS = ['at', 'accountId', 'actor', 'address', 'action', 'target', 'fields'];
const SIZE = 100;

const list: Verb = {
  key: 'admin',
  texts: ['account', 'size'],
  async run(run) {
    const { client, terminal, text, is } = run;
    const account = text('account');
    const query = account === undefined ? '' : `&accountId=${encodeURIComponent(account)}`;
    const page = await client.request('GET', `/parley/1/audit?size=${numberOf(run, 'size') ?? SIZE}${query}`);
    if (is('json')) terminal.print(JSON.stringify(page, null, 2));
    else for (const line of tableOf(itemsAt(page, 'results').filter(isObject), COLUMNS)) terminal.print(line);
  },
};

/** `parley audit`. */
export const command = defineCommand(['audit [--account ID] [--size N]'], {
  '': list,
});
