// The commands there are, each imported when it is called: starting one does not load the others.
import { ConfigError } from '../config.js';
import type { Command, Terminal } from './command.js';

/** Name of each command to the module that has it, in the order of `parley help`. */
export const COMMANDS: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  dev: () => import('./dev.js'),
  serve: () => import('./serve.js'),
  sandbox: () => import('./sandbox.js').then(({ sandbox }) => ({ command: sandbox })),
  migrate: () => import('./migrate.js'),
  doctor: () => import('./doctor.js'),
  send: () => import('./send.js'),
  messages: () => import('./messages.js'),
  conversations: () => import('./conversations.js'),
  templates: () => import('./templates.js'),
  links: () => import('./links.js'),
  replay: () => import('./replay.js'),
  senders: () => import('./senders.js'),
  accounts: () => import('./accounts.js'),
  keys: () => import('./keys.js'),
  users: () => import('./users.js'),
  flows: () => import('./flows.js'),
  erase: () => import('./erase.js'),
  export: () => import('./export.js'),
  audit: () => import('./audit.js'),
  mcp: () => import('./mcp.js'),
  domains: () => import('./domains.js'),
  backup: () => import('./backup.js'),
  restore: () => import('./restore.js'),
  secrets: () => import('./secrets.js'),
  help: () => import('./help.js'),
};

const SYNONYMS: Readonly<Record<string, string>> = { '--help': 'help', '-h': 'help' };

/** Runs the command that `argv` names (none: help); returns its exit code, 2 for an unknown command or a wrong configuration. */
export async function runCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [given = 'help', ...args] = argv;
  const wantsHelp = args.includes('--help') || args.includes('-h');
  const name = SYNONYMS[given] ?? given;
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    terminal.complain(`parley: no command "${given}"; there are ${Object.keys(COMMANDS).join(', ')}`);
    return 2;
  }
  if (wantsHelp) return runCommand(['help', name], terminal);
  const { command } = await load();
  try {
    return await command.run(args, terminal);
  } catch (error) {
    if (error instanceof ConfigError) {
      for (const problem of error.problems) terminal.complain(`parley: ${problem}`);
      return 2;
    }
    const line = explainListen(error);
    if (line === undefined) throw error;
    terminal.complain(`parley: ${line}`);
    return 1;
  }
}

/** The line for the operator when an address cannot be listened on; undefined for any other error. */
function explainListen(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('port' in error)) return undefined;
  if (error.code === 'EADDRINUSE') return `port ${error.port} is in use; choose another (0 = any free one)`;
  if (error.code === 'EACCES') return `port ${error.port} may not be used by this user; choose another`;
  if (error.code === 'EADDRNOTAVAIL') return `PARLEY_HOST is no address of this machine: ${error.message}`;
  return undefined;
}
