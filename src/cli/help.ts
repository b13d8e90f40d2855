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
  const width = Math.max(...Object.keys(COMMANDS).map(({ length }) => length));
  for (const [name, { summary }] of Object.entries(COMMANDS))
    terminal.print(`  parley ${name.padEnd(width)}  ${summary}`);
  terminal.print('\nparley help <command> shows how to call one; parley doctor shows the configuration.');
  terminal.print('In a checkout, parley is `npm run -s parley --`, or `node dist/src/main.js` where it is built.');
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
  if (found.options !== undefined) terminal.print(`\nWith any of them: ${found.options}`);
  return 0;
}
