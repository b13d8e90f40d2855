// `parley backup`: the whole database and the files of users as one file, while the gateway runs.
import { resolve } from 'node:path';
import { loadSettings } from '../config.js';
import { createClock } from '../lib/clock.js';
import { createLog } from '../lib/log.js';
import { type BackupSummary, writeBackup } from '../manage/backup.js';
import { createMediaStore } from '../media/media-store.js';
import type { Command } from './command.js';
import { tellOperator, withExistingDatabase } from './local-database.js';

/** For those whose store of files is backed up in its own way. */
const WITHOUT_FILES = '--without-files';

/** `parley backup [file]`. */
export const command: Command = {
  usage: ['backup [file] [--without-files]   (default: parley-<time>.backup in this folder)'],
  async run(args, terminal) {
    const [given, ...more] = args.filter((argument) => argument !== WITHOUT_FILES);
    if (more.length > 0 || given?.startsWith('-') === true) {
      terminal.complain(`parley: backup takes only the name of the file to write, and ${WITHOUT_FILES}`);
      return 2;
    }
    const settings = loadSettings(terminal.env);
    const now = createClock().now();
    const file = resolve(given ?? `parley-${new Date(now).toISOString().slice(0, 19).replaceAll(':', '')}Z.backup`);
    const { blobs } = createMediaStore(settings);
    const kept = args.includes(WITHOUT_FILES) ? undefined : blobs;
    try {
      const summary = await withExistingDatabase(settings, createLog(settings.logLevel), (url) =>
        writeBackup({ url, file, blobs: kept, now, stopped: terminal.stopped }),
      );
      for (const line of describe(file, summary)) terminal.print(line);
      return 0;
    } catch (error) {
      return tellOperator(error, terminal);
    } finally {
      await blobs.stop();
    }
  },
};

function describe(file: string, { tables, rows, files, bytes, schema }: BackupSummary): string[] {
  return [
    `${file}: ${rows} rows of ${tables} tables, schema ${schema}, ${files} files of users, ${(bytes / 1024 ** 2).toFixed(1)} MiB`,
    'It holds messages and files in clear, and tokens sealed with PARLEY_SECRET_KEY: keep that key too, elsewhere.',
  ];
}
