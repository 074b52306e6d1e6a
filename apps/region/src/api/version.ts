/** What this server can do. Clients look before they go on (client-wire.md "Sequences"). */
import { version } from "@rackwright/contract/resources/misc";
import type { Version } from "@rackwright/contract/objects/common";
import type { Routes } from "../http/route.ts";

/**
 * Names and order of the reference (enums.json API_CAPABILITY). Juju refuses a server without networks-management, python-libmaas asks
 * for authenticate-api before it logs in with a password.
 */
const capabilities = [
  "networks-management",
  "static-ipaddresses",
  "ipv6-deployment-ubuntu",
  "devices-management",
  "storage-deployment-ubuntu",
  "network-deployment-ubuntu",
  "bridging-interface-ubuntu",
  "bridging-automatic-ubuntu",
  "authenticate-api",
];

export function versionRoutes(routes: Routes): void {
  routes.on(
    version.actions.read,
    async ({ ctx }): Promise<Version> => ({
      capabilities,
      version: ctx.region.version,
      subversion: "",
    }),
  );
}
