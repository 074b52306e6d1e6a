/** The Go clients of the API, gomaasclient (Terraform) and gomaasapi (Juju), on a region with emulated machines. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { buildGo, NoGo } from "@rackwright/testkit/go-programs";
import { type ClientRoom, clientRoom } from "./room.ts";
import { runSteps } from "./steps.ts";

const MODULE = join(import.meta.dirname, "go");

test("clients in Go", { timeout: 900_000 }, async (t) => {
  const programs = await mkdtemp(join(tmpdir(), "rackwright-clients-"));
  try {
    try {
      await buildGo(MODULE, ["gomaasclient", "gomaasapi"], programs);
    } catch (error) {
      if (!(error instanceof NoGo)) throw error;
      t.skip(`LEFT OUT: gomaasclient and gomaasapi: ${error.message}`);
      return;
    }
    await using room = await clientRoom();
    await prepareForJuju(room);
    await t.test("gomaasapi v2.3.0", (t2) => runSteps(t2, room, [join(programs, "gomaasapi")]));
    await t.test("gomaasclient v0.20.0", (t2) => runSteps(t2, room, [join(programs, "gomaasclient")]));
  } finally {
    await rm(programs, { recursive: true, force: true });
  }
});

/** What Juju expects of a site: its program makes none of it. */
async function prepareForJuju({ api, readyMachine }: ClientRoom): Promise<void> {
  const space = (await api.call("POST", "spaces/", [["name", "juju-space"]])) as { id: number };
  const vlan = (await api.call("PUT", "fabrics/0/vlans/0/", [["space", String(space.id)]])) as { id: number };
  const { id: near } = (await api.call("POST", "subnets/", [
    ["cidr", "10.66.0.0/24"],
    ["vlan", String(vlan.id)],
    ["gateway_ip", "10.66.0.1"],
  ])) as { id: number };
  const fabric = (await api.call("POST", "fabrics/", [["name", "elsewhere"]])) as { vlans: { id: number }[] };
  const far = (await api.call("POST", "subnets/", [
    ["cidr", "10.67.0.0/24"],
    ["vlan", String(fabric.vlans[0]?.id)],
  ])) as { id: number };
  await api.call("POST", "static-routes/", [
    ["source", String(near)],
    ["destination", String(far.id)],
    ["gateway_ip", "10.66.0.1"],
  ]);
  const id = await readyMachine("juju-1", "0a:66:00:00:00:01");
  await api.call("POST", "tags/", [["name", "juju-tag"]]);
  await api.call("POST", "tags/", [["name", "other-tag"]]);
  await api.call("POST", "tags/juju-tag/?op=update_nodes", [["add", id]]);
  const machine = (await api.call("GET", `machines/${id}/`)) as { boot_interface: { id: number } };
  await api.call("POST", `nodes/${id}/interfaces/${machine.boot_interface.id}/?op=link_subnet`, [
    ["mode", "AUTO"],
    ["subnet", String(near)],
  ]);
}
