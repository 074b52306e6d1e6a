import type { User as WireUser } from "@rackwright/contract/objects/common";
import { users } from "@rackwright/contract/resources/users";
import { API_ROOT } from "@rackwright/contract/table";
import { allUsers, createUser, currentUser } from "../app/users.ts";
import type { Routes } from "../http/route.ts";

type User = Awaited<ReturnType<typeof currentUser>>;

/** Exactly these five keys (seed row S2-032). */
function wireUser(user: User): WireUser {
  return {
    is_superuser: user.isSuperuser,
    username: user.username,
    email: user.email,
    is_local: true,
    resource_uri: `${API_ROOT}/users/${encodeURIComponent(user.username)}/`,
  };
}

export function usersRoutes(routes: Routes): void {
  const { actions } = users;
  routes.on(actions.read, async ({ ctx }) => (await allUsers(ctx)).map(wireUser));
  routes.on(actions.whoami, async ({ ctx }) => wireUser(await currentUser(ctx)));
  routes.on(actions.create, async ({ ctx, params }) =>
    wireUser(
      await createUser(ctx, {
        username: params.username,
        email: params.email,
        password: params.password,
        isSuperuser: params.is_superuser,
      }),
    ),
  );
}
