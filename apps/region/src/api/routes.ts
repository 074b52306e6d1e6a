/** Every family of the API, bound to its handlers. A family is one file here and one line below. */
import { Routes } from "../http/route.ts";
import { versionRoutes } from "./version.ts";

export function allRoutes(): Routes {
  const routes = new Routes();
  for (const bind of [versionRoutes]) bind(routes);
  return routes;
}
