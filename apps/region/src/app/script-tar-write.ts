/** The archive itself: its members, and what the index says of a script. */
import type { ParameterValues } from "@rackwright/domain/scripts/parameters";
import { type Script, scriptType } from "@rackwright/domain/scripts/script";
import { pack } from "tar-stream";

export interface TarMember {
  name: string;
  content: string | Uint8Array;
  mode: number;
}

export interface ScriptMember {
  script: Script;
  content: Uint8Array;
}

const directoryOf: Record<number, string> = Object.fromEntries(
  Object.entries(scriptType).map(([name, code]) => [code, name]),
);

export function pathOf(script: Pick<Script, "type" | "name">): string {
  return `${directoryOf[script.type] ?? "commissioning"}/${script.name}`;
}

/** Each script once, however many results it has. */
export function scriptMembers(scripts: readonly ScriptMember[]): TarMember[] {
  const byPath = new Map(scripts.map((s) => [pathOf(s.script), s.content]));
  return [...byPath].map(([name, content]) => ({ name, content, mode: 0o755 }));
}

/** What the index says of every script, known machine or not. */
export function indexEntry(script: Script, versionId: number | null, parameters: ParameterValues): object {
  return {
    name: script.name,
    path: pathOf(script),
    script_version_id: versionId,
    timeout_seconds: script.timeoutSeconds,
    parallel: script.parallel,
    hardware_type: script.hardwareType,
    parameters,
    packages: script.packages,
    for_hardware: script.forHardware,
    apply_configured_networking: script.applyConfiguredNetworking,
  };
}

/** A plain tar: what carries it compresses. */
export async function writeTar(members: readonly TarMember[], at: Date): Promise<Buffer> {
  const archive = pack();
  for (const { name, content, mode } of members)
    archive.entry({ name, mode, mtime: at }, typeof content === "string" ? content : Buffer.from(content));
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
