// What every command of the CLI looks like, and how it talks to the terminal.

/** One command: `parley <name> ...args`. */
export interface Command {
  /** Usage lines, without the program's name. */
  usage: readonly string[];
  /** What can be added to each of them; nothing when undefined. */
  options?: string;
  /** Runs to the end; the number is the process's exit code (0 done, 1 failed, 2 wrong arguments or configuration). */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** The process as a command sees it. */
export interface Terminal {
  env: Readonly<Record<string, string | undefined>>;
  /** Writes a line to standard output. */
  print(line: string): void;
  /** Writes a line to standard error. */
  complain(line: string): void;
  /** Aborts when the process is asked to stop (SIGINT, SIGTERM, or the parent process is gone). */
  stopped: AbortSignal;
}
