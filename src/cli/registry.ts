// The commands there are, each imported when it is called: starting one does not load the others.
import type { Command, Terminal } from './command.js';

/** What `parley help` says of a command, and the module that has it. */
interface Entry {
  /** One line. */
  summary: string;
  load(): Promise<{ command: Command }>;
}

/** Each command by its name, in the order of `parley help`. */
export const COMMANDS: Readonly<Record<string, Entry>> = {
  dev: {
    summary: 'run gateway, database, sandbox and a demo account on this machine',
    load: () => import('./dev.js'),
  },
  serve: {
    summary: 'run the gateway',
    load: () => import('./serve.js'),
  },
  sandbox: {
    summary: "run a stand-in for Meta's WhatsApp Cloud API",
    load: () => import('./sandbox.js').then(({ sandbox }) => ({ command: sandbox })),
  },
  migrate: {
    summary: "bring the database to this version's schema",
    load: () => import('./migrate.js'),
  },
  doctor: {
    summary: 'show the configuration in force and check what it names',
    load: () => import('./doctor.js'),
  },
  send: {
    summary: 'send a message',
    load: () => import('./send.js'),
  },
  messages: {
    summary: 'show the whole life of a message',
    load: () => import('./messages.js'),
  },
  conversations: {
    summary: 'tell whether the customer service window of a user is open',
    load: () => import('./conversations.js'),
  },
  templates: {
    summary: 'tell what Meta would refuse in a template, and what it is likely to recategorise',
    load: () => import('./templates.js'),
  },
  links: {
    summary: 'list short links with their clicks, remove one, count what became of messages with links',
    load: () => import('./links.js'),
  },
  replay: {
    summary: 'send reports to customers once more',
    load: () => import('./replay.js'),
  },
  senders: {
    summary: 'list, connect, add, change, remove and resume senders',
    load: () => import('./senders.js'),
  },
  accounts: {
    summary: 'list, make and change accounts',
    load: () => import('./accounts.js'),
  },
  keys: {
    summary: 'list, make, change and delete API keys of an account',
    load: () => import('./keys.js'),
  },
  users: {
    summary: 'list, make, change and delete users of an account',
    load: () => import('./users.js'),
  },
  flows: {
    summary: 'check Flow JSON, and serve as the data endpoint of flows',
    load: () => import('./flows.js'),
  },
  erase: {
    summary: 'erase a WhatsApp user: what they wrote, what they were sent, their files',
    load: () => import('./erase.js'),
  },
  export: {
    summary: 'give all that is known of a WhatsApp user, an object a line (NDJSON)',
    load: () => import('./export.js'),
  },
  audit: {
    summary: 'tell who changed what, newest first',
    load: () => import('./audit.js'),
  },
  mcp: {
    summary: 'serve assistants over MCP: send, look up, templates, conversations, the sandbox',
    load: () => import('./mcp.js'),
  },
  domains: {
    summary: 'list, claim, verify and remove domains of short links',
    load: () => import('./domains.js'),
  },
  backup: {
    summary: 'write the whole database and the files of users to one file, while the gateway runs',
    load: () => import('./backup.js'),
  },
  restore: {
    summary: 'load a backup into an empty database',
    load: () => import('./restore.js'),
  },
  secrets: {
    summary: 'change the key that seals access tokens and signing secrets',
    load: () => import('./secrets.js'),
  },
  help: {
    summary: 'show the commands, or how to call one',
    load: () => import('./help.js'),
  },
};

const SYNONYMS: Readonly<Record<string, string>> = { '--help': 'help', '-h': 'help' };

/** Runs the command that `argv` names (none: help); returns its exit code, 2 for an unknown command or a wrong configuration. */
export async function runCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [given = 'help', ...args] = argv;
  const wantsHelp = args.includes('--help') || args.includes('-h');
  const name = SYNONYMS[given] ?? given;
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) {
    terminal.complain(`parley: no command "${given}"; there are ${Object.keys(COMMANDS).join(', ')}`);
    return 2;
  }
  if (wantsHelp) return runCommand(['help', name], terminal);
  const { command } = await entry.load();
  try {
    return await command.run(args, terminal);
  } catch (error) {
    const { ConfigError } = await import('../config.js');
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
