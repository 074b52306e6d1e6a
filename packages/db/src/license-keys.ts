/** License keys, encrypted by whoever calls. */
import type { Kysely } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

export interface Release {
  osystem: string;
  distro_series: string;
}
export interface LicenseKeyRow extends Release {
  license_key: Buffer;
}

export function listLicenseKeys(db: Kysely<Schema>): Promise<LicenseKeyRow[]> {
  return db.selectFrom("license_key").selectAll().orderBy("osystem").orderBy("distro_series").execute();
}

export function licenseKeyOf(db: Kysely<Schema>, release: Release): Promise<LicenseKeyRow | undefined> {
  return db
    .selectFrom("license_key")
    .selectAll()
    .where("osystem", "=", release.osystem)
    .where("distro_series", "=", release.distro_series)
    .executeTakeFirst();
}

/** @returns whether the release had none before */
export async function insertLicenseKey(tx: Tx, row: LicenseKeyRow): Promise<boolean> {
  const made = await tx
    .insertInto("license_key")
    .values(row)
    .onConflict((c) => c.doNothing())
    .returning("osystem")
    .executeTakeFirst();
  return made !== undefined;
}

/** @returns whether there was one */
export async function deleteLicenseKeyRow(tx: Tx, { osystem, distro_series }: Release): Promise<boolean> {
  const gone = await tx
    .deleteFrom("license_key")
    .where("osystem", "=", osystem)
    .where("distro_series", "=", distro_series)
    .executeTakeFirst();
  return gone.numDeletedRows > 0n;
}
