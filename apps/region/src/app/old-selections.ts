/** Releases as API 1.0 selects them. */
import { invalidField } from "@rackwright/domain/errors";
import type { Ctx } from "../context.ts";
import { getConfig } from "./config.ts";

/** An empty one is the one that is deployed by default. @throws DomainError invalid_fields for what can be no release's name */
export async function chosenRelease(ctx: Ctx, release: string): Promise<string> {
  const word = release.trim();
  if (word === "") return (await getConfig(ctx.region.db.kysely, "default_distro_series")).default_distro_series;
  if (/^[a-z0-9][a-z0-9.+_-]*$/i.test(word)) return word;
  throw invalidField("release", `"${release}" is no name of a release: a word such as noble or bookworm.`);
}
