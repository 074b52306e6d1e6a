/** What is about pages of a web UI: there is none. Where the API has what a page would show, that is looked at first. */
import assert from "node:assert/strict";
import type { InterfaceJson, MachineJson, NotMet, ScriptJson, ScriptSetJson, Session } from "../session.ts";
import { eventsOf } from "../links.ts";

const noPage = (has: string): NotMet => ({ notMet: `no web UI yet; by API: ${has}` });

/** @param id  a machine whose network was tested, and failed once */
export async function pages(session: Session, id: string): Promise<void> {
  const { shell, row } = session;
  const vars = { SYSTEM_ID: id };
  const runs = () =>
    shell.json<ScriptSetJson[]>("maas $PROFILE node-script-results read $SYSTEM_ID type=testing", vars);
  await row("S0-230", async () => {
    const failed = (await runs()).flatMap((set) => set.results).filter((r) => r.status_name === "Failed");
    assert.ok(failed.some((r) => r.name === "rack-controller-connectivity"));
    return noPage("the failed test among the machine's results");
  });
  await row("S0-231", async () => {
    const scripts = await shell.json<ScriptJson[]>(
      "maas $PROFILE node-scripts read type=testing hardware_type=network",
    );
    assert.ok(scripts.length > 3);
    return noPage("network tests, listed by hardware_type");
  });
  await row("S0-232", async () => {
    const events = await eventsOf(session, id, "WARNING");
    assert.ok(events.some((e) => e.description.includes("not connected")));
    return noPage("link_connected, and a warning among the machine's events");
  });
  await row("S0-233", async () => {
    const events = await eventsOf(session, id, "WARNING");
    assert.ok(events.some((e) => /linked at \d+ Mbit\/s/.test(e.description)));
    return noPage("both speeds, and a warning among the machine's events");
  });
  await row("S0-234", async () => {
    const nics = await shell.json<InterfaceJson[]>("maas $PROFILE interfaces read $SYSTEM_ID", vars);
    const tested = (await runs()).flatMap((set) => set.results).map((r) => r.parameters.interface?.value);
    const values = tested.filter((value) => typeof value === "object" && value !== null) as Record<string, unknown>[];
    assert.ok(nics.every((nic) => values.some((v) => v.name === nic.name && v.mac_address === nic.mac_address)));
    return noPage("name and MAC address in each result");
  });
  await row("S0-235", async () => {
    const machine = await shell.json<MachineJson>("maas $PROFILE machine read $SYSTEM_ID", vars);
    assert.equal(machine.network_test_status_name, machine.interface_test_status_name);
    assert.notEqual(machine.network_test_status_name, "Unknown");
    return noPage("network_test_status and interface_test_status of the machine");
  });
  await row("S0-236", async () => ({ notMet: "no web UI yet; optional" }));
  await row("S1-016", async () => ({ notMet: "no web UI yet; nothing beyond it is required" }));
}
