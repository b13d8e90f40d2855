// `parley send`: one message of any type through the public API; a text unless a type is named.
import { isObject, itemsAt, objectAt, textAt } from '../contract/json.js';
import { messageTypeByPath, messageTypes } from '../contract/messages/registry.js';
import { defineCommand, type Run, usageError, type Verb } from './admin-client.js';

const send: Verb = {
  key: 'account',
  positionals: ['?to', '?text'],
  texts: ['from', 'to', 'text', 'type', 'content', 'reply-to', 'notify-url', 'message-id', 'callback-data'],
  async run(run) {
    const { client, terminal, text, is } = run;
    const type = typeOf(run);
    const answer = await client.request('POST', `/whatsapp/1/message/${type}`, {
      from: text('from') ?? run.dev('sender') ?? run.need('from'),
      to: given(run, 'to', 0),
      content: contentOf(run, type),
      context: text('reply-to') === undefined ? undefined : { replyToMessageId: text('reply-to') },
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

/** The type's path after `/whatsapp/1/message/`. */
function typeOf({ text }: Run): string {
  const type = text('type') ?? 'text';
  if (messageTypeByPath(type) !== undefined) return type;
  throw usageError(`no type "${type}"; there are ${messageTypes.map(({ path }) => path).join(', ')}`);
}

/** The JSON of `--content`, else the text; undefined for a type without content. */
function contentOf(run: Run, type: string): unknown {
  const json = run.text('content');
  if (json === undefined) return type === 'text' ? { text: given(run, 'text', 1) } : undefined;
  try {
    return JSON.parse(json);
  } catch {
    throw usageError('--content must be JSON');
  }
}

/** An option, or the positional argument in its place. */
function given({ text, positionals }: Run, option: string, position: number): string {
  const value = text(option) ?? positionals[position];
  if (value === undefined) throw usageError(`--${option} is required`);
  return value;
}

/** `parley send`. */
export const command = defineCommand(
  [
    'send <to> <text> [--from SENDER] [--notify-url URL] [--message-id ID] [--callback-data TEXT]',
    'send --from SENDER --to NUMBER --text TEXT',
    'send <to> --type TYPE --content JSON [--reply-to ID] (types as in the paths of the API: image, interactive/buttons ...)',
  ],
  { '': send },
);
