/** Switches of emulated machines: the region's power calls on one side, simulators that play the machines on the other. */
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

export interface SimulatedBmc {
  state: "on" | "off";
  /** How it misbehaves. */
  fault: string | null;
}

/** A machine without a row was never switched: it is off. */
export async function simulatedBmc(db: Kysely<Schema>, nodeId: number): Promise<SimulatedBmc> {
  const row = await db
    .selectFrom("simulated_power")
    .select(["state", "bmc"])
    .where("node_id", "=", nodeId)
    .executeTakeFirst();
  return { state: row?.state === "on" ? "on" : "off", fault: row?.bmc ?? null };
}

/** Switching to what it is already changes nothing, as with a real BMC. */
export async function switchSimulated(db: Kysely<Schema>, nodeId: number, to: "on" | "off"): Promise<void> {
  const start = to === "on" ? 1 : 0;
  await sql`
    insert into simulated_power as p (node_id, state, starts) values (${nodeId}, ${to}, ${start})
    on conflict (node_id) do update
      set state = excluded.state, starts = p.starts + excluded.starts, changed_at = now()
      where p.state <> excluded.state`.execute(db);
}

export interface PlayedMachine {
  systemId: string;
  /** Which start of it. */
  start: number;
  wanted: "on" | "off";
  architecture: string | null;
  biosBootMethod: string | null;
  /** The one it boots from first. */
  macs: string[];
}

/** What the least recently changed machines are to do; they are handed out once. Several simulators get different ones. */
export async function takeSimulated(tx: Tx, limit: number): Promise<PlayedMachine[]> {
  const { rows } = await sql<PlayedMachine>`
    with due as (
      select node_id from simulated_power
      where (state = 'on' and playing is distinct from starts) or (state = 'off' and playing is not null)
      order by changed_at limit ${limit} for update skip locked
    ), taken as (
      update simulated_power p set playing = case when p.state = 'on' then p.starts end
      from due where p.node_id = due.node_id
      returning p.node_id, p.state, p.starts
    )
    select n.system_id as "systemId", t.starts as start, t.state as wanted, n.architecture,
      n.bios_boot_method as "biosBootMethod",
      array(select i.mac::text from interface i where i.node_id = n.id and i.type = 'physical' and i.mac is not null
        order by i.id is distinct from n.boot_interface_id, i.id) as macs
    from taken t join node n on n.id = t.node_id order by n.id`.execute(tx);
  return rows;
}

/** Machines without a switch that wait for somebody to walk there: done, once for each boot. */
export async function switchOnByHand(tx: Tx, powerTypes: readonly string[]): Promise<void> {
  await sql`
    insert into simulated_power as p (node_id, state, starts, by_hand_epoch)
    select id, 'on', 1, boot_epoch from node
    where node_type = 0 and waiting_for = 'operator_power_on' and power_type = any(${powerTypes}::text[])
    on conflict (node_id) do update
      set state = 'on', starts = p.starts + 1, by_hand_epoch = excluded.by_hand_epoch, changed_at = now()
      where p.by_hand_epoch is distinct from excluded.by_hand_epoch`.execute(tx);
}

/** Whoever played them has gone: machines that are on start again from their firmware, as after a power failure. */
export async function forgetPlayers(tx: Tx): Promise<void> {
  await tx.updateTable("simulated_power").set({ playing: null }).where("state", "=", "on").execute();
}

/** Machines that were switched on by nobody: new ones that enlist. @returns their start, by system id */
export async function startedByThemselves(tx: Tx, systemIds: readonly string[]): Promise<Record<string, number>> {
  const { rows } = await sql<{ systemId: string; start: number }>`
    insert into simulated_power as p (node_id, state, starts, playing)
    select id, 'on', 1, 1 from node where node_type = 0 and system_id = any(${systemIds}::text[])
    on conflict (node_id) do update
      set state = 'on', starts = p.starts + 1, playing = p.starts + 1, changed_at = now() where p.state = 'off'
    returning (select system_id from node where id = p.node_id) as "systemId", p.starts as start`.execute(tx);
  return Object.fromEntries(rows.map(({ systemId, start }) => [systemId, start]));
}

/** Machines that went off by themselves, each with the start that this ended. A later start is not touched. */
export async function wentOff(tx: Tx, ended: readonly { systemId: string; start: number }[]): Promise<void> {
  await sql`
    update simulated_power p set state = 'off', playing = null, changed_at = now()
    from unnest(${ended.map((e) => e.systemId)}::text[], ${ended.map((e) => e.start)}::integer[]) as e (system_id, start)
    join node n on n.system_id = e.system_id
    where p.node_id = n.id and p.starts = e.start and p.state = 'on'`.execute(tx);
}

/** How BMCs misbehave from now on; null: not at all. */
export async function setBmcFaults(
  tx: Tx,
  faults: readonly { systemId: string; fault: string | null }[],
): Promise<void> {
  await sql`
    insert into simulated_power as p (node_id, bmc)
    select n.id, f.fault
    from unnest(${faults.map((f) => f.systemId)}::text[], ${faults.map((f) => f.fault)}::text[]) as f (system_id, fault)
    join node n on n.system_id = f.system_id and n.node_type = 0
    on conflict (node_id) do update set bmc = excluded.bmc`.execute(tx);
}

export async function countSimulated(db: Kysely<Schema>): Promise<{ on: number; off: number; unplayed: number }> {
  const { rows } = await sql<{ on: number; off: number; unplayed: number }>`
    select count(*) filter (where state = 'on')::int as on, count(*) filter (where state = 'off')::int as off,
      count(*) filter (where state = 'on' and playing is distinct from starts)::int as unplayed
    from simulated_power`.execute(db);
  return rows[0] ?? { on: 0, off: 0, unplayed: 0 };
}
