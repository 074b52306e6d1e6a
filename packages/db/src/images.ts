/** Boot resources (images), their sets (versions) and files. */
import { kernelOf } from "@rackwright/domain/deploy/kernels";
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

/** Codes of `boot_resource.rtype`. */
export const SYNCED = 0;
export const UPLOADED = 2;

export interface ImageFileRow {
  id: number;
  setId: number;
  filename: string;
  filetype: string;
  sha256: string;
  sizeBytes: number;
  receivedBytes: number;
  complete: boolean;
}

export interface ImageSetRow {
  id: number;
  resourceId: number;
  version: string;
  label: string;
  files: ImageFileRow[];
}

export interface ImageRow {
  id: number;
  rtype: number;
  name: string;
  architecture: string;
  title: string;
  baseImage: string;
  kflavor: string | null;
  extra: Record<string, unknown>;
  lastDeployed: Date | null;
  /** Newest first. */
  sets: ImageSetRow[];
}

/** All images of a kind, or one by its id, with their sets and files: three statements however many there are. */
export async function readImages(
  db: Kysely<Schema>,
  filter: { rtype?: number; id?: number; name?: string } = {},
): Promise<ImageRow[]> {
  let query = db
    .selectFrom("boot_resource")
    .select([
      "id",
      "rtype",
      "name",
      "architecture",
      "title",
      "base_image as baseImage",
      "kflavor",
      "extra",
      "last_deployed as lastDeployed",
    ])
    .orderBy("id");
  if (filter.rtype !== undefined) query = query.where("rtype", "=", filter.rtype);
  if (filter.id !== undefined) query = query.where("id", "=", filter.id);
  if (filter.name !== undefined) query = query.where("name", "=", filter.name);
  const images = (await query.execute()).map(
    (row): ImageRow => ({
      ...row,
      extra: row.extra as Record<string, unknown>,
      sets: [],
    }),
  );
  const sets = await db
    .selectFrom("boot_resource_set")
    .select(["id", "resource_id as resourceId", "version", "label"])
    .where("resource_id", "=", sql<number>`any(${images.map(({ id }) => id)}::bigint[])`)
    .execute();
  const files = await db
    .selectFrom("boot_resource_file")
    .select([
      "id",
      "set_id as setId",
      "filename",
      "filetype",
      "sha256",
      "size_bytes as sizeBytes",
      "received_bytes as receivedBytes",
      "complete",
    ])
    .where("set_id", "=", sql<number>`any(${sets.map(({ id }) => id)}::bigint[])`)
    .orderBy("filename")
    .execute();
  const byImage = new Map(images.map((image) => [image.id, image]));
  const bySet = new Map(sets.map((set): [number, ImageSetRow] => [set.id, { ...set, files: [] }]));
  for (const file of files) bySet.get(file.setId)?.files.push(file);
  for (const set of bySet.values()) byImage.get(set.resourceId)?.sets.push(set);
  for (const image of images) image.sets.sort((a, b) => compareVersions(b.version, a.version));
  return images;
}

