/** What may be uploaded as an image, and what it is stored as (reference: boot.md section 9). */
import { invalidField } from "../errors.ts";

/** Systems that images may be named after. */
const LINUXES = ["ubuntu", "ubuntu-core", "debian", "centos", "rhel", "ol", "suse"];
const SYSTEMS = [...LINUXES, "windows", "esxi", "caringo"];
/** Words of ours, which a name may not be. */
const RESERVED = [...SYSTEMS, "custom", "bootloader"];

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}(\/[A-Za-z0-9][A-Za-z0-9._-]{0,127})?$/;

/**
 * The name that an upload is stored under: `custom/` taken off.
 * @param synced names of the images that were imported: neither they nor their halves are free
 * @throws DomainError invalid_fields
 */
export function uploadName(given: string, synced: Iterable<string>): string {
  const name = given.trim().replace(/^custom\//, "");
  if (!NAME.test(name))
    throw invalidField(
      "name",
      `'${given}' is no name for an image: letters, digits, dots, dashes and underscores, at most one slash.`,
    );
  const [system = "", series] = name.split("/");
  const taken = new Set<string>(RESERVED);
  for (const one of synced) for (const part of [one, ...one.split("/")]) taken.add(part);
  if (taken.has(name) || /^centos\d*$/.test(name))
    throw invalidField("name", `'${name}' is reserved: choose another, such as 'custom/my-${system}'.`);
  if (series !== undefined && !SYSTEMS.includes(system))
    throw invalidField(
      "name",
      `'${system}' is no operating system known here: one of ${SYSTEMS.join(", ")}, or a name without a slash.`,
    );
  return name;
}

/** @throws DomainError invalid_fields unless it is `system/series` of a Linux */
export function baseImage(given: string): string {
  const [system = "", series, ...more] = given.trim().split("/");
  if (LINUXES.includes(system) && series && more.length === 0) return `${system}/${series}`;
  throw invalidField(
    "base_image",
    `'${given}' is no system that an image can be built on: SYSTEM/SERIES, SYSTEM one of ${LINUXES.join(", ")}.`,
  );
}

/** How the wire calls a packing, and how it is stored. */
const filetypes: Record<string, string> = {
  tgz: "root-tgz",
  tbz: "root-tbz",
  txz: "root-txz",
  ddtgz: "root-dd",
  ddtbz: "root-dd.tar.bz2",
  ddtxz: "root-dd.tar.xz",
  ddtar: "root-dd.tar",
  ddbz2: "root-dd.bz2",
  ddgz: "root-dd.gz",
  ddxz: "root-dd.xz",
  ddraw: "root-dd.raw",
};

export function uploadedFile(packing: string): { filename: string; filetype: string } {
  const filetype = filetypes[packing];
  if (filetype === undefined)
    throw invalidField("filetype", `'${packing}' is none of ${Object.keys(filetypes).join(", ")}.`);
  return { filetype, filename: filetype.startsWith("root-t") ? filetype.replace("-", ".") : filetype };
}

/** Version of a set that is made today: YYYYMMDD, then YYYYMMDD.1 and on. */
export function nextVersion(today: Date, taken: readonly string[]): string {
  const day = today.toISOString().slice(0, 10).replaceAll("-", "");
  if (!taken.includes(day)) return day;
  for (let n = 1; ; n++) if (!taken.includes(`${day}.${n}`)) return `${day}.${n}`;
}
