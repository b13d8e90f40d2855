// `parley sandbox`: the sandbox alone, usable by any Cloud API program.
import { once } from 'node:events';
import { loadSettings } from '../config.js';
import { createLog } from '../lib/log.js';
import { StateFileError } from '../sandbox/journal.js';
import { startSandbox } from '../sandbox/server.js';
import type { Command } from './command.js';

/** Starts with no numbers; `POST /_sandbox/wabas` makes some. Prints `listening <url>` when ready. */
export const sandbox: Command = {
  usage: ['sandbox'],
  async run(args, terminal) {
    if (args.length > 0) {
      terminal.complain(`parley: sandbox takes no arguments, got ${args.join(' ')}`);
      return 2;
    }
    const {
      host,
      sandboxPort: port,
      sandboxSmscPort: smscPort,
      sandboxState: stateFile,
      sandboxToken,
      logLevel,
    } = loadSettings(terminal.env);
    try {
      const log = createLog(logLevel);
      const running = await startSandbox({
        host,
        port,
        smscPort,
        log,
        ...(stateFile === undefined ? {} : { stateFile }),
        ...(sandboxToken === undefined ? {} : { controlToken: sandboxToken }),
      });
      terminal.print(`listening ${running.url}`);
      if (running.controlToken !== undefined && sandboxToken === undefined)
        terminal.print(`phone ${running.url}/?token=${running.controlToken}`);
      if (!terminal.stopped.aborted) await once(terminal.stopped, 'abort');
      await running.stop();
      return 0;
    } catch (error) {
      if (!(error instanceof StateFileError)) throw error;
      terminal.complain(`parley: ${error.message}`);
      return 1;
    }
  },
};
