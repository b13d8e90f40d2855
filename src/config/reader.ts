// Reads variables of the forms that several have; what is wrong with any is collected, so that it is told at once.
import { isAbsolute, resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import { fallbackOf, VARIABLES, type VariableName } from './variables.js';

/** Command line flags that win over the environment; texts as given. */
export interface Overrides {
  roles?: string | undefined;
  processes?: string | undefined;
  dev?: boolean | undefined;
}

/** The environment as a process has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads texts and collects what is wrong with them; a wrong one reads as its stand-in, and nothing is used in the end. */
export interface Reader {
  problems: string[];
  dev: boolean;
  text(name: VariableName): string | undefined;
  problem(name: VariableName, what: string): void;
}

/** A reader of `env`, over which `overrides` win. */
export function createReader(env: Environment, overrides: Overrides): Reader {
  const problems: string[] = [];
  const dev = overrides.dev === true;
  const given: Environment = {
    ...env,
    ...flag('PARLEY_ROLES', overrides.roles),
    ...flag('PARLEY_PROCESSES', overrides.processes),
  };
  return {
    problems,
    dev,
    text(name) {
      const text = given[name]?.trim();
      if (text !== undefined && text !== '') return text;
      const variable = VARIABLES.find((entry) => entry.name === name);
      return (variable && fallbackOf(variable, dev)) || undefined;
    },
    problem: (name, what) => problems.push(`${name} ${what}`),
  };
}

function flag(name: VariableName, text: string | undefined): Environment {
  return text === undefined ? {} : { [name]: text };
}

/** A whole number from `min` to `max`. */
export function readInteger(reader: Reader, name: VariableName, min: number, max: number): number {
  const text = reader.text(name) ?? '';
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    reader.problem(name, `must be a whole number from ${min} to ${max}, not "${text}"`);
    return min;
  }
  return value;
}

/** One of `choices`. */
export function readChoice<T extends string>(reader: Reader, name: VariableName, choices: readonly [T, ...T[]]): T {
  const text = reader.text(name);
  const choice = choices.find((entry) => entry === text);
  if (choice === undefined) reader.problem(name, `must be one of ${choices.join(', ')}, not "${text}"`);
  return choice ?? choices[0];
}

/** Entries between commas, trimmed; empty ones do not count. */
export function readList(reader: Reader, name: VariableName): string[] {
  const entries = (reader.text(name) ?? '').split(',').map((entry) => entry.trim());
  return entries.filter((entry) => entry !== '');
}

/** An http or https URL without query; without its final slashes. */
export function readBaseUrl(reader: Reader, name: VariableName): string | undefined {
  const text = reader.text(name);
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
    reader.problem(name, `must be an http or https URL without query, not "${text}"`);
  return text.replace(/\/+$/, '');
}

/** CIDRs. */
export function readNetworks(reader: Reader, name: VariableName): string[] {
  return readList(reader, name).map((text) => {
    const isNetwork = ipaddr.isValidCIDR(text);
    if (!isNetwork) reader.problem(name, `has "${text}", which is not a network like 10.0.0.0/8 or fd00::/8`);
    return text;
  });
}

/** An absolute path. */
export function readFilePath(reader: Reader, name: VariableName): string | undefined {
  const text = reader.text(name);
  return text === undefined || isAbsolute(text) ? text : resolve(text);
}
