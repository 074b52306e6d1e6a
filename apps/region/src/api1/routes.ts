/** Every family of API 1.0, bound to its handlers. A family is one file here and one line below. */
import type { Routes } from "../http/route.ts";
import { accountRoutes } from "./account.ts";
import { clustersRoutes } from "./clusters.ts";
import { filesRoutes } from "./files.ts";
import { imagesRoutes } from "./images.ts";
import { networksRoutes } from "./networks.ts";
import { nodesRoutes } from "./nodes.ts";
import { placesRoutes } from "./places.ts";
import { scriptsRoutes } from "./scripts.ts";
import { settingsRoutes } from "./settings.ts";

const families = [
  accountRoutes,
  clustersRoutes,
  filesRoutes,
  imagesRoutes,
  networksRoutes,
  nodesRoutes,
  placesRoutes,
  scriptsRoutes,
  settingsRoutes,
];

export function bindApi10(routes: Routes): void {
  for (const bind of families) bind(routes);
}
