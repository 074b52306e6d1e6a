/** What people do around a Ready machine: tags, power, links, events. */
import assert from "node:assert/strict";
import type { MachineJson, Session } from "./session.ts";

interface EventJson {
  id: number;
  node: string;
  type: string;
}

export async function aroundTheMachine({ shell, step }: Session, id: string): Promise<void> {
  const vars = { SYSTEM_ID: id };
  await step("S0-025: a tag for the commissioned machine", async () => {
    await shell.run('maas $PROFILE tags create name=seeds-rack comment="a b"');
    await shell.json("maas $PROFILE tag update-nodes seeds-rack add=$SYSTEM_ID", vars);
    const machine = await shell.json<MachineJson>("maas $PROFILE machine read $SYSTEM_ID", vars);
    assert.ok(machine.tag_names.includes("seeds-rack"));
    const tagged = await shell.json<MachineJson[]>("maas $PROFILE tag machines seeds-rack");
    assert.deepEqual(
      tagged.map((m) => m.system_id),
      [id],
    );
    await shell.run("maas $PROFILE tag delete seeds-rack");
  });
  await step("power-parameters and the BMC's own word", async () => {
    const power = await shell.json<Record<string, string>>("maas $PROFILE machine power-parameters $SYSTEM_ID", vars);
    assert.match(power.power_address ?? "", /^10\.77\./);
    assert.ok(power.power_user && power.power_pass);
    const { state } = await shell.json<{ state: string }>("maas $PROFILE machine query-power-state $SYSTEM_ID", vars);
    assert.equal(state, "off");
  });
  await step("S0-169 S0-170: the seeds' table of links", async () => {
    const table = await shell.run(
      `maas $PROFILE interfaces read $SYSTEM_ID \\
| jq -r '(["LINK_NAME","LINK_CONNECTED?","LINK_SPEED", "I/F_SPEED"]
| (., map(length*"-"))), (.[] | [.name, .link_connected, .link_speed, .interface_speed])
| @tsv' | column -t`,
      vars,
    );
    const [head, dashes, ...rows] = table.trim().split("\n");
    assert.match(head ?? "", /^LINK_NAME +LINK_CONNECTED\? +LINK_SPEED +I\/F_SPEED$/);
    assert.match(dashes ?? "", /^-{9} +-{15} +-{10} +-{9}$/);
    assert.ok(rows.length > 0);
    for (const row of rows) assert.match(row, /^\S+ +(true|false) +\d+ +\d+$/);
  });
  await step("S0-171 S0-172 S0-175 S0-176 S0-177: repair a link's record", async () => {
    const [nic] = await shell.json<{ id: number }[]>("maas $PROFILE interfaces read $SYSTEM_ID", vars);
    const update = (rest: string) => `maas $PROFILE interface update $SYSTEM_ID ${nic?.id} ${rest}`;
    const broken = await shell.json<Record<string, unknown>>(update("link_connected=false"), vars);
    assert.equal(broken.link_connected, false);
    assert.notEqual((await shell.attempt(update("link_speed=1000"), vars)).code, 0);
    await shell.json(update("link_connected=true"), vars);
    const repaired = await shell.json<Record<string, unknown>>(update("link_speed=100 interface_speed=1000"), vars);
    assert.deepEqual([repaired.link_connected, repaired.link_speed, repaired.interface_speed], [true, 100, 1000]);
    assert.notEqual((await shell.attempt(update("link_speed=-1"), vars)).code, 0);
  });
  await step("events query: this machine's, newest first", async () => {
    const page = await shell.json<{ count: number; events: EventJson[] }>(
      "maas $PROFILE events query id=$SYSTEM_ID limit=20 level=INFO",
      vars,
    );
    assert.ok(page.count > 0);
    assert.ok(page.events.every((e) => e.node === id));
    const ids = page.events.map((e) => e.id);
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => b - a),
    );
  });
}
