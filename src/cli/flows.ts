// `parley flows`: what helps to write WhatsApp Flows, and needs no gateway.
import { readFileSync, statSync } from 'node:fs';
import { checkFlow } from '../flows/check.js';
import type { Command, Terminal } from './command.js';

/** Flow JSON is at most 10 MiB (*Infobip 8*). */
const FILE_BYTES_MAX = 10 * 1024 * 1024;

const USAGE = ['flows check <file.json> [--json]   (finds what Meta would refuse; exit code 1 if there is something)'];

/** `parley flows check <file>`. */
export const command: Command = {
  summary: 'check Flow JSON without asking Meta',
  usage: USAGE,
  async run(args, terminal) {
    const [verb, ...rest] = args;
    const files = rest.filter((arg) => arg !== '--json');
    const [file] = files;
    if (verb !== 'check' || file === undefined || files.length > 1 || file.startsWith('-')) {
      terminal.complain('parley: say which file');
      for (const line of USAGE) terminal.complain(`  parley ${line}`);
      return 2;
    }
    return check(file, rest.includes('--json'), terminal);
  },
};

function check(file: string, asJson: boolean, terminal: Terminal): number {
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
