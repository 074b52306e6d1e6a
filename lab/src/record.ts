/** `lab.json`: what a lab has started, written as it is started, so that another process can remove all of it. */
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bootId, processId, type ProcessId } from "./processes.ts";

export interface RecordedProcess extends ProcessId {
  /** For people: "node1: qemu". */
  what: string;
}

export interface LabRecord {
  version: 1;
  /** Host boot in which all of this was started. */
  bootId: string;
  /** The lab process itself. */
  owner: ProcessId;
  netns: string;
  /** Directory of the sockets: short, since a socket's path has room for 107 bytes only (unix(7)). */
  runDir: string;
  processes: RecordedProcess[];
}

export const recordPath = (dir: string): string => join(dir, "lab.json");

/** What the last lab in `dir` left recorded; undefined when it was stopped in order. */
export function readRecord(dir: string): LabRecord | undefined {
  const path = recordPath(dir);
  if (!existsSync(path)) return undefined;
  const record = JSON.parse(readFileSync(path, "utf8")) as LabRecord;
  if (record.version !== 1)
    throw new Error(`${path} was written by another version of the lab: clean it with that one`);
  return record;
}

/** The record of the running lab. Every change is on disk when the method returns. */
export class Recorder {
  readonly record: LabRecord;
  readonly #path: string;

  constructor(dir: string, names: { netns: string; runDir: string }) {
    const owner = processId(process.pid);
    if (!owner) throw new Error("cannot read /proc/self/stat: the lab needs /proc mounted");
    mkdirSync(dir, { recursive: true });
    this.#path = recordPath(dir);
    this.record = { version: 1, bootId: bootId(), owner, ...names, processes: [] };
    // A link is made whole or not at all, and never over another: of two labs that start here at once, one fails.
    const draft = `${this.#path}.${owner.pid}`;
    writeFileSync(draft, this.#text());
    try {
      linkSync(draft, this.#path);
    } finally {
      rmSync(draft);
    }
  }

  /** Undefined when the process has ended already: then there is nothing to record. */
  add(what: string, pid: number): RecordedProcess | undefined {
    const id = processId(pid);
    if (!id) return undefined;
    const entry = { what, ...id };
    this.record.processes.push(entry);
    this.#write();
    return entry;
  }

  remove(entry: RecordedProcess | undefined): void {
    if (!entry) return;
    this.record.processes = this.record.processes.filter((other) => other !== entry);
    if (existsSync(this.#path)) this.#write();
  }

  #write(): void {
    writeFileSync(`${this.#path}.new`, this.#text());
    renameSync(`${this.#path}.new`, this.#path);
  }

  #text(): string {
    return `${JSON.stringify(this.record, undefined, 2)}\n`;
  }
}

export const removeRecord = (dir: string): void => rmSync(recordPath(dir), { force: true });
