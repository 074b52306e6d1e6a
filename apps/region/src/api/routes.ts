/** Every family of the API, bound to its handlers. A family is one file here and one line below. */
import { bindApi10 } from "../api1/routes.ts";
import { Routes } from "../http/route.ts";
import { accountRoutes } from "./account.ts";
import { apiDocumentsRoutes } from "./api-documents.ts";
import { blockDeviceRoutes } from "./block-devices.ts";
import { bootResourceRoutes } from "./boot-resources.ts";
import { bootSourcesRoutes } from "./boot-sources.ts";
import { changesRoutes } from "./changes.ts";
import { commissioningScriptsRoutes } from "./commissioning-scripts.ts";
import { configurationRoutes } from "./configuration.ts";
import { eventsRoutes } from "./events.ts";
import { controllersInternalRoutes } from "./controllers-internal.ts";
import { devicesRoutes } from "./devices.ts";
import { dhcpSnippetsRoutes } from "./dhcp-snippets.ts";
import { discoveriesRoutes } from "./discoveries.ts";
import { dnsRoutes } from "./dns.ts";
import { domainsRoutes } from "./domains.ts";
import { fabricsRoutes } from "./fabrics.ts";
import { filesRoutes } from "./files.ts";
import { interfacesRoutes } from "./interfaces.ts";
import { ipAddressesRoutes } from "./ip-addresses.ts";
import { ipRangesRoutes } from "./ip-ranges.ts";
import { licenseKeysRoutes } from "./license-keys.ts";
import { machinesRoutes } from "./machines.ts";
import { networksRoutes } from "./networks-old.ts";
import { nodeRoutes } from "./node.ts";
import { nodeDevicesRoutes } from "./node-devices.ts";
import { nodeResultsRoutes } from "./node-results.ts";
import { nodeScriptResultsRoutes } from "./node-script-results.ts";
import { nodeScriptsRoutes } from "./node-scripts.ts";
import { bcachesRoutes } from "./bcaches.ts";
import { raidsRoutes } from "./raids.ts";
import { vmfsDatastoresRoutes } from "./vmfs-datastores.ts";
import { volumeGroupsRoutes } from "./volume-groups.ts";
import { partitionsRoutes } from "./partitions.ts";
import { notificationsRoutes } from "./notifications.ts";
import { packageRepositoriesRoutes } from "./package-repositories.ts";
import { placesRoutes } from "./places.ts";
import { rackControllersRoutes } from "./rack-controllers.ts";
import { recorderRoutes } from "./recorder.ts";
import { regionControllersRoutes } from "./region-controllers.ts";
import { reservedIpsRoutes } from "./reserved-ips.ts";
import { simulatorRoutes } from "./simulator.ts";
import { spacesRoutes } from "./spaces.ts";
import { specialFilesystemsRoutes } from "./special-filesystems.ts";
import { sshKeysRoutes } from "./ssh-keys.ts";
import { sslKeysRoutes } from "./ssl-keys.ts";
import { staticRoutesRoutes } from "./static-routes.ts";
import { subnetsRoutes } from "./subnets.ts";
import { tagsRoutes } from "./tags.ts";
import { usersRoutes } from "./users.ts";
import { versionRoutes } from "./version.ts";
import { vlansRoutes } from "./vlans.ts";
import { vmHostsRoutes } from "./vm-hosts.ts";

const families = [
  accountRoutes,
  apiDocumentsRoutes,
  blockDeviceRoutes,
  bootResourceRoutes,
  bootSourcesRoutes,
  changesRoutes,
  commissioningScriptsRoutes,
  configurationRoutes,
  controllersInternalRoutes,
  eventsRoutes,
  devicesRoutes,
  dhcpSnippetsRoutes,
  discoveriesRoutes,
  dnsRoutes,
  domainsRoutes,
  fabricsRoutes,
  filesRoutes,
  interfacesRoutes,
  ipAddressesRoutes,
  ipRangesRoutes,
  licenseKeysRoutes,
  machinesRoutes,
  networksRoutes,
  nodeRoutes,
  nodeDevicesRoutes,
  nodeResultsRoutes,
  nodeScriptResultsRoutes,
  nodeScriptsRoutes,
  bcachesRoutes,
  partitionsRoutes,
  raidsRoutes,
  vmfsDatastoresRoutes,
  volumeGroupsRoutes,
  notificationsRoutes,
  packageRepositoriesRoutes,
  placesRoutes,
  rackControllersRoutes,
  recorderRoutes,
  regionControllersRoutes,
  reservedIpsRoutes,
  simulatorRoutes,
  spacesRoutes,
  specialFilesystemsRoutes,
  sshKeysRoutes,
  sslKeysRoutes,
  staticRoutesRoutes,
  subnetsRoutes,
  tagsRoutes,
  usersRoutes,
  versionRoutes,
  vlansRoutes,
  vmHostsRoutes,
];

export function allRoutes(): Routes {
  const routes = new Routes();
  for (const bind of families) bind(routes);
  bindApi10(routes);
  return routes;
}
