/** What a transaction leaves for others to read (events, evidence, the change record), gathered while it goes on and written in one statement. */
import { eventLevel, type EventRecord, eventTypes } from "@rackwright/domain/machine/event";
import { sql } from "kysely";
import { CHANGE_CHANNEL, type NewChange } from "./change.ts";
import type { Tx } from "./connect.ts";
import { type Evidence, type EventSubject, storable } from "./history.ts";

export class Journal {
  readonly #evidence: Evidence[] = [];
  readonly #events: object[] = [];
  readonly #changes: NewChange[] = [];
  /** Script sets that were heard of, and when. */
  #heard: { setIds: readonly number[]; at: Date } | undefined;

  seen(...items: readonly Evidence[]): void {
    this.#evidence.push(...items);
  }

  happened(subject: EventSubject, events: readonly EventRecord[]): void {
    for (const { type, description } of events)
      this.#events.push({ ...subject, type, level: eventLevel[eventTypes[type].level], description });
  }

  /** The machine that works on these runs was heard. */
  heard(setIds: readonly number[], at: Date): void {
    if (setIds.length > 0) this.#heard = { setIds, at };
  }

  changed(change: NewChange): void {
    this.#changes.push(change);
  }

  /** Write what has been gathered since the last time, each kind in the order in which it came. */
  async write(tx: Tx): Promise<void> {
    const [evidence, events, changes] = [this.#evidence, this.#events, this.#changes].map((list) =>
      JSON.stringify(list.splice(0), storable),
    );
    const heard = this.#heard;
    this.#heard = undefined;
    if (!heard && evidence === "[]" && events === "[]" && changes === "[]") return;
    await sql`
      with seen as (
        insert into evidence (node_id, mac, boot_epoch, source, text, detail)
        select "nodeId", mac, "bootEpoch", source, text, detail from jsonb_to_recordset(${evidence}::jsonb) as
          r("nodeId" bigint, mac macaddr, "bootEpoch" bigint, source text, text text, detail jsonb)
      ), happened as (
        insert into event (node_id, hostname, username, boot_epoch, type, level, description)
        select "nodeId", hostname, username, "bootEpoch", type, level, description from jsonb_to_recordset(${events}::jsonb) as
          r("nodeId" bigint, hostname text, username text, "bootEpoch" bigint, type text, level smallint, description text)
      ), changed as (
        insert into change (kind, entity, entity_id, visible_to, payload)
        select kind, entity, "entityId", "visibleTo", coalesce(payload, '{}') from jsonb_to_recordset(${changes}::jsonb) as
          r(kind text, entity text, "entityId" text, "visibleTo" text, payload jsonb)
      ), heard as (
        update script_set set last_ping = ${heard?.at ?? null} where id = any(${heard?.setIds ?? []}::bigint[])
      )
      select pg_notify(${CHANGE_CHANNEL}, entity)
      from (select distinct entity from jsonb_to_recordset(${changes}::jsonb) as r(entity text)) told`.execute(tx);
  }
}
