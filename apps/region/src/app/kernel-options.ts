/**
 * Kernel options that people chose: the setting's, then those of the machine's tags, the first tag by name at the end. A kernel takes the last
 * of what contradicts itself, so a tag comes before the setting, and of several tags the first by name counts.
 */
import type { Tx } from "@rackwright/db/connect";
import { tagKernelOptions } from "@rackwright/db/deploy-facts";
import type { Region } from "../context.ts";
import { getConfig } from "./config.ts";

/** @param nodeId null: of a machine that is not known yet */
export async function chosenKernelOptions(db: Region["db"]["kysely"] | Tx, nodeId: number | null): Promise<string> {
  const { kernel_opts } = await getConfig(db, "kernel_opts");
  const tags = nodeId === null ? [] : await tagKernelOptions(db, nodeId);
  return [kernel_opts ?? "", ...tags.toReversed()].join(" ").trim();
}
