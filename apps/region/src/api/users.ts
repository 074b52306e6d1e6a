import type { User as WireUser } from "@rackwright/contract/objects/common";
import { user, users } from "@rackwright/contract/resources/users";
import { API_ROOT } from "@rackwright/contract/table";
import { deleteUser } from "../app/user-removal.ts";
import { allUsers, createUser, currentUser, readUser } from "../app/users.ts";
import type { Routes } from "../http/route.ts";

type User = Awaited<ReturnType<typeof currentUser>>;

/** Exactly these five keys (seed row S2-032). */
export function wireUser(user: Pick<User, "username" | "email" | "isSuperuser">): WireUser {
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
        sshKey: params.key,
      }),
    ),
  );
  routes.on(user.actions.read, async ({ ctx, path }) => wireUser(await readUser(ctx, path.username ?? "")));
  routes.on(user.actions.delete, ({ ctx, path, params }) =>
    deleteUser(ctx, path.username ?? "", params.transfer_resources_to),
  );
}
