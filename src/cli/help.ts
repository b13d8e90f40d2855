// `parley help`: what there is and how to call it.
import type { Command, Terminal } from './command.js';
import { COMMANDS } from './registry.js';

/** `parley help [command]`. */
export const command: Command = {
  usage: ['help [command]'],
  async run(args, terminal) {
    const [name] = args;
    return name === undefined ? listCommands(terminal) : showCommand(name, terminal);
  },
};

function listCommands(terminal: Terminal): number {
  terminal.print('Parley, a self-hosted WhatsApp Business platform\n');
  for (const [name, { summary }] of Object.entries(COMMANDS)) terminal.print(`  parley ${name.padEnd(10)} ${summary}`);
  terminal.print('\nparley help <command> shows how to call one; parley doctor shows the configuration.');
  return 0;
}

async function showCommand(name: string, terminal: Terminal): Promise<number> {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) {
    terminal.complain(`parley: no command "${name}"; there are ${Object.keys(COMMANDS).join(', ')}`);
    return 2;
  }
  const { command: found } = await entry.load();
  terminal.print(`${entry.summary}\n`);
  for (const line of found.usage) terminal.print(`  parley ${line}`);
  return 0;
}
