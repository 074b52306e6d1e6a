/** Who a notification is for, and what its message needs. */
import type { Actor } from "../machine/machine.ts";

export interface Addressed {
  userId: number | null;
  users: boolean;
  admins: boolean;
}

export function isFor(actor: Actor, n: Addressed): boolean {
  if (actor.kind !== "user") return false;
  return n.users || n.userId === actor.userId || (n.admins && actor.isSuperuser);
}

/** Placeholders of the message that the context has no value for; doubled braces are braces. */
export function missingValues(message: string, context: Record<string, unknown>): string[] {
  const names = [...message.replaceAll(/\{\{|\}\}/g, "").matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  return [...new Set(names)].filter((name) => !Object.hasOwn(context, name));
}
