/** Settings, keys, events, and a machine that is deployed already: what needs no machine that runs. */
import assert from "node:assert/strict";
import type { MachineJson, Session } from "./session.ts";

interface KeyJson {
  name: string;
  token: string;
}

export async function settingsByCli(session: Session): Promise<void> {
  const { shell, step, row, refuses } = session;
  const timeout = async () => (await shell.run("maas $PROFILE maas get-config name=node_timeout")).trim();
  await row("S0-206", async () => {
    assert.equal(await timeout(), "30");
    const set = "maas $PROFILE maas set-config name=node-timeout value=$NUMBER_OF_MINUTES";
    assert.match(await shell.run(set, { NUMBER_OF_MINUTES: "45" }), /^OK/);
    assert.equal(await timeout(), "45");
    assert.match(await shell.run("maas $PROFILE maas set-config name=node_timeout value=30"), /^OK/);
    assert.equal(await timeout(), "30");
  });
  await row("S0-207", async () => {
    const wrong = [
      { name: "node-timeout", value: "0" },
      { name: "node_timeout", value: "ten" },
      { name: "node_timeout" },
    ];
    for (const form of [...wrong, { value: "5" }]) await refuses(400, "POST", "maas/?op=set_config", form);
    const line = "maas $PROFILE maas set-config name=node-timeout value=0";
    assert.notEqual((await shell.attempt(line)).code, 0);
    assert.equal(await timeout(), "30");
  });
  await row("S0-208", async () => undefined);
  await step("S2-013 S2-016 S2-018 S2-022: account keys, with the spelling slips", () => accountKeys(session));
  await step("commission without the system id is a usage error", async () => {
    const ran = await shell.attempt("maas $PROFILE machine commission testing_scripts=smartctl-validate");
    assert.equal(ran.code, 2);
    assert.match(ran.err, /missing: system_id/);
  });
  await runsAlready(session);
  await step("events query", async () => {
    const page = await shell.json<{ count: number; events: unknown[] }>(
      "maas $PROFILE events query limit=5 level=DEBUG",
    );
    assert.equal(page.count, page.events.length);
  });
}

const CREATE =
  "maas $profile machines create deployed=true hostname=mymachine \\\narchitecture=amd64 mac_addresses=00:16:3e:df:35:bb power_type=manual";

async function runsAlready({ shell, row, refuses, plain }: Session): Promise<void> {
  const profile = { profile: "admin" };
  const create = (rest: string) => shell.json<MachineJson>(`maas $profile machines create ${rest}`, profile);
  let made: MachineJson | undefined;
  const others: string[] = [];
  await row("S0-210", async () => {
    made = await shell.json<MachineJson>(CREATE, profile);
    assert.deepEqual([made.status_name, made.power_state], ["Deployed", "unknown"]);
    assert.equal(made.current_installation_result_id, null);
  });
  const ID = made?.system_id ?? "";
  await row("S0-212", async () => {
    assert.equal(made?.hostname, "mymachine");
    const nameless = await create("deployed=true");
    others.push(nameless.system_id);
    assert.match(nameless.hostname, /^[a-z]+-[a-z]+$/);
  });
  await row("S0-213", async () => assert.equal(made?.architecture, "amd64/generic"));
  await row("S0-214", async () => {
    assert.deepEqual(
      made?.interface_set.map((i) => i.mac_address),
      ["00:16:3e:df:35:bb"],
    );
    const two = await create("deployed=true mac_addresses=00:16:3e:df:35:bc mac_addresses=00:16:3e:df:35:bd");
    others.push(two.system_id);
    assert.equal(two.interface_set.length, 2);
    const taken = { deployed: "true", architecture: "amd64", mac_addresses: "00:16:3e:df:35:bb" };
    assert.match(await refuses(400, "POST", "machines/", taken), /mac_addresses/);
  });
  await row("S0-215", async () => assert.equal(made?.power_type, "manual"));
  await row("S0-220", async () => {
    const bare = await create("hostname=seeds-bare deployed=true");
    others.push(bare.system_id);
    assert.deepEqual([bare.status_name, bare.interface_set.length], ["Deployed", 0]);
  });
  await row("S0-222", async () => {
    assert.deepEqual([made?.cpu_count, made?.memory, made?.storage], [0, 0, 0]);
  });
  await row("S0-227", async () => {
    const seen = await shell.run(`script -qec "maas $profile machine get-token $ID" /dev/null`, { ...profile, ID });
    assert.match(seen, /^Success\.\r?\nMachine-readable output follows:\r?\n\{/);
  });
  const getToken = (id: string) =>
    shell.json<Record<string, string> | null>("maas $profile machine get-token $ID", { ...profile, ID: id });
  await row("S0-211", async () => {
    assert.deepEqual([made?.status_name, made?.owner], ["Deployed", "admin"]);
    assert.ok(await getToken(ID));
    const fresh = await create("deployed=false architecture=amd64 mac_addresses=00:16:3e:df:35:be commission=false");
    others.push(fresh.system_id);
    assert.deepEqual([fresh.status_name, fresh.owner], ["New", null]);
  });
  await row("S0-228", async () => {
    assert.deepEqual(Object.keys((await getToken(ID)) ?? {}).toSorted(), ["consumer_key", "token_key", "token_secret"]);
    assert.equal(await getToken(others.at(-1) ?? ""), null, "the new machine has no token");
    const other = await shell.attempt("maas $OTHER machine get-token $ID", { OTHER: await plain(), ID });
    assert.equal(other.code, 2);
    assert.match(other.out + other.err, /reserved for admin users/);
  });
  for (const one of [ID, ...others]) await shell.run("maas $PROFILE machine delete $ID", { ID: one });
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
