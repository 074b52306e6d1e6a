/** A failure that is explained to the user and ends the command with `exitCode`. 1: see the sections of the reference; else 2. */
export class CliError extends Error {
  readonly exitCode: number;
  constructor(message: string, options: ErrorOptions & { exitCode?: number } = {}) {
    super(message, options);
    this.name = "CliError";
    this.exitCode = options.exitCode ?? 2;
  }
}

/** The command line itself is wrong: its help goes before the message. */
export class UsageError extends CliError {
  readonly help: string;
  constructor(message: string, help: string) {
    super(message, { exitCode: 2 });
    this.name = "UsageError";
    this.help = help;
  }
}
