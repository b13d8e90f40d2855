// `parley secrets`: the change of PARLEY_SECRET_KEY, which seals access tokens and signing secrets at rest.
import { type Config, loadConfig } from '../config.js';
import { createLog } from '../lib/log.js';
import { inspectSecrets, rotateSecrets, type SealState } from '../manage/secrets.js';
import { addAudit } from '../store/audit.js';
import { DatabaseError, openDatabase } from '../store/database.js';
import type { Command, Terminal } from './command.js';
import { tellOperator, withExistingDatabase } from './local-database.js';

/** `parley secrets rotate` and `parley secrets check`. */
export const command: Command = {
  usage: [
    'secrets check    (how many are sealed with which key of PARLEY_SECRET_KEY; changes nothing)',
    'secrets rotate   (seals everything with the first key of PARLEY_SECRET_KEY=new,old; gateways must know both by then)',
  ],
  async run(args, terminal) {
    const [verb, ...more] = args;
    if ((verb !== 'rotate' && verb !== 'check') || more.length > 0) {
      terminal.complain('parley: say secrets rotate or secrets check');
      return 2;
    }
    const config = loadConfig(terminal.env);
    try {
      const state = await work(config, verb === 'rotate');
      return verb === 'rotate' ? tellRotated(state, terminal) : tellState(state, terminal);
    } catch (error) {
      if (!(error instanceof DatabaseError)) return tellOperator(error, terminal);
      terminal.complain(`parley: nothing was changed: ${error.message}`);
      return 1;
    }
  },
};

function work(config: Config, isRotation: boolean): Promise<SealState> {
  const log = createLog(config.logLevel);
  return withExistingDatabase(config, log, async (url) => {
    const database = openDatabase({ url, log, connectionsMax: 1, name: 'parley secrets' });
    try {
      if (!isRotation) return await inspectSecrets(database, config);
      const state = await rotateSecrets(database, config);
      const change = { at: Date.now(), account: null, actor: 'operator', address: null, fields: [] };
      await addAudit(database, { ...change, action: 'secrets rotate', target: 'PARLEY_SECRET_KEY' });
      return state;
    } finally {
      await database.stop();
    }
  });
}

function tellRotated({ current, other, unreadable }: SealState, terminal: Terminal): number {
  terminal.print(`${other} sealed anew, ${current} were sealed with the first key already`);
  return tellUnreadable(unreadable, terminal);
}

function tellState({ current, other, unreadable }: SealState, terminal: Terminal): number {
  terminal.print(`${current} sealed with the first key, ${other} with another that is known`);
  return tellUnreadable(unreadable, terminal);
}

function tellUnreadable(unreadable: readonly string[], terminal: Terminal): number {
  for (const label of unreadable)
    terminal.complain(`parley: no key opens the ${label}; add its key, or give it a new one`);
  return unreadable.length > 0 ? 1 : 0;
}
