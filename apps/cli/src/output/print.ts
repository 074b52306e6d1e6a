/** A reply in the form that was asked for: the same data, for people or for other programs. */
import type { OutputFormat } from "../action-arguments.ts";
import type { ApiReply } from "../api/http.ts";
import { mediaType, printReply } from "../api/reply.ts";
import type { Shell } from "../shell.ts";

export interface Format {
  format: OutputFormat;
  columns: readonly string[] | undefined;
  /** Command word: machines and their like have columns of their own. */
  resource: string;
}

/** Errors, and what is no JSON, are printed as without a format. @returns the exit code */
export async function printFormatted(reply: ApiReply, how: Format, shell: Shell): Promise<number> {
  const isSuccess = reply.status >= 200 && reply.status < 300;
  const parsed = isSuccess && mediaType(reply) === "application/json" ? parse(reply.body) : undefined;
  if (parsed === undefined) return printReply(reply, { ...shell, isTerminal: shell.isTerminal && !isSuccess });
  await shell.out(await render(parsed.value, how, shell));
  return 0;
}

async function render(value: unknown, { format, columns, resource }: Format, shell: Shell): Promise<string> {
  if (format === "json") return `${JSON.stringify(value, null, 2)}\n`;
  if (format === "yaml") return (await import("./yaml.ts")).toYaml(value);
  const { toTable } = await import("./table.ts");
  return toTable(value, { columns, resource, width: shell.isTerminal ? shell.columns : undefined });
}

function parse(body: Buffer): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(body.toString("utf8")) as unknown };
  } catch {
    return undefined;
  }
}
