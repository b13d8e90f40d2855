// `parley flows`: what helps to write and serve WhatsApp Flows, and needs no gateway.
import { parseArgs } from 'node:util';
import type { Command, Terminal } from './command.js';
import { checkFlowFile } from './flows-check.js';
import { serveEndpoint } from './flows-endpoint.js';

const USAGE = [
  'flows check <file.json> [--json]   (finds what Meta would refuse; exit code 1 if there is something)',
  'flows endpoint --key <private.pem> [--passphrase-file <file>] --app-secret-file <file> --forward <url> [--host <host>] [--port <port>]   (decrypts what flows ask, posts it to <url> as JSON, encrypts the answer)',
];

/** `parley flows check` and `parley flows endpoint`. */
export const command: Command = {
  usage: USAGE,
  async run([verb, ...args], terminal) {
    if (verb === 'check') return check(args, terminal);
    if (verb === 'endpoint') return endpoint(args, terminal);
    return complain('say flows check or flows endpoint', terminal);
  },
};

function complain(problem: string, terminal: Terminal): number {
  terminal.complain(`parley: ${problem}`);
  for (const line of USAGE) terminal.complain(`  parley ${line}`);
  return 2;
}

function check(args: readonly string[], terminal: Terminal): number {
  const files = args.filter((arg) => arg !== '--json');
  const [file] = files;
  if (file === undefined || files.length > 1 || file.startsWith('-')) return complain('say which file', terminal);
  return checkFlowFile(file, args.includes('--json'), terminal);
}

async function endpoint(args: readonly string[], terminal: Terminal): Promise<number> {
  const options = optionsOf(args);
  if (typeof options === 'string') return complain(options, terminal);
  const { key, forward, host = '127.0.0.1', port = '0' } = options;
  const secretFile = options['app-secret-file'];
  if (key === undefined || forward === undefined || secretFile === undefined) {
    return complain('--key, --app-secret-file and --forward are required', terminal);
  }
  if (!/^https?:/.test(forward) || !URL.canParse(forward)) return complain('--forward must be a URL', terminal);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) return complain('--port must be a port', terminal);
  const passphraseFile = options['passphrase-file'];
  const settings = { keyFile: key, passphraseFile, appSecretFile: secretFile, forward, host, port: Number(port) };
  return serveEndpoint(settings, terminal);
}

/** The options by name, or what is wrong with them. */
function optionsOf(args: readonly string[]): Readonly<Record<string, string | undefined>> | string {
  const names = ['key', 'passphrase-file', 'app-secret-file', 'forward', 'host', 'port'];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  try {
    const { values } = parseArgs({ args: [...args], options });
    return Object.fromEntries(names.map((name) => [name, values[name]?.toString()]));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
