// `parley sandbox`: the sandbox alone, usable by any Cloud API program.
import { createLog } from '../lib/log.js';
import { startSandbox } from '../sandbox/server.js';
import type { Command } from './command.js';

const PORT_DEFAULT = 8090;

/** Starts with no numbers; `POST /_sandbox/wabas` makes some. Prints `listening <url>` when ready. */
export const sandbox: Command = {
  summary: "Run a stand-in for Meta's WhatsApp Cloud API",
  usage: ['sandbox'],
  async run(args, terminal) {
    if (args.length > 0) {
      terminal.complain(`parley sandbox takes no arguments, got ${args.join(' ')}`);
      return 2;
    }
    const {
      PARLEY_HOST: host = '127.0.0.1',
      PARLEY_SANDBOX_PORT: portText,
      PARLEY_SANDBOX_STATE: stateFile,
    } = terminal.env;
    const port = Number(portText ?? PORT_DEFAULT);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      terminal.complain(`PARLEY_SANDBOX_PORT must be a port number, got ${portText}`);
      return 2;
    }
    const running = await startSandbox({ host, port, log: createLog('warn'), ...(stateFile ? { stateFile } : {}) });
    terminal.print(`listening ${running.url}`);
    await stopOf(terminal.stopped);
    await running.stop();
    return 0;
  },
};

function stopOf(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
