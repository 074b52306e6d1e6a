/** Settings as API 1.0 takes them: releases among those that there are images of, and addresses one at a time. */
import { readImages } from "@rackwright/db/images";
import { parseIp } from "@rackwright/domain/addressing/ip";
import { configName } from "@rackwright/domain/config/items";
import { invalidField } from "@rackwright/domain/errors";
import type { Ctx } from "../context.ts";
import { readSetting, writeSetting } from "./config.ts";

const RELEASES = ["commissioning_distro_series", "default_distro_series"];
const ADDRESSES = ["ntp_servers", "upstream_dns"];

/** @throws DomainError invalid_fields naming the setting as the caller does */
export async function writeOldSetting(ctx: Ctx, given: string, value: string): Promise<void> {
  const name = configName(given);
  if (ADDRESSES.includes(name) && value.trim() !== "" && !parseIp(value.trim()))
    throw invalidField(given, `"${value}" is no IP address.`);
  if (RELEASES.includes(name)) await checkRelease(ctx, name, given, value.trim());
  await writeSetting(ctx, given, value);
}

async function checkRelease(ctx: Ctx, name: string, given: string, release: string): Promise<void> {
  if (release === "" && name === "default_distro_series") return;
  const images = await readImages(ctx.region.db.kysely, {});
  const known = new Set(images.map((image) => image.name.split("/").at(-1) ?? image.name));
  if (known.has(release) || release === (await readSetting(ctx, name))) return;
  throw invalidField(
    given,
    `"${release}" is not one of the releases that there are images of: ${[...known].join(", ")}.`,
  );
}
