/** Archives of packages: list, read, create, change, delete. */
import { appendChange } from "@rackwright/db/change";
import * as db from "@rackwright/db/package-repositories";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import {
  DISABLED_COMPONENTS,
  DISABLED_POCKETS,
  isRepositoryUrl,
  REPOSITORY_ARCHES,
  unknownOf,
} from "@rackwright/domain/software/rules";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";

export type Repository = db.RepositoryRow;
export type RepositoryRequest = { [K in keyof db.RepositoryFields]?: db.RepositoryFields[K] | undefined };

export const repositories = (ctx: Ctx): Promise<Repository[]> => db.listRepositories(ctx.region.db.kysely);

function found(row: Repository | undefined, id: number): Repository {
  if (!row) throw new DomainError("not_found", `There is no package repository ${id}.`);
  return row;
}

/** @throws DomainError not_found */
export const repository = async (ctx: Ctx, id: number): Promise<Repository> =>
  found(await db.repositoryById(ctx.region.db.kysely, id), id);

const empty: db.RepositoryFields = {
  name: "",
  url: "",
  distributions: [],
  disabled_pockets: [],
  disabled_components: [],
  disable_sources: false,
  components: [],
  arches: [],
  key: "",
  enabled: true,
};

const FIELDS = Object.keys(empty) as (keyof db.RepositoryFields)[];

/** @throws DomainError invalid_fields */
function merged(before: Repository | undefined, request: RepositoryRequest): db.RepositoryFields {
  const pairs = FIELDS.map((name) => [name, request[name] ?? before?.[name] ?? empty[name]]);
  const after = Object.fromEntries(pairs) as unknown as db.RepositoryFields;
  const isDefault = before?.is_default ?? false;
  if (after.name.trim() === "") throw invalidField("name", "This field is required.");
  if (!isRepositoryUrl(after.url))
    throw invalidField("url", `'${after.url}' is no archive: give http://, https:// or ppa:USER/NAME.`);
  for (const [name, known] of [
    ["disabled_pockets", DISABLED_POCKETS],
    ["disabled_components", DISABLED_COMPONENTS],
    ["arches", REPOSITORY_ARCHES],
  ] as const) {
    const word = unknownOf(after[name], known);
    if (word !== undefined) throw invalidField(name, `'${word}' is not one of ${known.join(", ")}.`);
  }
  if (after.key.includes("PRIVATE KEY"))
    throw invalidField("key", "This is a private key: keep it to yourself, and send the public one.");
  if (isDefault && after.components.length > 0)
    throw invalidField("components", "This is a default archive: say which of its components to leave out instead.");
  if (!isDefault && after.disabled_components.length > 0)
    throw invalidField("disabled_components", "This is no default archive: say which components to take instead.");
  if (after.arches.length === 0) after.arches = ["amd64", "i386"];
  return after;
}

const taken = (name: string) => invalidField("name", `There is a package repository '${name}' already.`);

/** @throws DomainError invalid_fields */
export async function createRepository(ctx: Ctx, request: RepositoryRequest): Promise<Repository> {
  const fields = merged(undefined, request);
  return inTransaction(ctx, async (tx) => {
    const made = await db.insertRepository(tx, fields);
    if (!made) throw taken(fields.name);
    await appendChange(tx, { kind: "create", entity: "package_repository", entityId: made.id });
    await audit(ctx, tx, "SETTINGS", `Created package repository '${made.name}'.`);
    return made;
  });
}

/** @throws DomainError not_found, invalid_fields */
export async function updateRepository(ctx: Ctx, id: number, request: RepositoryRequest): Promise<Repository> {
  return inTransaction(ctx, async (tx) => {
    const before = found(await db.repositoryById(tx, id), id);
    const fields = merged(before, request);
    if (await db.repositoryNameTaken(tx, fields.name, id)) throw taken(fields.name);
    const after = await db.updateRepositoryRow(tx, id, fields);
    await appendChange(tx, { kind: "update", entity: "package_repository", entityId: id });
    await audit(ctx, tx, "SETTINGS", `Updated package repository '${after.name}'.`);
    return after;
  });
}

/** @throws DomainError not_found; bad_request for a default archive */
export async function deleteRepository(ctx: Ctx, id: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const row = found(await db.repositoryById(tx, id), id);
    if (row.is_default)
      throw new DomainError("bad_request", `'${row.name}' is a default archive: disable it instead of deleting it.`);
    await db.deleteRepositoryRow(tx, id);
    await appendChange(tx, { kind: "delete", entity: "package_repository", entityId: id });
    await audit(ctx, tx, "SETTINGS", `Deleted package repository '${row.name}'.`);
  });
}
