// `parley conversations`: when a user last wrote, and until when free-form messages reach them.
import { defineCommand, type Verb } from './admin-client.js';

const show: Verb = {
  key: 'account',
  positionals: ['sender', 'user'],
  async run({ client, terminal, positionals, is }) {
    const [sender = '', user = ''] = positionals.map(encodeURIComponent);
    const window = await client.request('GET', `/parley/1/conversations/${sender}/${user}`);
    if (is('json')) terminal.print(JSON.stringify(window, null, 2));
    else terminal.print(lineOf(window));
  },
};

function lineOf(window: Readonly<Record<string, unknown>>): string {
  const { sender, user, lastInboundAt, lastCallAt, windowOpenUntil, isOpen } = window;
  if (windowOpenUntil === null) return `${user} has not written to ${sender} in 30 days: only templates reach them`;
  const state = isOpen === true ? `open until ${windowOpenUntil}` : `closed since ${windowOpenUntil}: only templates`;
  const wrote = lastInboundAt === null ? `never wrote to ${sender}` : `last wrote to ${sender} at ${lastInboundAt}`;
  const called = lastCallAt === null ? '' : ` and called at ${lastCallAt}`;
  return `${user} ${wrote}${called}; the window is ${state}`;
}

/** `parley conversations`. */
export const command = defineCommand(['conversations <sender> <user>'], { '': show });
