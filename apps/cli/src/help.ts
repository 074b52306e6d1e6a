/** Help texts in one shape at every level: usage, what it is, the options, and the words that may come next. */

export interface Entry {
  name: string;
  text: string;
  /** All that it may be, where that is known. */
  choices?: readonly string[];
}

export interface Help {
  usage: string;
  title: string;
  positionals?: readonly Entry[];
  body?: string;
  options?: readonly Entry[];
  commands?: readonly Entry[];
}

const helpOption: Entry = { name: "-h, --help", text: "show this help message and exit" };

export function renderHelp(help: Help): string {
  const parts = [
    `usage: ${help.usage}`,
    help.title,
    section("positional arguments:", help.positionals ?? [], 2),
    help.body ?? "",
    section("optional arguments:", [helpOption, ...(help.options ?? [])], 2),
    section("drill down:", help.commands ?? [], 4),
  ];
  return `${parts.filter((part) => part.trim() !== "").join("\n\n")}\n`;
}

/** One line per entry, so that a list of commands can be searched and counted. */
function section(heading: string, entries: readonly Entry[], indent: number): string {
  if (entries.length === 0) return "";
  const lines = entries.map(({ name, text }) => `${" ".repeat(indent)}${name.padEnd(22 - indent)}  ${text}`.trimEnd());
  return [heading, ...lines].join("\n");
}
