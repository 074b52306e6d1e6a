/** Outputs of a run as files (reference: scripts.md section 14). */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { resultType } from "@rackwright/domain/scripts/status";
import type { Ctx } from "../context.ts";
import { type ResultFilter, type ResultShown, resultSet, type SetShown } from "./script-result-list.ts";
import { writeTar } from "./script-tar-write.ts";

export type OutputKind = "combined" | "stdout" | "stderr" | "result" | "all";

interface OutputFile {
  /** Name as a heading shows it, and as a file in the archive. */
  title: string;
  fileName: string;
  bytes: Uint8Array;
  isBinary: boolean;
}

/** Names of scripts whose output is an archive: their bytes make no text. */
const binaryName = /\.tar(\..+)?$/;

const kinds = [
  { kind: "combined", stream: "output", suffix: "" },
  { kind: "stdout", stream: "stdout", suffix: ".out" },
  { kind: "stderr", stream: "stderr", suffix: ".err" },
  { kind: "result", stream: "result", suffix: ".yaml" },
] as const;

function filesOf({ view, outputs }: ResultShown, output: OutputKind): OutputFile[] {
  if (!outputs) return [];
  const isBinary = binaryName.test(view.name);
  const wanted = isBinary ? kinds.slice(0, 1) : kinds.filter((k) => output === "all" || k.kind === output);
  const { diskName, interfaceName } = view;
  const heading = diskName ? ` - /dev/${diskName}` : interfaceName ? ` - ${interfaceName}` : "";
  const device = (diskName ?? interfaceName) === null ? "" : `-${diskName ?? interfaceName}`;
  return wanted.map(({ stream, suffix }) => ({
    title: `${view.name}${suffix}${heading}`,
    fileName: `${view.name}${suffix}${device}`,
    bytes: outputs[stream],
    isBinary,
  }));
}

const WIDTH = 80;

/** One file as it is; several under headings. */
export function asText(files: readonly OutputFile[]): Uint8Array {
  const [first] = files;
  if (files.length === 1 && first) return first.bytes;
  return Buffer.concat(
    files.flatMap((file) => {
      const dashes = "-".repeat(Math.max(0, Math.floor((WIDTH - (2 + file.title.length)) / 2)));
      const bytes = file.isBinary ? Buffer.from("Binary file") : file.bytes;
      return [Buffer.from(`${dashes} ${file.title} ${dashes}\n`), bytes, Buffer.from("\n")];
    }),
  );
}

const typeWords = Object.fromEntries(Object.entries(resultType).map(([name, code]) => [code, name]));

/** A script may be called /tmp/install.log, or by its machine ../../x: in the archive it lies below the root all the same. */
function insideName(name: string): string {
  const parts = name.replace(/\p{Cc}/gu, "_").split("/");
  return parts
    .filter((part) => part !== "" && part !== ".")
    .map((part) => (part === ".." ? "_" : part))
    .join("/");
}

async function asArchive(set: SetShown, files: readonly OutputFile[], at: Date): Promise<Buffer> {
  const root = `${set.hostname}-${typeWords[set.type] ?? "results"}-${set.id}`;
  const members = files.map((file) => ({
    name: `${root}/${insideName(file.fileName)}`,
    content: file.bytes,
    mode: 0o644,
  }));
  return xz(await writeTar(members, at));
}

/** @throws Error with what xz said */
async function xz(bytes: Buffer): Promise<Buffer> {
  const child = spawn("xz", ["--compress", "--stdout", "-3"], { stdio: ["pipe", "pipe", "pipe"] });
  const errors = text(child.stderr);
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  // A child that dies early breaks the pipe; its exit code says the rest.
  child.stdin.on("error", () => undefined);
  child.stdin.end(bytes);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`xz ended with ${code} over ${bytes.length} bytes: ${(await errors).trim()}`);
  return Buffer.concat(chunks);
}

export interface Download {
  bytes: Uint8Array;
  isArchive: boolean;
}

export async function downloadResults(
  ctx: Ctx,
  systemId: string,
  which: string,
  filter: ResultFilter,
  output: OutputKind,
  fileType: "txt" | "tar.xz",
): Promise<Download> {
  const set = await resultSet(ctx, systemId, which, filter, true);
  const files = set.results.flatMap((result) => filesOf(result, output));
  return fileType === "txt"
    ? { bytes: asText(files), isArchive: false }
    : { bytes: await asArchive(set, files, ctx.region.now()), isArchive: true };
}
