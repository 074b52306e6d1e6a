/** Every resource of API 1.0: 99 operations of its reference, and a few that were served in its day or that we need. */
import type { Action, Resource } from "./action.ts";
import { account, sshKey, sshKeys, user, users } from "./resources-1.0/account.ts";
import { nodeGroup, nodeGroupInterface, nodeGroupInterfaces, nodeGroups } from "./resources-1.0/clusters.ts";
import {
  commissioningResults,
  commissioningScript,
  commissioningScripts,
  file,
  files,
  maas,
} from "./resources-1.0/files.ts";
import {
  bootImage,
  bootImages,
  bootSource,
  bootSourceSelection,
  bootSourceSelections,
  bootSources,
} from "./resources-1.0/images.ts";
import { network, networks } from "./resources-1.0/networks.ts";
import { node, nodeMac, nodeMacs, nodes, version } from "./resources-1.0/nodes.ts";
import { tag, tags, zone, zones } from "./resources-1.0/places.ts";

/** Where everything below is mounted. */
export const API_1_0_ROOT = "/MAAS/api/1.0";

export const resources10: readonly Resource[] = [
  account,
  bootImage,
  bootImages,
  bootSource,
  bootSourceSelection,
  bootSourceSelections,
  bootSources,
  commissioningResults,
  commissioningScript,
  commissioningScripts,
  file,
  files,
  maas,
  network,
  networks,
  node,
  nodeGroup,
  nodeGroupInterface,
  nodeGroupInterfaces,
  nodeGroups,
  nodeMac,
  nodeMacs,
  nodes,
  sshKey,
  sshKeys,
  tag,
  tags,
  user,
  users,
  version,
  zone,
  zones,
];

export function allActions10(): Action[] {
  return resources10.flatMap((r) => Object.values(r.actions));
}
