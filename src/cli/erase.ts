// `parley erase`: removes every trace of a WhatsApp user from an account.
import { defineCommand, type Run, type Verb } from './admin-client.js';

/** Where the admin API has a WhatsApp user, with the account that an admin key names. */
export function userPath({ need, text }: Pick<Run, 'need' | 'text'>, rest = ''): string {
  const account = text('account');
  const query = account === undefined ? '' : `?accountId=${encodeURIComponent(account)}`;
  return `/parley/1/users/${encodeURIComponent(need('user'))}${rest}${query}`;
}

const erase: Verb = {
  key: 'account',
  texts: ['user', 'account'],
  async run(run) {
    const { client, terminal, is } = run;
    const erased = await client.request('DELETE', userPath(run));
    if (is('json')) {
      terminal.print(JSON.stringify(erased, null, 2));
      return;
    }
    const { erasure, messages, inbound, files, scheduled, others } = erased;
    terminal.print(
      `erasure ${erasure}: ${messages} messages, ${inbound} inbound messages, ${files} files, ${scheduled} scheduled, ${others} other rows`,
    );
  },
};

/** `parley erase`. */
export const command = defineCommand(['erase --user <number or user id> [--account ID]'], { '': erase });
