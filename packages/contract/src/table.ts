/** Every resource of API 2.0 that we serve: the one table. */
import type { Action, Resource } from "./action.ts";
import { account } from "./resources/account.ts";
import { describeDocument, openApiDocument } from "./resources/api-documents.ts";
import { bootSource, bootSourceSelection, bootSourceSelections, bootSources } from "./resources/boot-sources.ts";
import { bootResource, bootResources, bootResourceUpload } from "./resources/images.ts";
import {
  agentConfig,
  imagesSyncProgress,
  imageSyncProgress,
  rackController,
  rackControllers,
  regionController,
  regionControllers,
} from "./resources/controllers.ts";
import { commissioningScript, commissioningScripts } from "./resources/commissioning-scripts.ts";
import { device, devices } from "./resources/devices.ts";
import { dhcpSnippet, dhcpSnippets } from "./resources/dhcp-snippets.ts";
import { discoveries, discovery } from "./resources/discoveries.ts";
import { dnsResource, dnsResourceRecord, dnsResourceRecords, dnsResources } from "./resources/dns.ts";
import { domain, domains } from "./resources/domains.ts";
import { file, files } from "./resources/files.ts";
import { interfaces, networkInterface } from "./resources/interfaces.ts";
import { ipAddresses } from "./resources/ip-addresses.ts";
import { licenseKey, licenseKeys } from "./resources/license-keys.ts";
import { machine, machines, nodes } from "./resources/machines.ts";
import { configuration, events, sshKey, sshKeys, tag, tags, version } from "./resources/misc.ts";
import { fabric, fabrics, ipRange, ipRanges, subnet, subnets, vlan, vlans } from "./resources/network.ts";
import { bcache, bcacheCacheSet, bcacheCacheSets, bcaches } from "./resources/bcaches.ts";
import { raid, raids } from "./resources/raids.ts";
import { vmfsDatastore, vmfsDatastores } from "./resources/vmfs-datastores.ts";
import { volumeGroup, volumeGroups } from "./resources/volume-groups.ts";
import { partition, partitions } from "./resources/partitions.ts";
import { node } from "./resources/node.ts";
import { nodeDevice, nodeDevices } from "./resources/node-devices.ts";
import { nodeResults } from "./resources/node-results.ts";
import { notification, notifications } from "./resources/notifications.ts";
import { packageRepositories, packageRepository } from "./resources/package-repositories.ts";
import { resourcePool, resourcePools, zone, zones } from "./resources/places.ts";
import { changes } from "./resources/recorder.ts";
import { network, networks } from "./resources/networks-old.ts";
import { reservedIp, reservedIps } from "./resources/reserved-ips.ts";
import { nodeScript, nodeScriptResult, nodeScriptResults, nodeScripts } from "./resources/scripts.ts";
import { simulator } from "./resources/simulator.ts";
import { space, spaces } from "./resources/spaces.ts";
import { sslKey, sslKeys } from "./resources/ssl-keys.ts";
import { staticRoute, staticRoutes } from "./resources/static-routes.ts";
import { blockDevice, blockDevices } from "./resources/storage.ts";
import { user, users } from "./resources/users.ts";
import { virtualMachine, virtualMachines } from "./resources/virtual-machines.ts";
import { vmCluster, vmClusters } from "./resources/vm-clusters.ts";
import { pod, pods, vmHost, vmHosts } from "./resources/vm-hosts.ts";

/** Where everything below is mounted. */
export const API_ROOT = "/MAAS/api/2.0";

export const resources: readonly Resource[] = [
  account,
  agentConfig,
  bcache,
  bcacheCacheSet,
  bcacheCacheSets,
  bcaches,
  blockDevice,
  blockDevices,
  bootResource,
  bootResources,
  bootResourceUpload,
  bootSource,
  bootSourceSelection,
  bootSourceSelections,
  bootSources,
  changes,
  commissioningScript,
  commissioningScripts,
  configuration,
  describeDocument,
  device,
  devices,
  dhcpSnippet,
  dhcpSnippets,
  discoveries,
  discovery,
  dnsResource,
  dnsResourceRecord,
  dnsResourceRecords,
  dnsResources,
  domain,
  domains,
  events,
  fabric,
  fabrics,
  file,
  files,
  imagesSyncProgress,
  imageSyncProgress,
  interfaces,
  ipAddresses,
  ipRange,
  ipRanges,
  licenseKey,
  licenseKeys,
  machine,
  machines,
  network,
  networks,
  networkInterface,
  node,
  nodeDevice,
  nodeDevices,
  nodeResults,
  nodeScript,
  nodeScriptResult,
  nodeScriptResults,
  nodeScripts,
  nodes,
  notification,
  notifications,
  openApiDocument,
  packageRepositories,
  packageRepository,
  partition,
  partitions,
  pod,
  pods,
  rackController,
  rackControllers,
  regionController,
  regionControllers,
  raid,
  raids,
  reservedIp,
  reservedIps,
  resourcePool,
  resourcePools,
  simulator,
  sshKey,
  space,
  spaces,
  sshKeys,
  sslKey,
  sslKeys,
  staticRoute,
  staticRoutes,
  subnet,
  subnets,
  tag,
  tags,
  user,
  users,
  version,
  virtualMachine,
  virtualMachines,
  vlan,
  vlans,
  vmCluster,
  vmClusters,
  vmfsDatastore,
  vmfsDatastores,
  vmHost,
  vmHosts,
  volumeGroup,
  volumeGroups,
  zone,
  zones,
];

export function allActions(): Action[] {
  return resources.flatMap((r) => Object.values(r.actions));
}
