/** notifications: decode, one call, encode. */
import type { Notification as WireNotification } from "@rackwright/contract/objects/common";
import { notification, notifications } from "@rackwright/contract/resources/notifications";
import { API_ROOT } from "@rackwright/contract/table";
import * as app from "../app/notifications.ts";
import type { Routes } from "../http/route.ts";
import { wireUser } from "./users.ts";
import { idOf } from "./wire/path-id.ts";

const wire = (n: app.Notification): WireNotification => ({
  ident: n.ident,
  user:
    n.username === null
      ? null
      : wireUser({ username: n.username, email: n.email ?? "", isSuperuser: n.isSuperuser ?? false }),
  users: n.users,
  admins: n.admins,
  message: n.message,
  context: n.context,
  category: n.category,
  dismissable: n.dismissable,
  id: n.id,
  resource_uri: `${API_ROOT}/notifications/${n.id}/`,
});

const id = (call: { path: Record<string, string> }) => idOf(call, "notification");

export function notificationsRoutes(routes: Routes): void {
  routes.on(notifications.actions.read, async ({ ctx }) => (await app.ownNotifications(ctx)).map(wire));
  routes.on(notifications.actions.create, async ({ ctx, params }) => wire(await app.createNotification(ctx, params)));
  routes.on(notification.actions.read, async (call) => wire(await app.readNotification(call.ctx, id(call))));
  routes.on(notification.actions.update, async (call) =>
    wire(await app.updateNotification(call.ctx, id(call), call.params)),
  );
  routes.on(notification.actions.delete, (call) => app.deleteNotification(call.ctx, id(call)));
  routes.on(notification.actions.dismiss, (call) => app.dismissNotification(call.ctx, id(call)));
}
