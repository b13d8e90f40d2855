#!/usr/bin/env node
import type { Terminal } from './cli/command.js';
// The program `parley`: arguments to a command, signals to a stop, the command's answer to the exit code.
import { runCommand } from './cli/registry.js';

const stopping = new AbortController();

function stop(): void {
  stopping.abort();
}

const terminal: Terminal = {
  env: process.env,
  print: (line) => void process.stdout.write(`${line}\n`),
  complain: (line) => void process.stderr.write(`${line}\n`),
  stopped: stopping.signal,
};

function fail(error: unknown): never {
  process.stderr.write(`parley: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
}

process.on('SIGINT', stop);
process.on('SIGTERM', stop);
process.on('SIGHUP', stop);
// Only a process that was started with a channel to its parent has one to lose; the parent is gone then.
process.on('disconnect', stop);
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
// A reader that went away (`parley messages | head`) is no error of ours.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

process.exit(await runCommand(process.argv.slice(2), terminal));
