// `parley mcp` as an assistant meets it: the SDK's own client, over standard input and output and over HTTP.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { MAIN, temporaryFolder } from '../support/dev-world.js';
import { type Scene, startScene } from '../support/scene.js';
import { until } from '../support/until.js';

let scene: Scene;
let stdio: Client;
before(async () => {
  scene = await startScene();
  stdio = await connectStdio({ PARLEY_DATA_DIR: scene.world.dataDir });
});
after(async () => {
  await stdio.close();
  await scene.stop();
});

async function connectStdio(env: Record<string, string>, ...more: string[]): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [MAIN, 'mcp', ...more],
    env: { PATH: process.env.PATH ?? '', PARLEY_LOG_LEVEL: 'silent', ...env },
  });
  await client.connect(transport);
  return client;
}

/** What a tool said: its JSON, or its complaint. */
async function call(client: Client, name: string, given: object): Promise<{ isError: boolean; text: string }> {
  const { content, isError } = await client.callTool({ name, arguments: { ...given } });
  assert.ok(Array.isArray(content));
  const [first]: { text?: string }[] = content;
  return { isError: isError === true, text: first?.text ?? '' };
}

test('an assistant sends, follows the message, reads the conversation and plays the user, in the sandbox', async () => {
  const { sender } = scene.world.info;
  const user = scene.newUser();
  const { tools } = await stdio.listTools();
  assert.ok(tools.length >= 8 && tools.every(({ description }) => description !== ''));
  const sent = await call(stdio, 'send_message', { from: sender, to: user, text: 'How are you?' });
  assert.equal(sent.isError, false, sent.text);
  const { messageId }: { messageId: string } = JSON.parse(sent.text);
  await until('it is read', async () =>
    (await call(stdio, 'read_message', { messageId })).text.includes('"state": "read"'),
  );
  assert.match((await call(stdio, 'sandbox_say', { user, text: 'Fine', name: 'Ann' })).text, /wamid/);
  const conversation = await until('both sides are there', async () => {
    const { text } = await call(stdio, 'read_conversation', { sender, user });
    // The window and the messages are read one after the other.
    return text.includes('Fine') && text.includes('"isOpen": true') ? text : undefined;
  });
  // Meta dates what users write to whole seconds, so either may come first.
  assert.match(conversation, /How are you\?/);
  assert.match((await call(stdio, 'sandbox_messages', { user })).text, /Fine/);
  assert.equal((await call(stdio, 'list_templates', { sender })).isError, false);
  const template = { name: 'Bad Name', language: 'en', category: 'UTILITY', structure: { body: { text: 'x' } } };
  assert.match((await call(stdio, 'lint_template', { template })).text, /name/);
  const manual = await call(stdio, 'sandbox_control', { method: 'GET', path: '/state' });
  assert.equal(manual.isError, false, manual.text);
});

test('what does not fit a tool, and what the gateway refuses, is told and not thrown', async () => {
  const wrong = await call(stdio, 'send_message', { from: 1 });
  assert.deepEqual([wrong.isError, /from|to/.test(wrong.text)], [true, true], wrong.text);
  const missing = await call(stdio, 'read_message', { messageId: 'never' });
  assert.deepEqual([missing.isError, missing.text.includes('404')], [true, true], missing.text);
  assert.equal((await call(stdio, 'no_such_tool', {})).isError, true);
});

test('a gateway that may reach people is sent to only when that was allowed', async () => {
  const { api, apiKey, sender } = scene.world.info;
  const user = scene.newUser();
  const env = { PARLEY_DATA_DIR: temporaryFolder('mcp') };
  const given = { from: sender, to: user, text: 'Real' };
  const careful = await connectStdio(env, '--api', api, '--key', apiKey);
  assert.match((await call(careful, 'send_message', given)).text, /--allow-real/);
  assert.match((await call(careful, 'sandbox_messages', { user })).text, /no sandbox/);
  await careful.close();
  const bold = await connectStdio(env, '--api', api, '--key', apiKey, '--allow-real');
  assert.equal((await call(bold, 'send_message', given)).isError, false);
  await bold.close();
  assert.equal((await scene.atMetaUntil(user, 1)).length, 1);
});

test('over HTTP each request brings its key, whose scopes hold, and no page of a browser gets in', async (t) => {
  const { accountId, apiKey, sender } = scene.world.info;
  const child: ChildProcess = spawn(process.execPath, [MAIN, 'mcp', '--http'], {
    env: { PATH: process.env.PATH, PARLEY_DATA_DIR: scene.world.dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill());
  assert.ok(child.stdout !== null);
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const url = String(line).replace('listening ', '');
  const post = (headers: Record<string, string>) =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{}' });
  assert.equal((await post({})).status, 401);
  assert.equal((await post({ authorization: `Bearer ${apiKey}`, origin: 'https://evil.example' })).status, 403);
  const narrow = await scene.admin<{ apiKeySecret: string }>(`/accounts/${accountId}/keys`, {
    json: { name: 'narrow', scopeGuids: ['whatsapp:message:send'] },
  });
  const connect = async (key: string): Promise<Client> => {
    const client = new Client({ name: 'test', version: '1' });
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { authorization: `Bearer ${key}` } },
    });
    // Parse boundary: the SDK's own transport, under exactOptionalPropertyTypes.
    await client.connect(transport as Transport);
    return client;
  };
  const client = await connect(narrow.apiKeySecret);
  const sent = await call(client, 'send_message', { from: sender, to: scene.newUser(), text: 'Hi' });
  assert.equal(sent.isError, false, sent.text);
  const { messageId }: { messageId: string } = JSON.parse(sent.text);
  const refused = await call(client, 'read_message', { messageId });
  assert.deepEqual([refused.isError, refused.text.includes('403')], [true, true], refused.text);
  const whole = await connect(apiKey);
  assert.equal((await call(whole, 'read_message', { messageId })).isError, false);
  await client.close();
  await whole.close();
});
