/** The scripts' archive: which scripts are to run, in which order. */
import { Readable } from "node:stream";
import { extract } from "tar-stream";

export type Stage = "commissioning" | "testing" | "release";

export interface Row {
  stage: Stage;
  name: string;
  resultId: number | null;
  versionId: number | null;
  serial: boolean;
  hasPackages: boolean;
  appliesNetworking: boolean;
  /** 0: without limit. */
  timeoutSeconds: number;
  /** As the script declares them, each with its value. */
  parameters: Record<string, { type?: string; value?: unknown }>;
  /** Built in and tagged deploy-info: systems in use run it too. */
  onlyLooks: boolean;
  hasStarted: boolean;
  hasFinished: boolean;
  /** Where to send what it prints while it runs; null: the region takes that at the end only. */
  livePath: string | null;
}

interface Entry {
  name: string;
  path: string;
  script_result_id?: number | null;
  script_version_id?: number | null;
  parallel?: number;
  packages?: object;
  apply_configured_networking?: boolean;
  timeout_seconds?: number;
  parameters?: Row["parameters"];
  default?: boolean;
  tags?: string[];
  has_started?: boolean;
  has_finished?: boolean;
}

/** Rows of an archive, each with its script in it. @throws Error for an archive that a machine could not use */
export async function readArchive(bytes: Buffer): Promise<Row[]> {
  const files = new Map<string, Buffer>();
  const archive = extract();
  Readable.from([bytes]).pipe(archive);
  for await (const entry of archive) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    files.set(entry.header.name, Buffer.concat(chunks));
  }
  const index = files.get("index.json");
  if (!index) throw new Error(`the archive has no index.json among its ${files.size} files`);
  const parsed = JSON.parse(index.toString("utf8")) as {
    "1.0"?: Record<string, Entry[] | undefined>;
    rackwright?: { live_output?: { path: string } };
  };
  const sections = parsed["1.0"];
  const livePath = parsed.rackwright?.live_output?.path ?? null;
  if (!sections) throw new Error("index.json is not of version 1.0");
  return (["commissioning", "testing", "release"] as const).flatMap((stage) =>
    (sections[`${stage}_scripts`] ?? []).map((entry) => {
      if (!files.has(entry.path)) throw new Error(`index.json names ${entry.path}, which is not in the archive`);
      return rowOf(stage, entry, livePath);
    }),
  );
}

const rowOf = (stage: Stage, entry: Entry, livePath: string | null): Row => ({
  stage,
  name: entry.name,
  resultId: entry.script_result_id ?? null,
  versionId: entry.script_version_id ?? null,
  serial: (entry.parallel ?? 0) === 0,
  hasPackages: Object.keys(entry.packages ?? {}).length > 0,
  appliesNetworking: entry.apply_configured_networking ?? false,
  timeoutSeconds: entry.timeout_seconds ?? 0,
  parameters: entry.parameters ?? {},
  onlyLooks: stage === "commissioning" && entry.default === true && (entry.tags ?? []).includes("deploy-info"),
  hasStarted: entry.has_started ?? false,
  hasFinished: entry.has_finished ?? false,
  livePath: entry.script_result_id == null ? null : livePath,
});

export const keyOf = (row: Row): string => JSON.stringify([row.stage, row.name, row.resultId]);

/** Serial ones one by one in the order of their names, then all others at once. */
export function batches(rows: readonly Row[]): Row[][] {
  const ordered = [...rows].sort((a, b) =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : (a.resultId ?? 0) - (b.resultId ?? 0),
  );
  const others = ordered.filter((row) => !row.serial);
  return [...ordered.filter((row) => row.serial).map((row) => [row]), ...(others.length > 0 ? [others] : [])];
}
