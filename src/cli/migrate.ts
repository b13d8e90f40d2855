// `parley migrate`: brings the database to this version's schema; serve does the same by itself at start.
import { loadSettings } from '../config.js';
import { createLog } from '../lib/log.js';
import { EmbeddedUnavailable, startEmbedded } from '../store/embedded.js';
import { DatabaseUnreachable, MigrationRefused, migrate, migrationStatus } from '../store/migrate.js';
import type { Command } from './command.js';

/** `parley migrate [--status]`. */
export const command: Command = {
  usage: ['migrate', 'migrate --status'],
  async run(args, terminal) {
    if (args.length > 1 || (args.length === 1 && args[0] !== '--status')) {
      terminal.complain('parley: migrate takes only --status');
      return 2;
    }
    const settings = loadSettings(terminal.env);
    const log = createLog(settings.logLevel);
    try {
      const embedded =
        settings.databaseUrl === undefined ? await startEmbedded({ dataDir: settings.dataDir, log }) : undefined;
      try {
        const url = settings.databaseUrl ?? embedded?.url ?? '';
        if (args.length === 0) await migrate(url, log);
        const { applied, pending } = await migrationStatus(url);
        for (const { version, name } of applied) terminal.print(`${String(version).padStart(4, '0')} ${name} applied`);
        for (const { version, name } of pending) terminal.print(`${String(version).padStart(4, '0')} ${name} pending`);
        return 0;
      } finally {
        await embedded?.stop();
      }
    } catch (error) {
      const isOperators = [EmbeddedUnavailable, DatabaseUnreachable, MigrationRefused].some(
        (kind) => error instanceof kind,
      );
      if (!isOperators || !(error instanceof Error)) throw error;
      terminal.complain(`parley: ${error.message}`);
      return 1;
    }
  },
};
