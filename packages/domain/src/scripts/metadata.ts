/** What a script says of itself: YAML in comments between two marker lines (reference: scripts.md section 2). */
import { LineCounter, parseDocument, isMap as isYamlMap, isScalar } from "yaml";
import { DomainError, invalidField } from "../errors.ts";
import { isUnicode, NOT_UNICODE } from "../unicode.ts";
import {
  checkFlag,
  checkForHardware,
  checkHardwareType,
  checkName,
  checkPackages,
  checkParallel,
  checkResults,
  checkTags,
  checkText,
  checkTimeout,
  checkTitle,
  checkType,
} from "./fields.ts";
import { checkParameters } from "./parameter-definitions.ts";
import type { Script } from "./script.ts";

/** Fields that a script states; the others are not there. */
export type Metadata = Partial<Omit<Script, "id" | "builtin">>;

/** Each key as it may stand in the block, and the field that it makes. */
const readers: Record<string, (value: unknown) => Metadata> = {
  name: (v) => ({ name: checkName(checkText("name", v)) }),
  title: (v) => ({ title: checkTitle(checkText("title", v)) }),
  description: (v) => ({ description: checkText("description", v) }),
  tags: (v) => ({ tags: checkTags(v) }),
  type: (v) => ({ type: checkType(v) }),
  script_type: (v) => ({ type: checkType(v) }),
  hardware_type: (v) => ({ hardwareType: checkHardwareType(v) }),
  parallel: (v) => ({ parallel: checkParallel(v) }),
  results: (v) => ({ results: checkResults(v) }),
  parameters: (v) => ({ parameters: checkParameters(v) }),
  packages: (v) => ({ packages: checkPackages(v) }),
  timeout: (v) => ({ timeoutSeconds: checkTimeout(v) }),
  destructive: (v) => ({ destructive: checkFlag("destructive", v) }),
  for_hardware: (v) => ({ forHardware: checkForHardware(v) }),
  may_reboot: (v) => ({ mayReboot: checkFlag("may_reboot", v) }),
  recommission: (v) => ({ recommission: checkFlag("recommission", v) }),
  apply_configured_networking: (v) => ({
    applyConfiguredNetworking: checkFlag("apply_configured_networking", v),
  }),
};

const marker = (word: string) =>
  new RegExp(`^ ?#\\s*-+\\s*${word}\\s+MAAS\\s+(\\d+\\.\\d+)\\s+script\\s+metadata\\s+-+`, "i");
const START = marker("Start");
const END = marker("End");
const VERSION = "1.0";
const MAX_ALIASES = 20;
/** Parsing what is not meant well costs time by the square of it. */
const MOST_CHARACTERS = 32 * 1024;

/**
 * The metadata of a script; empty when it has none, or of a version that we do not read.
 * @throws DomainError on the field that is wrong, naming its line in the script
 */
export function readMetadata(text: string): Metadata {
  const block = findBlock(text.split(/\r?\n/));
  if (!block) return {};
  if (block.yaml.length > MOST_CHARACTERS)
    throw invalidField("script", `Line ${block.firstLine}: metadata have at most ${MOST_CHARACTERS} characters.`);
  const counter = new LineCounter();
  const document = parseDocument(block.yaml, { lineCounter: counter, prettyErrors: false });
  const lineAt = (offset: number) => block.firstLine + counter.linePos(offset).line - 1;
  const [error] = document.errors;
  if (error) throw invalidField("script", `Line ${lineAt(error.pos[0])}: the metadata is no YAML: ${error.message}`);
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return {};
  if (!isYamlMap(root)) throw invalidField("script", `Line ${block.firstLine}: the metadata is no map of fields.`);
  const metadata: Metadata = {};
  for (const { key, value } of root.items) {
    const name = isScalar(key) ? String(key.value) : "";
    const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (!read) continue;
    const line = lineAt(key.range[0]);
    Object.assign(
      metadata,
      onLine(line, () => {
        const given: unknown = value?.toJS(document, { maxAliasCount: MAX_ALIASES }) ?? null;
        if (!isUnicode(given)) throw invalidField(name, NOT_UNICODE);
        return read(given);
      }),
    );
  }
  return metadata;
}

function onLine<T>(line: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof DomainError && error.fields) {
      const [[field, messages] = ["script", [error.message]]] = Object.entries(error.fields);
      throw invalidField(field, `Line ${line}: ${messages[0] ?? ""}`);
    }
    if (error instanceof ReferenceError) throw invalidField("script", `Line ${line}: ${error.message}`);
    throw error;
  }
}

interface Block {
  yaml: string;
  /** Number of its first line in the script, counted from 1. */
  firstLine: number;
}

function findBlock(lines: readonly string[]): Block | undefined {
  const start = lines.findIndex((line) => START.exec(line)?.[1] === VERSION);
  if (start === -1) return undefined;
  const length = lines.slice(start + 1).findIndex((line) => END.test(line));
  if (length === -1)
    throw invalidField(
      "script",
      `Line ${start + 1} begins metadata that do not end: add "# --- End MAAS ${VERSION} script metadata ---" after them.`,
    );
  const yaml = lines.slice(start + 1, start + 1 + length).map((line, i) => {
    if (line.trim() === "") return "";
    const hash = line.indexOf("#");
    if (hash === -1) throw invalidField("script", `Line ${start + 2 + i}: every line of the metadata begins with "#".`);
    return line.slice(hash + 1);
  });
  return { yaml: yaml.join("\n"), firstLine: start + 2 };
}
