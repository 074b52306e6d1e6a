/** Messages to users, and who put which away. */
import { type Kysely, type SelectQueryBuilder, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

type Db = Kysely<Schema>;

export interface NotificationFields {
  ident: string | null;
  userId: number | null;
  users: boolean;
  admins: boolean;
  message: string;
  context: Record<string, unknown>;
  category: string;
  dismissable: boolean;
}

export interface NotificationRow extends NotificationFields {
  id: number;
  /** The user that it is for. */
  username: string | null;
  email: string | null;
  isSuperuser: boolean | null;
}

function all(db: Db) {
  return db
    .selectFrom("notification as n")
    .leftJoin("app_user as u", "u.id", "n.user_id")
    .select([
      "n.id",
      "n.ident",
      "n.user_id as userId",
      "n.users",
      "n.admins",
      "n.message",
      "n.context",
      "n.category",
      "n.dismissable",
      "u.username",
      "u.email",
      "u.is_superuser as isSuperuser",
    ]);
}

// The column holds an object: the check is where it is written.
const rows = (query: Pick<SelectQueryBuilder<Schema, never, unknown>, "execute">) =>
  query.execute() as Promise<unknown> as Promise<NotificationRow[]>;

/** Those for a user that the user did not put away, oldest first. */
export function notificationsFor(
  db: Db,
  { userId, isSuperuser }: { userId: number; isSuperuser: boolean },
): Promise<NotificationRow[]> {
  return rows(
    all(db)
      .where((eb) =>
        eb.or([
          eb("n.users", "=", true),
          eb("n.user_id", "=", userId),
          ...(isSuperuser ? [eb("n.admins", "=", true)] : []),
        ]),
      )
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom("notification_dismissal as d")
              .select("d.user_id")
              .whereRef("d.notification_id", "=", "n.id")
              .where("d.user_id", "=", userId),
          ),
        ),
      )
      .orderBy("n.id"),
  );
}

export async function notificationById(db: Db, id: number): Promise<NotificationRow | undefined> {
  return (await rows(all(db).where("n.id", "=", id)))[0];
}

const columnsOf = (n: NotificationFields) => ({
  ident: n.ident,
  user_id: n.userId,
  users: n.users,
  admins: n.admins,
  message: n.message,
  context: sql<never>`${JSON.stringify(n.context)}::jsonb`,
  category: n.category,
  dismissable: n.dismissable,
});

/** @returns undefined when the ident is taken */
export async function insertNotification(tx: Tx, n: NotificationFields): Promise<number | undefined> {
  const row = await tx
    .insertInto("notification")
    .values(columnsOf(n))
    .onConflict((c) => c.column("ident").doNothing())
    .returning("id")
    .executeTakeFirst();
  return row?.id;
}

export async function identTaken(tx: Tx, ident: string, exceptId: number): Promise<boolean> {
  const other = tx.selectFrom("notification").select("id").where("ident", "=", ident).where("id", "<>", exceptId);
  return (await other.executeTakeFirst()) !== undefined;
}

export async function updateNotificationRow(tx: Tx, id: number, n: NotificationFields): Promise<void> {
  await tx.updateTable("notification").set(columnsOf(n)).where("id", "=", id).execute();
}

export async function deleteNotificationRow(tx: Tx, id: number): Promise<void> {
  await tx.deleteFrom("notification").where("id", "=", id).execute();
}

export async function insertDismissal(tx: Tx, id: number, userId: number): Promise<void> {
  await tx
    .insertInto("notification_dismissal")
    .values({ notification_id: id, user_id: userId })
    .onConflict((c) => c.doNothing())
    .execute();
}
