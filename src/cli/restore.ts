// `parley restore`: a backup into an empty database and the store of files. Nothing is sent before somebody resumes the senders.
import { resolve } from 'node:path';
import { loadSettings, type Settings } from '../config.js';
import { createLog, type Log } from '../lib/log.js';
import { checkBackup, type RestoreSummary, restoreBackup } from '../manage/restore.js';
import { createMediaStore } from '../media/media-store.js';
import type { Command, Terminal } from './command.js';
import { tellOperator, withOwnDatabase } from './local-database.js';

/** `parley restore <file>`. */
export const command: Command = {
  usage: [
    'restore <file>   (into PARLEY_DATABASE_URL or the embedded database of PARLEY_DATA_DIR; no gateway may run on it)',
  ],
  async run(args, terminal) {
    const [given, ...more] = args;
    if (given === undefined || more.length > 0 || given.startsWith('-')) {
      terminal.complain('parley: restore takes the name of the file to load');
      return 2;
    }
    const settings = loadSettings(terminal.env);
    try {
      await restore(resolve(given), settings, createLog(settings.logLevel), terminal);
      return 0;
    } catch (error) {
      return tellOperator(error, terminal);
    }
  },
};

async function restore(file: string, settings: Settings, log: Log, terminal: Terminal): Promise<void> {
  const { stopped } = terminal;
  const checked = await checkBackup(file, stopped);
  terminal.print(
    `${file} is whole: ${checked.rows} rows, ${checked.files} files, taken ${new Date(checked.head.takenAt).toISOString()}`,
  );
  const place = createMediaStore(settings);
  try {
    const summary = await withOwnDatabase(settings, log, (url) => restoreBackup(checked, { url, place, log, stopped }));
    for (const line of describe(summary, checked.files)) terminal.print(line);
  } finally {
    await place.blobs.stop();
  }
}

function describe({ tables, rows, leftOut }: RestoreSummary, files: number): string[] {
  return [
    `loaded ${rows} rows into ${tables} tables, and ${files} files of users`,
    ...(leftOut.length > 0 ? [`left out, none of Parley's: ${leftOut.join(', ')}`] : []),
    'Every sender is paused. Start the gateway with the PARLEY_SECRET_KEY of the backup, let Meta redeliver what it still has, then:',
    '  parley senders resume <sender>',
  ];
}
