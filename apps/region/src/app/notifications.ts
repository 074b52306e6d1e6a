/** Messages to users: those who see one may put it away, administrators write them. */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import * as db from "@rackwright/db/notifications";
import { userById, userByName } from "@rackwright/db/users";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { asId } from "@rackwright/domain/network/specifier";
import { isFor, missingValues } from "@rackwright/domain/notification/recipients";
import { type Ctx, inTransaction } from "../context.ts";
import { userIdOf } from "./audit.ts";

export type Notification = db.NotificationRow;
/** What a caller gives; undefined leaves it as it is. */
export type NotificationRequest = {
  [K in keyof Omit<db.NotificationFields, "userId" | "ident">]?: db.NotificationFields[K] | undefined;
} & { ident?: string | undefined; user?: string | undefined };

const isAdmin = (ctx: Ctx) => ctx.actor.kind === "user" && ctx.actor.isSuperuser;

export const ownNotifications = (ctx: Ctx): Promise<Notification[]> =>
  db.notificationsFor(ctx.region.db.kysely, { userId: userIdOf(ctx), isSuperuser: isAdmin(ctx) });

function found(n: Notification | undefined, id: number): Notification {
  if (!n) throw new DomainError("not_found", `There is no notification ${id}.`);
  return n;
}

const notYours = (id: number) => new DomainError("forbidden", `Notification ${id} is not for you.`);

/** @throws DomainError not_found, forbidden */
export async function readNotification(ctx: Ctx, id: number): Promise<Notification> {
  const n = found(await db.notificationById(ctx.region.db.kysely, id), id);
  if (!isAdmin(ctx) && !isFor(ctx.actor, n)) throw notYours(id);
  return n;
}

async function recipient(tx: Tx, word: string): Promise<number | null> {
  if (word.trim() === "") return null;
  const id = asId(word);
  const user = (await userByName(tx, word)) ?? (id === undefined ? undefined : await userById(tx, id));
  if (!user) throw invalidField("user", `There is no user '${word}'.`);
  return user.id;
}

/** What it says after the change. @throws DomainError invalid_fields */
async function merged(
  tx: Tx,
  before: db.NotificationFields,
  { user, ident, ...request }: NotificationRequest,
): Promise<db.NotificationFields> {
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
  const after: db.NotificationFields = {
    ...before,
    ...given,
    ...(user === undefined ? {} : { userId: await recipient(tx, user) }),
    ...(ident === undefined ? {} : { ident: ident.trim() || null }),
  };
  if (after.message.trim() === "") throw invalidField("message", "This field is required.");
  const [missing] = missingValues(after.message, after.context);
  if (missing !== undefined)
    throw invalidField("context", `The message has a {${missing}}: give its value, or write {{ and }} for braces.`);
  return after;
}

const identIsTaken = (ident: string | null) =>
  invalidField("ident", `There is a notification '${ident}' already: change that one, or choose another ident.`);

const empty: db.NotificationFields = {
  ident: null,
  userId: null,
  users: false,
  admins: false,
  message: "",
  context: {},
  category: "info",
  dismissable: true,
};

/** Whom the record of changes shows it, besides administrators. */
const readerOf = (n: db.NotificationFields) => (n.userId === null ? null : String(n.userId));

/** @throws DomainError invalid_fields */
export async function createNotification(ctx: Ctx, request: NotificationRequest): Promise<Notification> {
  return inTransaction(ctx, async (tx) => {
    const fields = await merged(tx, empty, request);
    const id = await db.insertNotification(tx, fields);
    if (id === undefined) throw identIsTaken(fields.ident);
    await appendChange(tx, { kind: "create", entity: "notification", entityId: id, visibleTo: readerOf(fields) });
    return found(await db.notificationById(tx, id), id);
  });
}

/** @throws DomainError not_found, invalid_fields */
export async function updateNotification(ctx: Ctx, id: number, request: NotificationRequest): Promise<Notification> {
  return inTransaction(ctx, async (tx) => {
    const fields = await merged(tx, found(await db.notificationById(tx, id), id), request);
    if (fields.ident !== null && (await db.identTaken(tx, fields.ident, id))) throw identIsTaken(fields.ident);
    await db.updateNotificationRow(tx, id, fields);
    await appendChange(tx, { kind: "update", entity: "notification", entityId: id, visibleTo: readerOf(fields) });
    return found(await db.notificationById(tx, id), id);
  });
}

/** @throws DomainError not_found */
export async function deleteNotification(ctx: Ctx, id: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const n = found(await db.notificationById(tx, id), id);
    await db.deleteNotificationRow(tx, id);
    await appendChange(tx, { kind: "delete", entity: "notification", entityId: id, visibleTo: readerOf(n) });
  });
}

/** For the caller alone. @throws DomainError not_found, forbidden, bad_request */
export async function dismissNotification(ctx: Ctx, id: number): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const n = found(await db.notificationById(tx, id), id);
    if (!isFor(ctx.actor, n)) throw notYours(id);
    if (!n.dismissable)
      throw new DomainError("bad_request", `Notification ${id} cannot be dismissed: it stays until it is deleted.`);
    const userId = userIdOf(ctx);
    await db.insertDismissal(tx, id, userId);
    await appendChange(tx, { kind: "update", entity: "notification", entityId: id, visibleTo: String(userId) });
  });
}
