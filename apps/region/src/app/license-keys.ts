/** License keys of operating systems that need one. Secrets: encrypted at rest, for administrators only. */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import * as db from "@rackwright/db/license-keys";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { isLicenseKey, licensedSystems } from "@rackwright/domain/software/rules";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";

export interface LicenseKey extends db.Release {
  license_key: string;
}

type LicenseKeyChange = { [K in keyof LicenseKey]?: LicenseKey[K] | undefined };

const PURPOSE = "license_key";
const nameOf = ({ osystem, distro_series }: db.Release) => `${osystem}/${distro_series}`;

const opened = (ctx: Ctx, row: db.LicenseKeyRow): LicenseKey => ({
  osystem: row.osystem,
  distro_series: row.distro_series,
  license_key: ctx.region.secrets.open(PURPOSE, row.license_key),
});

export const licenseKeys = async (ctx: Ctx): Promise<LicenseKey[]> =>
  (await db.listLicenseKeys(ctx.region.db.kysely)).map((row) => opened(ctx, row));

function found(row: db.LicenseKeyRow | undefined, release: db.Release): db.LicenseKeyRow {
  if (!row) throw new DomainError("not_found", `There is no license key of ${nameOf(release)}.`);
  return row;
}

/** @throws DomainError not_found */
export const licenseKey = async (ctx: Ctx, release: db.Release): Promise<LicenseKey> =>
  opened(ctx, found(await db.licenseKeyOf(ctx.region.db.kysely, release), release));

/** The key itself is not repeated. @throws DomainError invalid_fields */
async function save(ctx: Ctx, tx: Tx, key: LicenseKey): Promise<void> {
  if (!licensedSystems().includes(key.osystem))
    throw invalidField("osystem", `'${key.osystem}' takes no license key: ${licensedSystems().join(", ")} does.`);
  if (!isLicenseKey(key.osystem, key.license_key))
    throw invalidField("license_key", "This is no license key: five groups of five letters and digits are.");
  const row = { ...key, license_key: ctx.region.secrets.seal(PURPOSE, key.license_key) };
  if (!(await db.insertLicenseKey(tx, row)))
    throw invalidField("distro_series", `There is a license key of ${nameOf(key)} already: change that one.`);
}

/** @throws DomainError invalid_fields */
export async function createLicenseKey(ctx: Ctx, key: LicenseKey): Promise<LicenseKey> {
  return inTransaction(ctx, async (tx) => {
    await save(ctx, tx, key);
    await appendChange(tx, { kind: "create", entity: "license_key", entityId: nameOf(key) });
    await audit(ctx, tx, "SETTINGS", `Added the license key of ${nameOf(key)}.`);
    return key;
  });
}

/** @throws DomainError not_found, invalid_fields */
export async function updateLicenseKey(ctx: Ctx, release: db.Release, change: LicenseKeyChange): Promise<LicenseKey> {
  return inTransaction(ctx, async (tx) => {
    const before = opened(ctx, found(await db.licenseKeyOf(tx, release), release));
    const after = {
      osystem: change.osystem || before.osystem,
      distro_series: change.distro_series || before.distro_series,
      license_key: change.license_key || before.license_key,
    };
    await db.deleteLicenseKeyRow(tx, release);
    await save(ctx, tx, after);
    await appendChange(tx, { kind: "update", entity: "license_key", entityId: nameOf(after) });
    await audit(ctx, tx, "SETTINGS", `Changed the license key of ${nameOf(after)}.`);
    return after;
  });
}

/** One that is gone already stays so. */
export async function deleteLicenseKey(ctx: Ctx, release: db.Release): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    if (!(await db.deleteLicenseKeyRow(tx, release))) return;
    await appendChange(tx, { kind: "delete", entity: "license_key", entityId: nameOf(release) });
    await audit(ctx, tx, "SETTINGS", `Deleted the license key of ${nameOf(release)}.`);
  });
}
