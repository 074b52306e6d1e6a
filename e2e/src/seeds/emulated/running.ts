/** Machines that run a workload already, by the program that they fetch: here, this host is the machine. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { authorization } from "@rackwright/testkit/fleet/signing";
import type { MachineJson, Session } from "../session.ts";
import { readHome } from "./by-hand.ts";

interface Creds {
  reporting: { maas: { consumer_key: string; token_key: string; token_secret: string; endpoint: string } };
}

export async function runsAlreadyByItself(session: Session): Promise<void> {
  const { shell, row, host, apiKey } = session;
  const vars = { MAAS: host, MAAS_API_TOKEN: apiKey };
  const read = (id: string) => shell.json<MachineJson>("maas $PROFILE machine read $ID", { ID: id });
  await row("S0-216", async () => {
    const wget = (await shell.attempt("command -v wget")).code === 0 ? "wget -q" : "curl -fsSO";
    await shell.run(`${wget} $MAAS/maas-run-scripts\nchmod 755 maas-run-scripts`, vars);
    assert.match(await readHome(session, "maas-run-scripts"), /^#!\/usr\/bin\/env python3\n/);
    await shell.run("./maas-run-scripts --help");
  });
  let id = "";
  await row(["S0-217", "S0-209"], async () => {
    const line = "./maas-run-scripts register-machine --hostname mymachine \\\n $MAAS $MAAS_API_TOKEN";
    id = (await shell.run(line, vars)).trim().split("\n").at(-1) ?? "";
    const machine = await read(id);
    assert.deepEqual([machine.hostname, machine.status_name, machine.owner], ["mymachine", "Deployed", "admin"]);
  });
  await row("S0-218", async () => {
    // In a namespace of its own: the controller has this host's name already.
    const here = "hostname seeds-here && exec ./maas-run-scripts register-machine $MAAS $MAAS_API_TOKEN";
    if ((await shell.attempt("unshare -ru true")).code !== 0)
      return { notMet: "unshare may make no namespace here, so that this host cannot have another name for a moment" };
    const [named] = (await shell.run(`unshare -ru sh -c '${here}'`, vars)).trim().split("\n").toReversed();
    assert.equal((await read(named ?? "")).hostname, "seeds-here");
    await shell.run("maas $PROFILE machine delete $ID", { ID: named ?? "" });
    return undefined;
  });
  await row("S0-219", async () => {
    const wrong = { ...vars, MAAS_API_TOKEN: "a:b:c" };
    const ran = await shell.attempt(
      "./maas-run-scripts register-machine --hostname another $MAAS $MAAS_API_TOKEN",
      wrong,
    );
    assert.notEqual(ran.code, 0);
    assert.match(ran.err, /^maas-run-scripts: [^\n]*\n$/);
    assert.match(ran.err, /key/i);
  });
  const creds = async () => (parse(await readHome(session, "mymachine-creds.yaml")) as Creds).reporting.maas;
  await row("S0-221", async () => {
    const found = await creds();
    assert.deepEqual(Object.keys(found).toSorted(), ["consumer_key", "endpoint", "token_key", "token_secret"]);
    assert.equal(found.endpoint, `${host}/metadata/status/${id}`);
  });
  await row("S0-226", async () => {
    const { consumer_key: consumerKey, token_key: tokenKey, token_secret: tokenSecret, endpoint } = await creds();
    const report = {
      name: "modules-final",
      description: "at home",
      origin: "cloudinit",
      event_type: "finish",
      result: "SUCCESS",
    };
    const reply = await fetch(endpoint, {
      method: "POST",
      headers: {
        authorization: authorization({ consumerKey, tokenKey, tokenSecret }, Date.now() / 1000),
        "content-type": "application/json",
      },
      body: JSON.stringify({ ...report, timestamp: Date.now() / 1000 }),
    });
    assert.ok(reply.ok, `${reply.status} ${await reply.text()}`);
  });
  // The controller has this host's cards: a machine that claimed them would be refused. Here it has none.
  const report = (config: string) =>
    `unshare -rm sh -c 'mount -t tmpfs none /sys/class/net && exec ./maas-run-scripts report-results --config ${config}'`;
  const isPossible = (await shell.attempt("unshare -rm mount -t tmpfs none /sys/class/net")).code === 0;
  const impossible = { notMet: "unshare may make no namespace here, so that this host cannot be without its cards" };
  const knows = async () => {
    const { cpu_count, memory, status_name } = await read(id);
    assert.ok(
      (cpu_count as number) > 0 && (memory as number) > 0,
      `cpu_count ${cpu_count as number}, memory ${memory as number}`,
    );
    assert.equal(status_name, "Deployed");
  };
  await row(["S0-209", "S0-223"], async () => {
    if (!isPossible) return impossible;
    assert.equal((await read(id)).cpu_count, 0);
    await shell.run(report("mymachine-creds.yaml"));
    await knows();
    return undefined;
  });
  await row("S0-224", async () => {
    const ran = await shell.attempt("./maas-run-scripts report-results --config nothing.yaml");
    assert.notEqual(ran.code, 0);
    assert.match(ran.err, /nothing\.yaml/);
  });
  const reportsAgain = async (values: Record<string, string>) => {
    if (!isPossible) return impossible;
    const file = `reporting:
          maas:
            consumer_key: $CONSUMER_KEY
            endpoint: $MAAS/metadata/status/$SYSTEM_ID
            token_key: $TOKEN_KEY
            token_secret: $TOKEN_SECRET
`;
    const given = { ...vars, SYSTEM_ID: id, ...values };
    await shell.run(`cat > by-hand.yaml << END\n${file}END`, given);
    const before = (await read(id)).current_commissioning_result_id;
    const printed = await shell.run(report("by-hand.yaml"));
    assert.match(printed, /^Reported \d+ results/);
    assert.ok(before > 0);
    await knows();
    return undefined;
  };
  await row("S0-225", async () => {
    const { consumer_key, token_key, token_secret } = await creds();
    return reportsAgain({ CONSUMER_KEY: consumer_key, TOKEN_KEY: token_key, TOKEN_SECRET: token_secret });
  });
  await row("S0-229", async () => {
    const token = await shell.json<Record<string, string>>("maas $PROFILE machine get-token $ID", { ID: id });
    return reportsAgain({
      CONSUMER_KEY: token.consumer_key ?? "",
      TOKEN_KEY: token.token_key ?? "",
      TOKEN_SECRET: token.token_secret ?? "",
    });
  });
  await shell.run("maas $PROFILE machine delete $ID", { ID: id });
}
