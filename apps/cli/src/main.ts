/** The maas command: arguments in, exit code out. Everything that is not always needed is loaded when it is. */
import { CliError, UsageError } from "./errors.ts";
import { run } from "./run.ts";
import { realShell } from "./shell.ts";

const shell = realShell();
const isVerbose = Boolean(shell.env["MAAS_CLI_VERBOSE_ERRORS"]);
process.once("SIGINT", () => process.exit(1));
// The reader went away (`maas … | head`): nothing is left to say.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 2));

try {
  process.exitCode = await run(process.argv.slice(2), shell);
} catch (error) {
  process.exitCode = error instanceof CliError ? error.exitCode : 2;
  const trace = isVerbose || process.argv[2] === "--debug" ? `${(error as Error).stack}\n` : "";
  const help = error instanceof UsageError ? `${error.help}\n` : "";
  const hint = error instanceof CliError ? "" : " (MAAS_CLI_VERBOSE_ERRORS=1 shows where)";
  await shell.err(`${trace}${help}maas: ${(error as Error).message}${hint}\n`);
}
