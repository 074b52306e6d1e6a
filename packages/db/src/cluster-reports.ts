/** What workers of clusters report by API 1.0: images, downloads, leases. */
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

type Db = Kysely<Schema>;

export interface ImageFields {
  osystem: string;
  architecture: string;
  subarchitecture: string;
  release: string;
  purpose: string;
  label: string;
  supported_subarches: string;
}

export interface ClusterImage extends ImageFields {
  id: number;
}

export function clusterImages(db: Db, rackId: number): Promise<ClusterImage[]> {
  return db
    .selectFrom("cluster_boot_image")
    .select(["id", "osystem", "architecture", "subarchitecture", "release", "purpose", "label", "supported_subarches"])
    .where("rack_id", "=", rackId)
    .orderBy("id")
    .execute();
}

/** Just these from now on; those that stay keep their ids. */
export async function replaceClusterImages(tx: Tx, rackId: number, images: readonly ImageFields[]): Promise<void> {
  const given = JSON.stringify(images);
  const columns = sql.raw("osystem, architecture, subarchitecture, release, purpose, label");
  const records = sql`json_to_recordset(${given}::json) as g(osystem text, architecture text, subarchitecture text, release text,
    purpose text, label text, supported_subarches text)`;
  await sql`
    delete from cluster_boot_image where rack_id = ${rackId}
      and (${columns}) not in (select ${columns} from ${records})`.execute(tx);
  await sql`
    insert into cluster_boot_image (rack_id, ${columns}, supported_subarches)
    select distinct on (${columns}) ${rackId}::bigint, ${columns}, supported_subarches from ${records}
    on conflict (rack_id, ${columns}) do update set supported_subarches = excluded.supported_subarches`.execute(tx);
}

export interface Download {
  id: number;
  size: number | null;
  bytesDownloaded: number | null;
  error: string;
}

/** The newest one of a name, held. */
export function lockDownload(tx: Tx, rackId: number, filename: string): Promise<Download | undefined> {
  return tx
    .selectFrom("cluster_download")
    .select(["id", "size_bytes as size", "bytes_downloaded as bytesDownloaded", "error"])
    .where("rack_id", "=", rackId)
    .where("filename", "=", filename)
    .orderBy("id", "desc")
    .limit(1)
    .forUpdate()
    .executeTakeFirst();
}

export async function insertDownload(
  tx: Tx,
  rackId: number,
  filename: string,
  progress: Omit<Download, "id">,
  at: Date,
): Promise<void> {
  await tx
    .insertInto("cluster_download")
    .values({ rack_id: rackId, filename, ...columns(progress), created_at: at, updated_at: at })
    .execute();
}

export async function updateDownload(tx: Tx, id: number, progress: Omit<Download, "id">, at: Date): Promise<void> {
  await tx
    .updateTable("cluster_download")
    .set({ ...columns(progress), updated_at: at })
    .where("id", "=", id)
    .execute();
}

const columns = ({ size, bytesDownloaded, error }: Omit<Download, "id">) => ({
  size_bytes: size,
  bytes_downloaded: bytesDownloaded,
  error,
});

/** Older ones of a cluster go: nobody looks at a thousand. */
export async function dropOldDownloads(tx: Tx, rackId: number, keep: number): Promise<void> {
  await sql`
    delete from cluster_download where rack_id = ${rackId} and id not in (
      select id from cluster_download where rack_id = ${rackId} order by id desc limit ${keep})`.execute(tx);
}

export interface Lease {
  ip: string;
  mac: string;
}

/** Just these from now on. @returns those that are over, and those that are new */
export async function replaceLeases(
  tx: Tx,
  rackId: number,
  leases: readonly Lease[],
): Promise<{ over: Lease[]; fresh: Lease[] }> {
  const given = JSON.stringify(leases);
  const records = sql`json_to_recordset(${given}::json) as g(ip inet, mac macaddr)`;
  const over = await sql<Lease>`
    delete from cluster_lease l where l.rack_id = ${rackId}
      and not exists (select from ${records} where g.ip = l.ip and g.mac = l.mac)
    returning host(l.ip) as ip, l.mac::text as mac`.execute(tx);
  const fresh = await sql<Lease>`
    insert into cluster_lease (rack_id, ip, mac) select ${rackId}::bigint, g.ip, g.mac from ${records}
    on conflict do nothing returning host(ip) as ip, mac::text as mac`.execute(tx);
  return { over: over.rows, fresh: fresh.rows };
}
