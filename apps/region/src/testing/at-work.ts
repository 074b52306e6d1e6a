/** Machines in the middle of their work, with the credentials that they have then. */
import assert from "node:assert/strict";
import { newNodeToken } from "../auth/tokens.ts";
import { inTransaction } from "../context.ts";
import { credentialsIn, machineSide } from "./machine-side.ts";
import { addMachine, netboot } from "./machines.ts";
import type { TestRegion } from "./region.ts";

/** A machine that commissions, with the credentials of its boot. */
export async function commissioning(t: TestRegion) {
  const { preseed } = machineSide(() => t);
  const m = await addMachine(t, "new");
  const reply = await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op: "commission" } });
  assert.equal(reply.status, 200, reply.text);
  const { secret } = await netboot(t, m.mac);
  const text = await preseed(m.systemId, secret);
  assert.equal(text.status, 200, text.text);
  return { ...m, secret, token: credentialsIn(text.text) };
}

/** A machine that installs: allocated before, its secret and credentials of this boot. */
export async function deploying(t: TestRegion) {
  const m = await addMachine(t, "deploying", {
    owner_id: t.user.id,
    osystem: "debian",
    distro_series: "bookworm",
    status_deadline: new Date(t.clock.now().getTime() + 3_600_000),
    waiting_for: "power_on",
    boot_epoch: 3,
    user_data: Buffer.from("#!/bin/sh\necho mine\n"),
  });
  const token = await inTransaction({ region: t.region }, (tx) => newNodeToken(t.region, tx, m.id));
  return { ...m, token };
}
