/** `key=value` and `key@=file` from the command line. */
import { readFile, stat } from "node:fs/promises";
import { CliError } from "../errors.ts";

export interface Parameter {
  key: string;
  value: string | Buffer;
}

/** @throws CliError when an argument has neither `=` nor `@=`, or its file cannot be read */
export async function parseParameters(args: readonly string[]): Promise<Parameter[]> {
  return Promise.all(args.map(parseOne));
}

async function parseOne(argument: string): Promise<Parameter> {
  const split = splitParameter(argument);
  if (split === undefined) throw new CliError(`${argument} is not of the form key=value or key@=file`, { exitCode: 1 });
  const { key, isFile, value } = split;
  return { key, value: isFile ? await contentOf(value, argument) : value };
}

/** The first `=` decides; an `@` right before it makes the value a file's name. */
export function splitParameter(argument: string): { key: string; isFile: boolean; value: string } | undefined {
  const at = argument.indexOf("=");
  if (at < 0) return undefined;
  const isFile = argument[at - 1] === "@";
  return { key: argument.slice(0, isFile ? at - 1 : at), isFile, value: argument.slice(at + 1) };
}

async function contentOf(path: string, argument: string): Promise<Buffer> {
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError(`${argument}: the file ${path} cannot be read (${cause.code})`, { cause });
  });
}

export const isExistingFile = async (path: string): Promise<boolean> =>
  stat(path).then(
    (it) => it.isFile(),
    () => false,
  );