/** `20260131` before `20260131.2` before `20260131.10`. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [a, b].map((version) => version.split(".").map(Number));
  for (let i = 0; i < Math.max(x?.length ?? 0, y?.length ?? 0); i++) {
    const difference = (x?.[i] ?? 0) - (y?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export const isComplete = (set: ImageSetRow): boolean =>
  set.files.length > 0 && set.files.every((file) => file.complete);

export interface NewImage {
  rtype: number;
  name: string;
  architecture: string;
  title: string;
  baseImage: string;
  kflavor: string | null;
  extra: Record<string, unknown>;
}

/** Find the image by name, architecture and kernel flavour, or make it; title and the like become those given. Locked. */
export async function upsertImage(tx: Tx, image: NewImage): Promise<number> {
  // No unique index stands behind this: two that import at once take turns.
  await sql`select pg_advisory_xact_lock(hashtextextended(${`image ${image.name} ${image.architecture}`}, 0))`.execute(
    tx,
  );
  const columns = {
    title: image.title,
    base_image: image.baseImage,
    // A generated jsonb column has no type for what is written.
    extra: sql<never>`${JSON.stringify(image.extra)}::jsonb`,
  };
  const found = await tx
    .updateTable("boot_resource")
    .set(columns)
    .where("rtype", "=", image.rtype)
    .where("name", "=", image.name)
    .where("architecture", "=", image.architecture)
    .where("kflavor", "is not distinct from", image.kflavor)
    .returning("id")
    .executeTakeFirst();
  if (found) return found.id;
  const made = await tx
    .insertInto("boot_resource")
    .values({
      ...columns,
      rtype: image.rtype,
      name: image.name,
      architecture: image.architecture,
      kflavor: image.kflavor,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return made.id;
}

export interface NewImageFile {
  filename: string;
  filetype: string;
  sha256: string;
  sizeBytes: number;
  complete: boolean;
  /** What is to be remembered with it; not shown. */
  extra?: Record<string, unknown>;
}

/** A set with just these files; one of this version that is there is replaced. @returns ids of the files, in their order */
export async function putImageSet(
  tx: Tx,
  resourceId: number,
  set: { version: string; label: string; files: readonly NewImageFile[] },
): Promise<number[]> {
  await tx
    .deleteFrom("boot_resource_set")
    .where("resource_id", "=", resourceId)
    .where("version", "=", set.version)
    .execute();
  const { id } = await tx
    .insertInto("boot_resource_set")
    .values({ resource_id: resourceId, version: set.version, label: set.label })
    .returning("id")
    .executeTakeFirstOrThrow();
  const rows = await tx
    .insertInto("boot_resource_file")
    .values(
      set.files.map((file) => ({
        set_id: id,
        filename: file.filename,
        filetype: file.filetype,
        sha256: file.sha256,
        size_bytes: file.sizeBytes,
        received_bytes: file.complete ? file.sizeBytes : 0,
        complete: file.complete,
        extra: sql<never>`${JSON.stringify(file.extra ?? {})}::jsonb`,
      })),
    )
    .returning("id")
    .execute();
  return rows.map((row) => row.id);
}

export async function deleteImageSets(tx: Tx, setIds: readonly number[]): Promise<void> {
  await tx.deleteFrom("boot_resource_set").where("id", "=", sql<number>`any(${setIds}::bigint[])`).execute();
}

/** @returns its name; undefined when it was not there */
export async function deleteImage(tx: Tx, id: number): Promise<string | undefined> {
  const row = await tx.deleteFrom("boot_resource").where("id", "=", id).returning("name").executeTakeFirst();
  return row?.name;
}

export interface UploadRow extends ImageFileRow {
  rtype: number;
  extra: Record<string, unknown>;
}

export async function readUpload(
  db: Kysely<Schema>,
  resourceId: number,
  fileId: number,
): Promise<UploadRow | undefined> {
  const row = await db
    .selectFrom("boot_resource_file as f")
    .innerJoin("boot_resource_set as s", "s.id", "f.set_id")
    .innerJoin("boot_resource as r", "r.id", "s.resource_id")
    .select([
      "r.rtype",
      "f.id",
      "f.set_id as setId",
      "f.filename",
      "f.filetype",
      "f.sha256",
      "f.size_bytes as sizeBytes",
      "f.received_bytes as receivedBytes",
      "f.complete",
      "f.extra",
    ])
    .where("r.id", "=", resourceId)
    .where("f.id", "=", fileId)
    .executeTakeFirst();
  return row;
}

export async function storeUploadProgress(
  tx: Tx,
  fileId: number,
  progress: { receivedBytes: number; complete: boolean },
): Promise<void> {
  await tx
    .updateTable("boot_resource_file")
    .set({ received_bytes: progress.receivedBytes, complete: progress.complete })
    .where("id", "=", fileId)
    .execute();
}

/** Size by which a content is known already; undefined when it is not. */
export async function knownSize(
  db: Kysely<Schema>,
  sha256: string,
): Promise<{ sizeBytes: number; complete: boolean } | undefined> {
  return db
    .selectFrom("boot_resource_file")
    .select(["size_bytes as sizeBytes", "complete"])
    .where("sha256", "=", sha256)
    .orderBy("complete", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** Every checksum that some file row names: what the store must keep. */
export async function imageHashes(db: Kysely<Schema>): Promise<Set<string>> {
  const rows = await db.selectFrom("boot_resource_file").select("sha256").distinct().execute();
  return new Set(rows.map(({ sha256 }) => sha256));
}

/** The files that machines may be sent: of every complete set, older ones too, which machines may be in the middle of. */
export async function servedFiles(db: Kysely<Schema>): Promise<{ sha256: string; sizeBytes: number }[]> {
  return db
    .selectFrom("boot_resource_file as f")
    .select(["f.sha256", "f.size_bytes as sizeBytes"])
    .distinct()
    .where("f.complete", "=", true)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom("boot_resource_file as other")
            .select("other.id")
            .whereRef("other.set_id", "=", "f.set_id")
            .where("other.complete", "=", false),
        ),
      ),
    )
    .orderBy("f.sha256")
    .execute();
}

const LAST_DEPLOYED_STEP_MS = 60_000;

/** A machine was installed from this image: `osystem/series`, or the bare name of an uploaded one. */
export async function markImageDeployed(tx: Tx, name: string, now: Date): Promise<void> {
  await tx
    .updateTable("boot_resource")
    .set({ last_deployed: now })
    .where("name", "in", [name, name.replace(/^custom\//, "")])
    // Whoever deploys a rack full of machines would have them wait for this one row.
    .where((eb) =>
      eb.or([
        eb("last_deployed", "is", null),
        eb("last_deployed", "<", new Date(now.getTime() - LAST_DEPLOYED_STEP_MS)),
      ]),
    )
    .execute();
}

export interface ImageFileRef {
  sha256: string;
  sizeBytes: number;
}

export interface BootImage {
  kernel: ImageFileRef;
  initrd: ImageFileRef;
  squashfs: ImageFileRef;
  kflavor: string | null;
}

export interface BootImageQuery {
  osystem: string;
  release: string;
  /** `amd64`, or with its subarchitecture. */
  architecture: string;
  /** To run as the ephemeral system, which an uploaded image never is, or to be installed. */
  purpose: "commissioning" | "deploy";
  /** `hwe-22.04`, of images that come with several; absent or null: any. */
  kernel?: string | null;
}

/**
 * The newest complete set of an image that can be booted and installed. Where there are several kernels, the one that drives real hardware:
 * it starts virtual machines too.
 */
export async function bootImage(db: Kysely<Schema>, want: BootImageQuery): Promise<BootImage | undefined> {
  const images = await usableImages(db, want);
  const kernel = want.kernel ?? undefined;
  return images.find((image) => kernel === undefined || kernelOf(image.architecture) === kernel)?.files;
}

/** Names of the kernels that an operating system's images bring, where they bring several. */
export async function imageKernels(db: Kysely<Schema>, want: BootImageQuery): Promise<string[]> {
  const images = await usableImages(db, want);
  return [...new Set(images.flatMap((image) => kernelOf(image.architecture) ?? []))];
}

/** What there is of a system's images, though they may be unfit to boot: their files' types. */
export async function imageFileTypes(
  db: Kysely<Schema>,
  want: Pick<BootImageQuery, "osystem" | "release" | "architecture">,
): Promise<string[]> {
  const architecture = mainArchitecture(want.architecture);
  const images = (await readImages(db, { name: nameOf(want) })).filter(
    (image) => mainArchitecture(image.architecture) === architecture,
  );
  const types = images.flatMap((image) => image.sets.flatMap((set) => set.files.map((file) => file.filetype)));
  return [...new Set(types)].sort();
}

/** Uploads without a system in their name count as `custom`. */
const nameOf = ({ osystem, release }: Pick<BootImageQuery, "osystem" | "release">): string =>
  osystem === "custom" ? release : `${osystem}/${release}`;

/** Images of the system with a complete set, the newest of each. */
async function usableImages(
  db: Kysely<Schema>,
  want: BootImageQuery,
): Promise<{ architecture: string; files: BootImage }[]> {
  const architecture = mainArchitecture(want.architecture);
  const images = await readImages(db, {
    name: nameOf(want),
    ...(want.purpose === "commissioning" ? { rtype: SYNCED } : {}),
  });
  return images
    .filter((image) => mainArchitecture(image.architecture) === architecture)
    .sort((a, b) => flavourRank(a.kflavor) - flavourRank(b.kflavor))
    .flatMap((image) => {
      for (const set of image.sets) {
        const [kernel, initrd, squashfs] = ["boot-kernel", "boot-initrd", "squashfs"].map((type) => fileOf(set, type));
        if (isComplete(set) && kernel && initrd && squashfs)
          return [{ architecture: image.architecture, files: { kernel, initrd, squashfs, kflavor: image.kflavor } }];
      }
      return [];
    });
}

export const mainArchitecture = (architecture: string): string => architecture.split("/", 1)[0] ?? "";
const flavourRank = (kflavor: string | null): number => (kflavor === null || kflavor === "generic" ? 0 : 1);

function fileOf(set: ImageSetRow, filetype: string): ImageFileRef | undefined {
  const file = set.files.find((one) => one.filetype === filetype);
  return file && { sha256: file.sha256, sizeBytes: file.sizeBytes };
}
