// What an assistant may do over MCP: each tool is its schema and one call of the gateway's or the sandbox's own API.
import Type, { type Static, type TObject } from 'typebox';
import { Compile } from 'typebox/compile';
import { isObject, itemsAt, type JsonObject, textAt } from '../contract/json.js';
import type { Client } from './admin-client.js';

/** What tools act on. */
export interface McpPlace {
  client: Pick<Client, 'request' | 'lines'>;
  /** Calls the sandbox's control API below `/_sandbox`; undefined when this gateway has none that we know. */
  sandbox:
    | ((method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object) => Promise<JsonObject>)
    | undefined;
  /** Whether messages may go to real users: what is sent goes to the sandbox otherwise, or not at all. */
  mayReachPeople: boolean;
}

/** A tool. */
export interface McpTool {
  name: string;
  description: string;
  inputSchema: TObject;
  /** Runs it; throws with a line for the assistant. */
  run(place: McpPlace, given: unknown): Promise<unknown>;
}

function tool<Input extends TObject>(definition: {
  name: string;
  description: string;
  input: Input;
  act(place: McpPlace, input: Static<Input>): Promise<unknown>;
}): McpTool {
  const { name, description, input, act } = definition;
  const compiled = Compile(input);
  const isInput = (value: unknown): value is Static<Input> => compiled.Check(value);
  return {
    name,
    description,
    inputSchema: input,
    async run(place, given) {
      if (isInput(given)) return act(place, given);
      const wrong = [...compiled.Errors(given)].map(
        ({ instancePath, message }) => `${instancePath || 'input'} ${message}`,
      );
      throw new TypeError(wrong.join('; '));
    },
  };
}

const part = encodeURIComponent;
const sender = Type.String({ minLength: 1, maxLength: 24, description: 'A sender of the account, digits' });
const user = Type.String({ minLength: 1, maxLength: 150, description: 'Phone number (digits) or WhatsApp user id' });
const MESSAGES_MAX = 200;

const sendMessage = tool({
  name: 'send_message',
  description:
    'Send a WhatsApp message as Infobip has it: type is the last part of POST /whatsapp/1/message/<type>, content its content object. Goes to the sandbox unless the server was started with --allow-real.',
  input: Type.Object({
    from: sender,
    to: user,
    type: Type.Optional(Type.String({ pattern: '^[a-z-]{1,60}(/[a-z-]{1,60})*$', description: 'text by default' })),
    content: Type.Optional(Type.Object({}, { description: 'of the type; for text {"text": ".."}' })),
    text: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
  }),
  async act({ client, mayReachPeople }, { from, to, type = 'text', content, text }) {
    if (!mayReachPeople) throw new TypeError('this gateway may reach real users: start parley mcp with --allow-real');
    return client.request('POST', `/whatsapp/1/message/${type}`, { from, to, content: content ?? { text } });
  },
});

const readMessage = tool({
  name: 'read_message',
  description:
    'Read the whole life of a message: what was asked, each event, where it waits, its reports and their delivery.',
  input: Type.Object({ messageId: Type.String({ minLength: 1, maxLength: 255 }) }),
  act: ({ client }, { messageId }) => client.request('GET', `/parley/1/messages/${part(messageId)}`),
});

const listTemplates = tool({
  name: 'list_templates',
  description: 'List the templates of a sender with their status, category, quality and structure.',
  input: Type.Object({ sender }),
  act: ({ client }, given) => client.request('GET', `/whatsapp/2/senders/${part(given.sender)}/templates`),
});

const lintTemplate = tool({
  name: 'lint_template',
  description:
    'Tell what Meta would refuse in a template and what it is likely to recategorise. Nothing is registered.',
  input: Type.Object({ template: Type.Object({}, { description: 'name, language, category, structure' }) }),
  act: ({ client }, { template }) => client.request('POST', '/parley/1/templates/lint', template),
});

const readConversation = tool({
  name: 'read_conversation',
  description:
    'Read what a sender and a user wrote to each other, oldest first, and whether the customer service window is open.',
  input: Type.Object({ sender, user, limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MESSAGES_MAX })) }),
  async act({ client }, given) {
    const window = await client.request('GET', `/parley/1/conversations/${part(given.sender)}/${part(given.user)}`);
    const messages: JsonObject[] = [];
    for await (const line of client.lines(`/parley/1/users/${part(given.user)}/export`)) {
      const fact: unknown = JSON.parse(line);
      if (!isObject(fact) || (fact.kind !== 'message' && fact.kind !== 'inbound')) continue;
      if ([fact.from, fact.to].includes(given.sender)) messages.push(fact);
    }
    const at = (fact: JsonObject): string => textAt(fact, 'acceptedAt') ?? textAt(fact, 'receivedAt') ?? '';
    messages.sort((a, b) => at(a).localeCompare(at(b)));
    return { window, messages: messages.slice(-(given.limit ?? MESSAGES_MAX)) };
  },
});

/** The sandbox, or a line that says that there is none. */
function sandboxOf({ sandbox }: McpPlace): Exclude<McpPlace['sandbox'], undefined> {
  if (sandbox === undefined) throw new TypeError('no sandbox is known here: only parley dev has one');
  return sandbox;
}

const sandboxSay = tool({
  name: 'sandbox_say',
  description: 'Write a text to the business as a user of the sandbox, as somebody with a phone would.',
  input: Type.Object({
    user,
    text: Type.String({ minLength: 1, maxLength: 4096 }),
    name: Type.Optional(Type.String()),
  }),
  act: (place, { user: from, text, name }) =>
    sandboxOf(place)('POST', `/users/${part(from)}/messages`, {
      type: 'text',
      text: { body: text },
      profileName: name,
    }),
});

const sandboxMessages = tool({
  name: 'sandbox_messages',
  description: 'List what the sandbox has between the business and a user, both ways, with the statuses.',
  input: Type.Object({ user }),
  async act(place, { user: of }) {
    const page = await sandboxOf(place)('GET', `/messages?user=${part(of)}&limit=${MESSAGES_MAX}`);
    return { messages: itemsAt(page, 'messages') };
  },
});

const sandboxControl = tool({
  name: 'sandbox_control',
  description:
    'Call the control API of the sandbox below /_sandbox: PUT /progress, PUT /window, POST and DELETE /faults, PUT /users/{number}, POST /messages/{wamid}/status, POST /templates/{id}/review, POST /clock, POST /reset, GET /state.',
  input: Type.Object({
    method: Type.Enum(['GET', 'POST', 'PUT', 'DELETE']),
    path: Type.String({ pattern: '^/[A-Za-z0-9/_.=?&%+-]{1,300}$' }),
    body: Type.Optional(Type.Object({})),
  }),
  act: (place, { method, path, body }) => sandboxOf(place)(method, path, body),
});

/** Every tool, in the order in which they are listed. */
export const MCP_TOOLS: readonly McpTool[] = [
  sendMessage,
  readMessage,
  listTemplates,
  lintTemplate,
  readConversation,
  sandboxSay,
  sandboxMessages,
  sandboxControl,
];
