/** Every command line of the documentation, typed as it stands there, against a real region and a machine that is emulated. */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "@rackwright/testkit/until";
import { commandLines } from "./test-support/command-lines.ts";
import { type Home, launcher, newHome } from "./test-support/maas.ts";
import { type RealRegion, startRealRegion } from "./test-support/region.ts";

const SIMULATE = fileURLToPath(new URL("../../../packages/testkit/src/fleet/main.ts", import.meta.url));
/** The emulated machine lives fifty times as fast as a real one; the host may be loaded. */
const STATUS_MS = 240_000;

let region: RealRegion;
let home: Home;
let player: ChildProcess;
let played = "";
let vars: Record<string, string>;

before(async () => {
  region = await startRealRegion();
  home = await newHome();
  player = spawn(process.execPath, [SIMULATE, "--play-all", "--speed", "50"], {
    env: { ...process.env, MAAS_URL: region.url, MAAS_APIKEY: region.key },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [player.stdout, player.stderr]) stream?.on("data", (chunk: Buffer) => (played += String(chunk)));
  const script = join(home.path, "script.sh");
  await writeFile(script, "#!/bin/sh\necho tried\n");
  vars = {
    PATH: `${dirname(launcher)}:${process.env["PATH"] ?? ""}`,
    HOME: home.path,
    RACKWRIGHT_DATA: region.data,
    PROFILE: "admin",
    profile: "admin",
    PROFILE_NAME: "admin",
    URL: region.url,
    API_KEY: region.key,
    SCRIPT_NAME: "my-script",
    SCRIPT_TAG: "network",
    TAG: "mytag",
    SCRIPT_TYPE: "testing",
    SUPPRESSED: "true",
    PATH_TO_SCRIPT: script,
    COMMENT: "second",
    LOCAL_FILENAME: join(home.path, "downloaded"),
    NEW_LINK_SPEED: "1000",
    NEW_INTERFACE_SPEED: "1000",
    NUMBER_OF_MINUTES: "45",
  };
  await ok("maas login admin $URL $API_KEY");
  const made = await ok(
    "maas admin machines create hostname=node1 architecture=amd64 mac_addresses=02:00:00:00:07:01 power_type=manual",
  );
  vars["SYSTEM_ID"] = (JSON.parse(made) as { system_id: string }).system_id;
  await untilStatus("Ready");
});
after(async () => {
  if (player && player.exitCode === null && player.signalCode === null) {
    player.kill("SIGTERM");
    await once(player, "exit");
  }
  await home?.[Symbol.asyncDispose]();
  await region?.[Symbol.asyncDispose]();
});

/** As a person's shell runs it. sudo is nothing here: whoever runs the test runs the region. */
function type(line: string): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn("bash", ["-o", "pipefail", "-c", `sudo() { "$@"; }; ${line}`], {
    env: vars,
    cwd: home.path,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

async function ok(line: string): Promise<string> {
  const { code, out, err } = await type(line);
  assert.equal(code, 0, `${line}\n${out}${err}`);
  return out;
}
const read = async <T>(line: string): Promise<T> => JSON.parse(await ok(line)) as T;

async function untilStatus(wanted: string): Promise<void> {
  let last = "";
  const isThere = async () => {
    const machine = await read<{ status_name: string; status_message: string }>("maas admin machine read $SYSTEM_ID");
    last = `${machine.status_name}: ${machine.status_message}`;
    return machine.status_name === wanted;
  };
  await until(isThere, { what: `the machine to be ${wanted}`, timeoutMs: STATUS_MS, everyMs: 500 }).catch(
    (error: unknown) => {
      throw new Error(`${String(error)}: it is ${last}\n${played.slice(-2000)}`, { cause: error });
    },
  );
}

/** What a person would look up before typing the line. */
const lookedUp: Record<string, () => Promise<unknown>> = {
  VERSION_ID: async () =>
    (await read<{ history: { id: number }[] }>("maas admin node-script read my-script")).history.at(-1)?.id,
  RESULTS: async () =>
    (await read<{ id: number }[]>("maas admin node-script-results read $SYSTEM_ID type=testing")).at(-1)?.id,
  INTERFACE_ID: async () => (await read<{ id: number }[]>("maas admin interfaces read $SYSTEM_ID"))[0]?.id,
  INTERFACE_NAME: async () => (await read<{ name: string }[]>("maas admin interfaces read $SYSTEM_ID"))[0]?.name,
};

const isMissing = (program: string): boolean => {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return false;
  } catch {
    return true;
  }
};

for (const { id, line, as, says, code = 0, parses, before: first, needs, until: status, keep } of commandLines)
  test(`${id}: ${line}`, async (t) => {
    if (needs !== undefined && isMissing(needs)) return t.skip(`LEFT OUT: no ${needs}, see e2e/packages.txt`);
    if (first !== undefined) await ok(first);
    for (const [name, look] of Object.entries(lookedUp))
      if (`${line} ${as}`.includes(`$${name}`)) vars[name] = String(await look());
    const ran = await type(line);
    const said = `${ran.out}${ran.err}`;
    if (code === "any") assert.notEqual(ran.code, 0, said);
    else assert.equal(ran.code, code, said);
    if (parses !== undefined && code !== "any") assert.ok(said.includes(parses), said);
    const meant = as === undefined ? said : await ok(as);
    if (says !== undefined) assert.match(meant, new RegExp(says, "m"));
    for (const [variable, field] of Object.entries(keep ?? {}))
      vars[variable] = (JSON.parse(ran.out) as Record<string, string>)[field] ?? "";
    if (status !== undefined) await untilStatus(status);
    t.diagnostic(`${id} PASS exit ${ran.code}`);
  });
