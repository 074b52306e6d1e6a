/** Simplestreams as image mirrors announce it: an index of product files, products with versions, versions with files (boot.md section 8). */
import { DomainError } from "../errors.ts";
import { ARCHITECTURES } from "../machine/names.ts";

/** More products or files in one place are no mirror of ours. */
const MOST_PRODUCTS = 20_000;
const MOST_FILES = 64;
/** No image file is larger; what says so is wrong. */
const MOST_FILE_BYTES = 64 * 2 ** 30;

/** What is stored of a product's version. Others (manifests, archives of boot loaders) are passed over: our racks bring their own loaders. */
const FILE_TYPES = [
  "boot-kernel",
  "boot-initrd",
  "boot-dtb",
  "squashfs",
  "root-image.gz",
  "root-tgz",
  "root-txz",
  "root-tbz",
  "root-dd",
  "root-dd.tar",
  "root-dd.raw",
  "root-dd.bz2",
  "root-dd.gz",
  "root-dd.xz",
  "root-dd.tar.bz2",
  "root-dd.tar.xz",
];

export interface StreamFile {
  filename: string;
  filetype: string;
  /** Below the source's address; plain segments only. */
  path: string;
  sha256: string;
  sizeBytes: number;
}

/** The newest version of a product. */
export interface StreamImage {
  os: string;
  release: string;
  arch: string;
  subarch: string;
  /** Subarchitectures that it drives too. */
  subarches: string[];
  kflavor: string | null;
  label: string;
  title: string;
  version: string;
  files: StreamFile[];
}

