/** package-repositories: decode, one call, encode. */
import type { PackageRepository } from "@rackwright/contract/objects/software";
import { packageRepositories, packageRepository } from "@rackwright/contract/resources/package-repositories";
import { API_ROOT } from "@rackwright/contract/table";
import * as app from "../app/package-repositories.ts";
import type { Routes } from "../http/route.ts";
import { idOf } from "./wire/path-id.ts";

const wire = (repository: app.Repository): PackageRepository => ({
  name: repository.name,
  url: repository.url,
  distributions: repository.distributions,
  disabled_pockets: repository.disabled_pockets,
  disabled_components: repository.disabled_components,
  disable_sources: repository.disable_sources,
  components: repository.components,
  arches: repository.arches,
  key: repository.key,
  enabled: repository.enabled,
  id: repository.id,
  resource_uri: `${API_ROOT}/package-repositories/${repository.id}/`,
});

const id = (call: { path: Record<string, string> }) => idOf(call, "package repository");

export function packageRepositoriesRoutes(routes: Routes): void {
  const { actions: one } = packageRepository;
  const { actions: all } = packageRepositories;
  routes.on(all.read, async ({ ctx }) => (await app.repositories(ctx)).map(wire));
  routes.on(all.create, async ({ ctx, params }) => wire(await app.createRepository(ctx, params)));
  routes.on(one.read, async (call) => wire(await app.repository(call.ctx, id(call))));
  routes.on(one.update, async (call) => wire(await app.updateRepository(call.ctx, id(call), call.params)));
  routes.on(one.delete, (call) => app.deleteRepository(call.ctx, id(call)));
}
