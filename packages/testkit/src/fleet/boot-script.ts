/** What an iPXE script makes a machine do: as much of the language as racks and regions use. */

export type Boot =
  | { do: "kernel"; kernel: string; initrd: string; arguments: string[] }
  /** Its own disk is next; UEFI fetches a loader first. */
  | { do: "disk"; loader: string | undefined }
  | { do: "chain"; url: string; afterSeconds: number }
  | { do: "again"; afterSeconds: number; why: string };

/** @throws Error for a script that no loader would take */
export function readBootScript(text: string): Boot {
  const lines = text.split("\n").map((line) => line.trim());
  if (lines[0] !== "#!ipxe")
    throw new Error(`this is no iPXE script: it begins with ${JSON.stringify(lines[0]?.slice(0, 40))}`);
  let said = "";
  let slept = 0;
  let kernel: { url: string; arguments: string[] } | undefined;
  for (const line of lines.slice(1)) {
    const [word = "", ...rest] = commandOf(line)
      .split(" ")
      .filter((part) => part !== "");
    if (word.startsWith(":")) {
      if (word === ":efi" || word === ":ask") continue;
      break; // what follows is for failures
    }
    switch (word) {
      case "echo":
        said = rest.join(" ");
        break;
      case "sleep":
        slept += Number(rest[0] ?? 0);
        break;
      case "kernel":
        kernel = { url: rest[0] ?? "", arguments: rest.slice(1) };
        break;
      case "initrd":
        if (!kernel) throw new Error("the iPXE script has an initrd before its kernel");
        return { do: "kernel", kernel: kernel.url, initrd: rest.at(-1) ?? "", arguments: kernel.arguments };
      case "exit":
        return { do: "disk", loader: loaderIn(lines) };
      case "reboot":
        return { do: "again", afterSeconds: slept, why: said };
      case "chain":
        return { do: "chain", url: rest.find((part) => !part.startsWith("--")) ?? "", afterSeconds: slept };
      default:
    }
  }
  throw new Error("the iPXE script boots nothing");
}

/** Without what happens when it fails. */
const commandOf = (line: string): string => line.split(" || ", 1)[0] ?? "";

const loaderIn = (lines: readonly string[]): string | undefined =>
  lines.map((line) => /^chain (\S+localboot\S*)/.exec(line)?.[1]).find((url) => url !== undefined);

/** Value of the first `name=` among kernel arguments. */
export function argument(all: readonly string[], name: string): string | undefined {
  return all.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** What iPXE writes for `${mac:hexhyp}` and its like. */
export function expand(url: string, values: Record<string, string>): string {
  return url.replace(/\$\{(\w+)(?::\w+)?\}/g, (_, name: string) => values[name] ?? "");
}