export interface Selection {
  os: string;
  release: string;
  arches: readonly string[];
  subarches: readonly string[];
  labels: readonly string[];
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const wrong = (what: string) => new DomainError("bad_request", what);

/** Paths of the product files. @throws DomainError bad_request */
export function productPaths(index: unknown): string[] {
  if (!isObject(index) || index.format !== "index:1.0" || !isObject(index.index))
    throw wrong('is no index of format "index:1.0"');
  return Object.values(index.index).flatMap((entry) => {
    if (!isObject(entry) || entry.format !== "products:1.0") return [];
    // Others (image-ids) name images of clouds.
    if (entry.datatype !== undefined && entry.datatype !== "image-downloads") return [];
    return [plainPath(entry.path)];
  });
}

/**
 * A path that stays below the source, whatever reads it: an address, a file system, a shell that prints it.
 * @throws DomainError bad_request
 */
export function plainPath(path: unknown): string {
  const segments = typeof path === "string" ? path.split("/") : [];
  const plain = /^[A-Za-z0-9][A-Za-z0-9._:+~@=-]*$/;
  if (segments.length === 0 || segments.length > 32 || !segments.every((s) => s.length <= 255 && plain.test(s)))
    throw wrong(`names the path ${JSON.stringify(path)?.slice(0, 200)}, which is none below the source`);
  return segments.join("/");
}

/** The newest version of each product that a selection wants. @throws DomainError bad_request for what is wanted and malformed */
export function wantedImages(products: unknown, selections: readonly Selection[]): StreamImage[] {
  if (!isObject(products) || products.format !== "products:1.0" || !isObject(products.products))
    throw wrong('is no list of format "products:1.0"');
  const all = Object.entries(products.products);
  if (all.length > MOST_PRODUCTS) throw wrong(`lists ${all.length} products, more than ${MOST_PRODUCTS}`);
  return all.flatMap(([id, product]) => {
    if (!isObject(product) || !isImageProduct(id, product)) return [];
    const inherited = { ...products, ...product };
    const image = describe(inherited);
    const chosen =
      image && selections.filter((s) => s.os === image.os && s.release === image.release && takes(s, image));
    if (!image || !chosen || chosen.length === 0) return [];
    const labels = chosen.flatMap((s) => s.labels);
    const newest = newestVersion(id, inherited, labels);
    return newest ? [{ ...image, ...newest }] : [];
  });
}

/** What boots with MAAS' protocol; of boot loaders there are our own. */
function isImageProduct(id: string, product: Json): boolean {
  if ("bootloader-type" in product) return false;
  if (product.os === "ubuntu") return /:v[23](\+platform)?:/.test(id);
  if (product.os === "ubuntu-core") return id.includes(":v4:");
  return true;
}

const words = (value: unknown): string[] =>
  typeof value === "string" ? value.split(",").filter((w) => /^[\w.+-]+$/.test(w)) : [];
const word = (value: unknown): string | undefined =>
  typeof value === "string" && /^[\w.+-]{1,64}$/.test(value) ? value : undefined;

function describe(product: Json): Omit<StreamImage, "version" | "label" | "files"> | undefined {
  const [os, release, arch] = [word(product.os), word(product.release), word(product.arch)];
  if (
    os === undefined ||
    release === undefined ||
    arch === undefined ||
    !(ARCHITECTURES as readonly string[]).includes(arch)
  )
    return undefined;
  const kflavor = word(product.kflavor) ?? null;
  const given = word(product.subarch) ?? "generic";
  const subarch =
    kflavor !== null && kflavor !== "generic" && !given.includes(kflavor) ? withFlavor(given, kflavor) : given;
  const title = product.release_title ?? product.title;
  return {
    os,
    release,
    arch,
    subarch,
    subarches: words(product.subarches),
    kflavor,
    title: typeof title === "string" ? title.slice(0, 255) : "",
  };
}

/** `hwe-22.04-edge` becomes `hwe-22.04-lowlatency-edge`. */
const withFlavor = (subarch: string, kflavor: string): string =>
  subarch.endsWith("-edge") ? `${subarch.slice(0, -5)}-${kflavor}-edge` : `${subarch}-${kflavor}`;

function takes(selection: Selection, image: { arch: string; subarch: string; subarches: readonly string[] }): boolean {
  const any = (wanted: readonly string[], has: readonly string[]) =>
    wanted.includes("*") || has.some((one) => wanted.includes(one));
  return any(selection.arches, [image.arch]) && any(selection.subarches, [image.subarch, ...image.subarches]);
}

function newestVersion(
  id: string,
  product: Json,
  labels: readonly string[],
): Pick<StreamImage, "version" | "label" | "files"> | undefined {
  const versions = isObject(product.versions) ? Object.entries(product.versions) : [];
  const fitting = versions.flatMap(([version, content]) => {
    if (!/^\d{8}(\.\d{1,6}){0,2}$/.test(version) || !isObject(content) || !isObject(content.items)) return [];
    const label = word(content.label) ?? word(product.label) ?? "";
    return labels.includes("*") || labels.includes(label) ? [{ version, label, items: content.items }] : [];
  });
  fitting.sort((a, b) => compare(b.version, a.version));
  for (const { version, label, items } of fitting) {
    const files = filesOf(`${id} ${version}`, items);
    if (files.length > 0) return { version, label, files };
  }
  return undefined;
}

function compare(a: string, b: string): number {
  const [x, y] = [a.split(".").map(Number), b.split(".").map(Number)];
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function filesOf(where: string, items: Json): StreamFile[] {
  const known = Object.values(items).filter(
    (item): item is Json => isObject(item) && typeof item.ftype === "string" && FILE_TYPES.includes(item.ftype),
  );
  if (known.length > MOST_FILES) throw wrong(`lists ${known.length} files for ${where}, more than ${MOST_FILES}`);
  // One that has both is given the squashfs.
  const squashed = known.some((item) => item.ftype === "squashfs");
  return known.flatMap((item, at) => {
    if (squashed && item.ftype === "root-image.gz") return [];
    if (known.findIndex((other) => other.ftype === item.ftype) < at) return [];
    const { size, sha256 } = item;
    const path = plainPath(item.path);
    if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) throw wrong(`gives no sha256 of ${path}`);
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 1 || size > MOST_FILE_BYTES)
      throw wrong(`gives ${path} the size ${String(size)}`);
    return [{ filename: String(item.ftype), filetype: String(item.ftype), path, sha256, sizeBytes: size }];
  });
}
