// `parley send`: one text message through the public API.
import { isObject, itemsAt, objectAt, textAt } from '../contract/json.js';
import { defineCommand, type Run, usageError, type Verb } from './admin-client.js';

const send: Verb = {
  key: 'account',
  positionals: ['?to', '?text'],
  texts: ['from', 'to', 'text', 'notify-url', 'message-id', 'callback-data'],
  async run(run) {
    const { client, terminal, text, is } = run;
    const answer = await client.request('POST', '/whatsapp/1/message/text', {
      from: text('from') ?? run.dev('sender') ?? run.need('from'),
      to: given(run, 'to', 0),
      content: { text: given(run, 'text', 1) },
      notifyUrl: text('notify-url'),
      messageId: text('message-id'),
      callbackData: text('callback-data'),
    });
    if (is('json')) {
      terminal.print(JSON.stringify(answer, null, 2));
      return;
    }
    for (const message of isObject(answer.status) ? [answer] : itemsAt(answer, 'messages')) {
      const status = objectAt(message, 'status');
      terminal.print(
        `${textAt(message, 'messageId')}  ${textAt(status, 'name')}  ${textAt(status, 'description') ?? ''}`,
      );
    }
  },
};

/** An option, or the positional argument in its place. */
function given({ text, positionals }: Run, option: string, position: number): string {
  const value = text(option) ?? positionals[position];
  if (value === undefined) throw usageError(`--${option} is required`);
  return value;
}

/** `parley send`. */
export const command = defineCommand(
  'send a text message',
  [
    'send <to> <text> [--from SENDER] [--notify-url URL] [--message-id ID] [--callback-data TEXT]',
    'send --from SENDER --to NUMBER --text TEXT',
  ],
  { '': send },
);
