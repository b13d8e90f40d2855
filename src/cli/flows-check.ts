// `parley flows check`: Flow JSON against what Meta accepts, without asking it.
import { readFileSync, statSync } from 'node:fs';
import { checkFlow } from '../flows/check.js';
import type { Terminal } from './command.js';

/** Flow JSON is at most 10 MiB (*Infobip 8*). */
const FILE_BYTES_MAX = 10 * 1024 * 1024;

/** Prints what is wrong in the file, a line each or as JSON; the exit code: 0 nothing, 1 something, 2 cannot be read. */
export function checkFlowFile(file: string, asJson: boolean, terminal: Terminal): number {
  const text = readFlow(file, terminal);
  if (text === undefined) return 2;
  const { errors, version } = checkFlow(text);
  if (asJson) terminal.print(JSON.stringify({ validation_errors: errors }, null, 2));
  else {
    for (const { line_start, column_start, error, message } of errors) {
      terminal.print(`${file}:${line_start}:${column_start}: ${error}: ${message}`);
    }
    if (errors.length === 0) terminal.print(`${file}: no errors, Flow JSON ${version}`);
  }
  return errors.length === 0 ? 0 : 1;
}

function readFlow(file: string, terminal: Terminal): string | undefined {
  try {
    if (statSync(file).size > FILE_BYTES_MAX) {
      terminal.complain(`parley: ${file} is larger than 10 MiB, which no flow may be`);
      return undefined;
    }
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (error) {
    const reason =
      error instanceof TypeError ? 'it is not UTF-8' : error instanceof Error ? error.message : String(error);
    terminal.complain(`parley: cannot read ${file}: ${reason}`);
    return undefined;
  }
}
