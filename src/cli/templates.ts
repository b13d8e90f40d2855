// `parley templates lint`: what Meta would say to a template in a file. It asks nobody: the rules are here.
import { readFileSync } from 'node:fs';
import { lintTemplate, type Remark } from '../contract/templates/lint.js';
import { parseJson } from '../lib/json.js';
import type { Command } from './command.js';

const USAGE = ['templates lint <file.json>'];

/** `parley templates`. Exit code 1: Meta would refuse it; 2: there is no such file, or no JSON in it. */
export const command: Command = {
  usage: USAGE,
  async run(args, terminal) {
    const [verb, file, ...rest] = args;
    if (verb !== 'lint' || file === undefined || rest.length > 0) {
      for (const line of USAGE) terminal.complain(`  parley ${line}`);
      return 2;
    }
    const read = readFile(file);
    if ('problem' in read) {
      terminal.complain(`parley: ${read.problem}`);
      return 2;
    }
    const { errors, warnings } = lintTemplate(read.value);
    for (const remark of errors) terminal.print(lineOf('error', remark));
    for (const remark of warnings) terminal.print(lineOf('warning', remark));
    if (errors.length === 0 && warnings.length === 0) terminal.print('nothing to say');
    return errors.length > 0 ? 1 : 0;
  },
};

function readFile(file: string): { value: unknown } | { problem: string } {
  try {
    return { value: parseJson(readFileSync(file, 'utf8')) };
  } catch (error) {
    return { problem: `${file}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function lineOf(kind: string, { field, message }: Remark): string {
  return `${kind}: ${field}: ${message}`;
}
