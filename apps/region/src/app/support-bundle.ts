/** All that helps to help with one machine, in one archive, without secrets. */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { outputsOf, resultViews } from "@rackwright/db/script-result-views";
import { scrubText, scrubValue } from "@rackwright/domain/recorder/scrub";
import { scriptStatusLabel } from "@rackwright/domain/scripts/status";
import type { Ctx } from "../context.ts";
import { diagnoseMachine } from "./diagnosis.ts";
import { machineSecrets } from "./machine-secrets.ts";
import { machineTimeline } from "./timeline.ts";
import { type TarMember, writeTar } from "./script-tar-write.ts";

/** The newest items of a timeline; each page is one look. */
const TIMELINE = { items: 5000, page: 1000 };
/** Of each output the end is kept: that is where it went wrong. */
const OUTPUT_BYTES = 2 << 20;

/** What the caller's own API says of the machine, and how a row of the timeline is shown: encoders live above. */
export interface BundleShapes {
  machine: unknown;
  diagnosis: (d: Awaited<ReturnType<typeof diagnoseMachine>>) => unknown;
  item: (row: Awaited<ReturnType<typeof machineTimeline>>["rows"][number]) => unknown;
}

/** @returns a tar.gz. @throws DomainError not_found, forbidden */
export async function supportBundle(
  ctx: Ctx,
  systemId: string,
  shapes: BundleShapes,
): Promise<{ name: string; bytes: Buffer }> {
  const { region } = ctx;
  const diagnosis = await diagnoseMachine(ctx, systemId);
  const { machine, row } = diagnosis.loaded;
  const secrets = await machineSecrets(region, row);
  const name = `${machine.hostname}-${machine.systemId}`;
  const json = (file: string, value: unknown): TarMember => ({
    name: `${name}/${file}`,
    content: `${JSON.stringify(scrubValue(value, secrets), null, 2)}\n`,
    mode: 0o644,
  });
  const items = await wholeTimeline(ctx, systemId);
  const { results, outputs } = await resultsOf(ctx, diagnosis.loaded, secrets);
  const members: TarMember[] = [
    json("machine.json", shapes.machine),
    json("diagnosis.json", shapes.diagnosis(diagnosis)),
    json("timeline.json", items.map(shapes.item)),
    json("results.json", results),
    ...outputs.map(({ file, content }) => ({ name: `${name}/${file}`, content, mode: 0o644 })),
    json("controller.json", controllerFacts(ctx)),
  ];
  return { name: `${name}.tar.gz`, bytes: await promisify(gzip)(await writeTar(members, region.now())) };
}

async function wholeTimeline(ctx: Ctx, systemId: string) {
  let rows: Awaited<ReturnType<typeof machineTimeline>>["rows"] = [];
  let before: string | undefined;
  while (rows.length < TIMELINE.items) {
    const page = await machineTimeline(ctx, systemId, {
      limit: TIMELINE.page,
      before,
      after: undefined,
      level: undefined,
      sources: [],
    });
    rows = [...page.rows, ...rows];
    if (page.prev === null || page.rows.length < TIMELINE.page) break;
    before = page.prev;
  }
  return rows;
}

async function resultsOf(
  ctx: Ctx,
  { row }: Awaited<ReturnType<typeof diagnoseMachine>>["loaded"],
  secrets: readonly string[],
) {
  const db = ctx.region.db.kysely;
  const sets: Record<string, number | null> = {
    commissioning: row.commissioning_set_id,
    testing: row.testing_set_id,
    installation: row.installation_set_id,
    release: row.release_set_id,
  };
  const named = new Map(Object.entries(sets).flatMap(([kind, id]) => (id === null ? [] : [[id, kind] as const])));
  const views = await resultViews(db, [...named.keys()]);
  const files: { file: string; content: Buffer }[] = [];
  for (const view of views) {
    // One at a time: together they may be more than the memory is worth.
    const found = (await outputsOf(db, [view.id])).get(view.id);
    for (const kind of ["output", "stdout", "stderr", "result"] as const) {
      const bytes = found?.[kind];
      if (!bytes || bytes.length === 0) continue;
      const file = `results/${named.get(view.setId) ?? "other"}/${view.id}-${safeName(view.name)}.${kind}`;
      files.push({ file, content: scrubbed(bytes, secrets) });
    }
  }
  const results = views.map((v) => ({
    id: v.id,
    set: named.get(v.setId),
    name: v.name,
    status: scriptStatusLabel[v.status],
    exit_status: v.exitStatus,
    disk: v.diskName,
    interface: v.interfaceName,
    started: v.startedAt,
    ended: v.endedAt,
  }));
  return { results, outputs: files };
}

/** Names are the machine's own words: no path, no leading dot. */
const safeName = (name: string): string =>
  name
    .replace(/[^A-Za-z0-9._-]+/g, "_")
    .replace(/^\.+/, "_")
    .slice(-100);

/** Bytes as Latin-1: each is one character, so that what is no UTF-8 comes through as it was. */
function scrubbed(bytes: Uint8Array, secrets: readonly string[]): Buffer {
  const end = bytes.subarray(Math.max(0, bytes.length - OUTPUT_BYTES));
  const asBytes = (text: string) => Buffer.from(text, "utf8").toString("latin1");
  return Buffer.from(scrubText(Buffer.from(end).toString("latin1"), secrets.map(asBytes)), "latin1");
}

function controllerFacts({ region }: Ctx): unknown {
  return {
    version: region.version,
    at: region.now().toISOString(),
    racks: region.racks.connected().map(({ systemId, hostname, connectedAt, interfaces }) => ({
      system_id: systemId,
      hostname,
      connected_at: connectedAt.toISOString(),
      interfaces,
    })),
    node: process.version,
    platform: `${process.platform}/${process.arch}`,
  };
}
