/** Settings, keys, events, and a machine that is deployed already: what needs no machine that runs. */
import assert from "node:assert/strict";
import type { MachineJson, Session } from "./session.ts";

interface KeyJson {
  name: string;
  token: string;
}

export async function settingsByCli(session: Session): Promise<void> {
  const { shell, step } = session;
  await step("S0-205 S0-206 S0-207: the deployment timeout, by both spellings", async () => {
    assert.equal((await shell.run("maas $PROFILE maas get-config name=node_timeout")).trim(), "30");
    assert.match(
      await shell.run("maas $PROFILE maas set-config name=node-timeout value=$NUMBER_OF_MINUTES", {
        NUMBER_OF_MINUTES: "45",
      }),
      /^OK/,
    );
    assert.equal((await shell.run("maas $PROFILE maas get-config name=node_timeout")).trim(), "45");
    await shell.run("maas $PROFILE maas set-config name=node_timeout value=30");
    for (const wrong of ["name=node-timeout value=0", "name=node-timeout value=ten", "name=node-timeout", "value=5"])
      assert.notEqual((await shell.attempt(`maas $PROFILE maas set-config ${wrong}`)).code, 0, wrong);
  });
  await step("S2-013 S2-016 S2-018 S2-022: account keys, with the spelling slips", () => accountKeys(session));
  await step("S0-018 S0-021: commission without the system id is a usage error", async () => {
    const ran = await shell.attempt("maas $PROFILE machine commission testing_scripts=smartctl-validate");
    assert.equal(ran.code, 2);
    assert.match(ran.err, /missing: system_id/);
  });
  await step("S0-210 to S0-215 S0-222: a machine that runs a workload already", async () => {
    const made = await shell.json<MachineJson>(
      "maas $PROFILE machines create deployed=true hostname=mymachine \\\narchitecture=amd64 mac_addresses=00:16:3e:df:35:bb power_type=manual",
    );
    assert.deepEqual(
      [made.hostname, made.status_name, made.architecture, made.power_type, made.cpu_count, made.memory, made.owner],
      ["mymachine", "Deployed", "amd64/generic", "manual", 0, 0, "admin"],
    );
    assert.deepEqual(
      made.interface_set.map((i) => i.mac_address),
      ["00:16:3e:df:35:bb"],
    );
    await shell.json("maas $PROFILE machine read $ID", { ID: made.system_id });
  });
  await step("S0-227 S0-228: get-token of the deployed machine has its three parts", async () => {
    const [mine] = await shell.json<MachineJson[]>("maas $PROFILE machines read hostname=mymachine");
    assert.ok(mine);
    const token = await shell.json<Record<string, string>>("maas $PROFILE machine get-token $ID", {
      ID: mine.system_id,
    });
    assert.deepEqual(Object.keys(token).toSorted(), ["consumer_key", "token_key", "token_secret"]);
    for (const value of Object.values(token)) assert.match(value, /^[A-Za-z0-9]{18,32}$/);
    await shell.run("maas $PROFILE machine delete $ID", { ID: mine.system_id });
  });
  await step("events query", async () => {
    const page = await shell.json<{ count: number; events: unknown[] }>(
      "maas $PROFILE events query limit=5 level=DEBUG",
    );
    assert.equal(page.count, page.events.length);
  });
}

async function accountKeys({ shell }: Session): Promise<void> {
  const keys = () => shell.json<KeyJson[]>("maas admin account list-authorization-tokens");
  const before = await keys();
  const made: { token_key: string }[] = [];
  for (const action of [
    "create-authorisation-token",
    "create-authorization-token",
    "create-authorisation-tokens",
    "create-authorization-tokens",
  ])
    made.push(await shell.json(`maas admin account ${action}`));
  assert.equal((await keys()).length, before.length + 4);
  assert.equal((await shell.json<KeyJson[]>("maas admin account list-authorisation-tokens")).length, before.length + 4);
  const [first, ...others] = made.map((m) => m.token_key);
  await shell.run('maas admin account udpate-token-name token="$TOKEN", name="zork"', { TOKEN: first ?? "" });
  assert.ok((await keys()).some((k) => k.name === "zork" && k.token.includes(`:${first}:`)));
  await shell.run('maas admin account delete-authorization-token token_key="$TOKEN"', { TOKEN: first ?? "" });
  for (const TOKEN of others)
    await shell.run('maas admin account delete-authorisation-token token_key="$TOKEN"', { TOKEN });
  assert.deepEqual(await keys(), before);
  const unknown = await shell.attempt('maas admin account delete-authorisation-token token_key="nosuchkey"');
  assert.notEqual(unknown.code, 0);
}
