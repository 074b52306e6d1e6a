/** What people do around a Ready machine: tags, power, links, events. */
import assert from "node:assert/strict";
import { readMachine } from "./lifecycle.ts";
import type { InterfaceJson, MachineJson, Session } from "./session.ts";

interface EventJson {
  id: number;
  node: string;
  type: string;
  level: string;
  description: string;
}

export async function aroundTheMachine(session: Session, id: string): Promise<void> {
  const { shell, step, row } = session;
  const vars = { SYSTEM_ID: id };
  await row(["S0-025", "S1-002"], async () => {
    await shell.run('maas $PROFILE tags create name=seeds-rack comment="a b"');
    await shell.json("maas $PROFILE tag update-nodes seeds-rack add=$SYSTEM_ID", vars);
    const machine = await readMachine(session, id);
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
    assert.match(power.power_address ?? "", /^10\./);
    assert.ok(power.power_user && power.power_pass);
    const { state } = await shell.json<{ state: string }>("maas $PROFILE machine query-power-state $SYSTEM_ID", vars);
    assert.equal(state, "off");
  });
  await pipeline(session, id);
  await linkFacts(session, id);
  await step("events query: this machine's, newest first", async () => {
    const events = await eventsOf(session, id, "INFO");
    assert.ok(events.length > 0);
    assert.ok(events.every((e) => e.node === id));
    const ids = events.map((e) => e.id);
    assert.deepEqual(
      ids,
      ids.toSorted((a, b) => b - a),
    );
  });
}

export async function eventsOf({ shell }: Session, id: string, level: string): Promise<EventJson[]> {
  const page = await shell.json<{ events: EventJson[] }>(
    "maas $PROFILE events query id=$SYSTEM_ID limit=100 level=$LEVEL",
    { SYSTEM_ID: id, LEVEL: level },
  );
  return page.events;
}

const PIPELINE = `maas $PROFILE interfaces read $SYSTEM_ID \\
| jq -r '(["LINK_NAME","LINK_CONNECTED?","LINK_SPEED", "I/F_SPEED"]
| (., map(length*"-"))), (.[] | [.name, .link_connected, .link_speed, .interface_speed])
| @tsv' | column -t`;

async function pipeline({ shell, row }: Session, id: string): Promise<void> {
  const vars = { SYSTEM_ID: id };
  const lines = async () => (await shell.run(PIPELINE, vars)).trim().split("\n");
  await row("S0-169", async () => {
    const [head, dashes, ...rows] = await lines();
    assert.match(head ?? "", /^LINK_NAME +LINK_CONNECTED\? +LINK_SPEED +I\/F_SPEED$/);
    assert.match(dashes ?? "", /^-{9} +-{15} +-{10} +-{9}$/);
    const nics = await shell.json<InterfaceJson[]>("maas $PROFILE interfaces read $SYSTEM_ID", vars);
    assert.ok(nics.length > 0);
    assert.equal(rows.length, nics.length);
  });
  await row("S0-170", async () => {
    for (const one of (await lines()).slice(2)) assert.match(one, /^\S+ +(true|false) +\d+ +\d+$/);
  });
}

async function linkFacts(session: Session, id: string): Promise<void> {
  const { shell, row, refuses, plain } = session;
  const vars = { SYSTEM_ID: id };
  const [nic] = await shell.json<InterfaceJson[]>("maas $PROFILE interfaces read $SYSTEM_ID", vars);
  assert.ok(nic);
  const given = { ...vars, INTERFACE_ID: String(nic.id) };
  const path = `nodes/${id}/interfaces/${nic.id}/`;
  const update = (rest: string, more: Record<string, string> = {}) =>
    shell.json<InterfaceJson>(`maas $PROFILE interface update $SYSTEM_ID $INTERFACE_ID ${rest}`, { ...given, ...more });
  const isRefused = async (rest: string) => {
    const OTHER = await plain();
    const ran = await shell.attempt(`maas $OTHER interface update $SYSTEM_ID $INTERFACE_ID ${rest}`, {
      ...given,
      OTHER,
    });
    assert.equal(ran.code, 2, ran.out);
  };
  await row("S0-172", async () => {
    assert.equal((await update("link_connected=false")).link_connected, false);
    await refuses(400, "PUT", path, { link_speed: "1000" });
    assert.equal((await update("link_connected=true")).link_connected, true);
    await update("link_connected=false");
  });
  await row("S0-171", async () => {
    await isRefused("link_connected=true");
    assert.equal((await update("link_connected=true")).link_connected, true);
  });
  await row(["S0-174", "S0-175", "S0-178"], async () => {
    const speeds = { NEW_LINK_SPEED: "100", NEW_INTERFACE_SPEED: "1000" };
    await isRefused("link_speed=100");
    const now = await update("link_speed=$NEW_LINK_SPEED \\\ninterface_speed=$NEW_INTERFACE_SPEED", speeds);
    assert.deepEqual([now.link_speed, now.interface_speed], [100, 1000]);
    assert.equal((await readMachine(session, id)).status_name, "Ready");
  });
  await row("S0-173", async () => {
    const shown = await shell.json<InterfaceJson>("maas $PROFILE interface read $SYSTEM_ID $INTERFACE_ID", given);
    assert.deepEqual([shown.link_speed, shown.interface_speed], [100, 1000]);
    const warnings = await eventsOf(session, id, "WARNING");
    assert.ok(
      warnings.some((e) => e.description.includes(nic.name) && /100 Mbit\/s.*1000 Mbit\/s/.test(e.description)),
      `no warning of the slow link of ${nic.name} among ${JSON.stringify(warnings.map((e) => e.description))}`,
    );
  });
  await row("S0-176", async () => {
    assert.match(await refuses(400, "PUT", path, { link_speed: "-1" }), /link_speed/);
    assert.match(await refuses(400, "PUT", path, { link_connected: "false", link_speed: "10" }), /link_speed/);
  });
  await row("S0-177", async () => {
    assert.equal((await update("interface_speed=10000")).interface_speed, 10_000);
    assert.match(await refuses(400, "PUT", path, { interface_speed: "-1" }), /interface_speed/);
  });
  await row("S0-168", async () => {
    await update("link_connected=false");
    await shell.run("maas $PROFILE interface disconnect $SYSTEM_ID $INTERFACE_ID", given);
    await update("vlan=$VLAN", { VLAN: String((nic.vlan as { id: number } | null)?.id ?? "") });
    const links = (nic.links as { mode: string; subnet?: { id: number } }[]).filter(({ subnet }) => subnet);
    for (const { mode, subnet } of links.length > 0 ? links : [{ mode: "dhcp", subnet: undefined }])
      await shell.json(
        `maas $PROFILE interface link-subnet $SYSTEM_ID $INTERFACE_ID mode=${mode.toUpperCase()}${subnet ? ` subnet=${subnet.id}` : ""}`,
        given,
      );
    const warnings = await eventsOf(session, id, "WARNING");
    assert.ok(
      warnings.some((e) => e.description.includes(nic.name) && /not connected/.test(e.description)),
      `no warning that ${nic.name} is not connected among ${JSON.stringify(warnings.map((e) => e.description))}`,
    );
    await update("link_connected=true");
  });
}
