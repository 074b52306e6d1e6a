import type { ClientBase } from "pg";
import { colons } from "./hosts.ts";

export interface Lease {
  ip: string;
  /** Lower case, colons; empty when the client gave none. */
  mac: string;
  subnetId: number;
  hostname: string | null;
  /** How long it was given for. */
  leaseSeconds: number;
  expiresAt: Date;
  state: "active" | "declined" | "expired";
}

/** Kea's lease_state. */
export const LEASE_STATES = ["active", "declined", "expired"] as const;

interface LeaseRow {
  ip: string;
  mac: string | null;
  subnetId: string;
  hostname: string | null;
  leaseSeconds: string;
  expiresAt: Date;
  state: number;
}

const COLUMNS = `host('0.0.0.0'::inet + address) as ip, encode(hwaddr, 'hex') as mac, subnet_id as "subnetId", hostname,
  valid_lifetime as "leaseSeconds", expire as "expiresAt", state`;

/** Every address that a machine may be using now. */
export async function activeLeases(client: ClientBase): Promise<Lease[]> {
  const { rows } = await client.query<LeaseRow>(
    `select ${COLUMNS} from lease4 where state = 0 and expire > now() order by address`,
  );
  return rows.map(toLease);
}

/** The newest active lease of a MAC; undefined when it has none. */
export async function leaseFor(client: ClientBase, mac: string): Promise<Lease | undefined> {
  const { rows } = await client.query<LeaseRow>(
    `select ${COLUMNS} from lease4 where hwaddr = decode($1, 'hex') and state = 0 and expire > now() order by expire desc limit 1`,
    [mac.replaceAll(":", "")],
  );
  return rows[0] && toLease(rows[0]);
}

/** Kea sees it at the next packet; of a few it is asked itself (`lease4-del`), which it notes in its log. */
export async function dropLeases(client: ClientBase, ips: readonly string[]): Promise<void> {
  await client.query(
    "delete from lease4 where address in (select ip - '0.0.0.0'::inet from unnest($1::inet[]) as a(ip))",
    [ips],
  );
}

function toLease(row: LeaseRow): Lease {
  return {
    ip: row.ip,
    mac: colons(row.mac ?? ""),
    subnetId: Number(row.subnetId),
    hostname: row.hostname || null,
    leaseSeconds: Number(row.leaseSeconds),
    expiresAt: row.expiresAt,
    state: LEASE_STATES[row.state] ?? "expired",
  };
}
