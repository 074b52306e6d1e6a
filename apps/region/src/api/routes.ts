/** Every family of the API, bound to its handlers. A family is one file here and one line below. */
import { Routes } from "../http/route.ts";
import { accountRoutes } from "./account.ts";
import { blockDeviceRoutes } from "./block-devices.ts";
import { bootResourceRoutes } from "./boot-resources.ts";
import { configurationRoutes } from "./configuration.ts";
import { eventsRoutes } from "./events.ts";
import { machinesRoutes } from "./machines.ts";
import { nodeScriptResultsRoutes } from "./node-script-results.ts";
import { nodeScriptsRoutes } from "./node-scripts.ts";
import { placesRoutes } from "./places.ts";
import { sshKeysRoutes } from "./ssh-keys.ts";
import { tagsRoutes } from "./tags.ts";
import { usersRoutes } from "./users.ts";
import { versionRoutes } from "./version.ts";

const families = [
  accountRoutes,
  blockDeviceRoutes,
  bootResourceRoutes,
  configurationRoutes,
  eventsRoutes,
  machinesRoutes,
  nodeScriptResultsRoutes,
  nodeScriptsRoutes,
  placesRoutes,
  sshKeysRoutes,
  tagsRoutes,
  usersRoutes,
  versionRoutes,
];

export function allRoutes(): Routes {
  const routes = new Routes();
  for (const bind of families) bind(routes);
  return routes;
}
