// `parley mcp`: the gateway as a server of the Model Context Protocol, over standard input and output or HTTP on loopback.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { isObject, type JsonObject } from '../contract/json.js';
import { type Client, defineCommand, numberOf, type Run, usageError, type Verb } from './admin-client.js';
import { MCP_TOOLS, type McpPlace } from './mcp-tools.js';

const SANDBOX_TIMEOUT_MS = 30_000;
const DRAIN_MS = 2_000;

const serve: Verb = {
  key: 'account',
  flags: ['http', 'allow-real'],
  texts: ['port'],
  async run(run) {
    if (run.is('http')) return serveHttp(run);
    if (run.text('port') !== undefined) throw usageError('--port goes with --http');
    const server = createMcpServer(placeOf(run, run.client));
    const closed = new Promise<void>((resolve) => {
      server.onclose = resolve;
      process.stdin.once('end', resolve);
      run.terminal.stopped.addEventListener('abort', () => resolve(), { once: true });
    });
    await server.connect(new StdioServerTransport());
    await closed;
    await server.close();
  },
};

/** Sends go to the sandbox that `parley dev` of this folder runs; to any other gateway only when that was allowed. */
function placeOf(run: Run, client: Client): McpPlace {
  const isDev = run.dev('api') === run.api;
  const sandbox = isDev ? run.dev('sandbox') : undefined;
  return {
    client,
    sandbox:
      sandbox === undefined
        ? undefined
        : (method, path, body) => callSandbox(run, `${sandbox}/_sandbox${path}`, method, body),
    mayReachPeople: sandbox !== undefined || run.is('allow-real'),
  };
}

async function callSandbox(run: Run, url: string, method: string, body?: object): Promise<JsonObject> {
  const signal = AbortSignal.any([run.terminal.stopped, AbortSignal.timeout(SANDBOX_TIMEOUT_MS)]);
  const token = run.dev('sandboxToken');
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(url, { method, signal, headers, ...json });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`the sandbox answered ${answer.status}: ${text.slice(0, 1000)}`);
  const parsed: unknown = text === '' ? {} : JSON.parse(text);
  return isObject(parsed) ? parsed : {};
}

function createMcpServer(place: McpPlace): Server {
  const server = new Server({ name: 'parley', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: MCP_TOOLS.map(({ name, description, inputSchema }) => ({
      name,
      description,
      inputSchema: {
        type: 'object' as const,
        properties: inputSchema.properties,
        required: inputSchema.required ?? [],
      },
    })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const tool = MCP_TOOLS.find(({ name }) => name === params.name);
    if (tool === undefined) return told(`there is no tool ${params.name}`, true);
    try {
      return told(JSON.stringify(await tool.run(place, params.arguments ?? {}), null, 2), false);
    } catch (error) {
      return told(error instanceof Error ? error.message : String(error), true);
    }
  });
  return server;
}

function told(text: string, isError: boolean) {
  return { content: [{ type: 'text' as const, text }], isError };
}

/** Each request brings its own API key, whose scopes count; nobody but this machine reaches the port. */
async function serveHttp(run: Run): Promise<void> {
  const { terminal } = run;
  const http = createServer((request, response) => {
    answerHttp(run, request, response).catch(() => refuse(response, 500, 'an error of Parley'));
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(numberOf(run, 'port') ?? 0, '127.0.0.1', resolve);
  });
  const address = http.address();
  terminal.print(`listening http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/mcp`);
  await new Promise<void>((resolve) => {
    if (terminal.stopped.aborted) resolve();
    terminal.stopped.addEventListener('abort', () => resolve(), { once: true });
  });
  http.close();
  setTimeout(() => http.closeAllConnections(), DRAIN_MS).unref();
}

async function answerHttp(run: Run, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { host = '', origin, authorization = '' } = request.headers;
  // A page in a browser may point a name of its own at this address.
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host) || origin !== undefined)
    return refuse(response, 403, 'only programs of this machine may call');
  if (request.url !== '/mcp') return refuse(response, 404, 'MCP is at /mcp');
  const key = /^(?:Bearer|App) +([\x21-\x7e]{1,512})$/i.exec(authorization)?.[1];
  if (key === undefined) return refuse(response, 401, 'Authorization: Bearer <API key> is required');
  const server = createMcpServer(placeOf(run, run.clientOf(key)));
  // No sessions: each request stands alone, so nothing is remembered of one key that another could use.
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  response.once('close', () => void server.close());
  // Parse boundary: the SDK types its own transport more loosely than exactOptionalPropertyTypes allows.
  await server.connect(transport as Transport);
  await transport.handleRequest(request, response);
}

function refuse(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32_000, message } }));
}

/** `parley mcp`. */
export const command = defineCommand(
  [
    'mcp [--allow-real]    (standard input and output)',
    'mcp --http [--port N] [--allow-real]    (loopback; each request brings its key)',
  ],
  { '': serve },
);
