/** The runner as a person starts it on the machine: here, in a directory of its own, with the credentials of a machine that is commissioned. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { imageCacheDir } from "@rackwright/images/cache-dir";
import { argument, expand, readBootScript } from "@rackwright/testkit/fleet/boot-script";
import { type Credentials, METADATA_VERSION, readPreseed } from "@rackwright/testkit/fleet/cloud-config";
import { multipart } from "@rackwright/testkit/fleet/multipart";
import { readArchive } from "@rackwright/testkit/fleet/script-index";
import { signalFields } from "@rackwright/testkit/fleet/signals";
import { authorization } from "@rackwright/testkit/fleet/signing";
import { until } from "@rackwright/testkit/until";
import { currentSet } from "../lifecycle.ts";
import type { NotMet, ScriptJson, Session } from "../session.ts";
import { newMachine } from "./first-life.ts";
import { MACS, type Room } from "./room.ts";

export async function byHand(session: Session, room: Room): Promise<void> {
  const { shell, row } = session;
  const id = await newMachine(session, "byHand", "10.9.0.4");
  await shell.json("maas $PROFILE machine commission $SYSTEM_ID testing_scripts=seeds-greeting", { SYSTEM_ID: id });
  const preseed = await preseedOf(room);
  await writeFile(join(shell.home, "creds.cfg"), preseed);
  const { credentials } = readPreseed(preseed);
  await tellBuiltin(session, credentials);

  const userData = (await ask(credentials, "user-data")).toString("utf8");
  await writeFile(join(shell.home, "user_data.sh"), userData);
  // Its last line would run all of it for the machine that this host is.
  await shell.run(
    "mkdir hand && sed 's/^exec maas-run-remote-scripts.*/exit 0/' user_data.sh > unpack.sh && TMPDIR=$PWD/hand sh unpack.sh",
  );
  const dir = (await shell.run("echo hand/user_data.sh.*")).trim();
  const vars = { DIR: dir };
  const runner = "$DIR/bin/maas-run-remote-scripts --config=creds.cfg";
  const own = ["51-every-time", "seeds-typed"];
  const statuses = async () => {
    const sets = [
      await currentSet(session, id, "current-commissioning"),
      await currentSet(session, id, "current-testing"),
    ];
    return sets.flatMap((set) =>
      set.results.filter((r) => [...own, "seeds-greeting"].includes(r.name)).map((r) => r.status_name),
    );
  };

  let ran = "";
  await row(["S0-139", "S0-142"], async () => {
    ran = await shell.run(`${runner} --no-send $DIR 2>&1`, vars);
    assert.deepEqual(await statuses(), ["Pending", "Pending", "Pending"]);
  });
  await row("S0-140", async () => {
    assert.deepEqual((await readdir(join(shell.home, dir))).toSorted(), ["bin", "config", "out", "scripts"]);
  });
  await row("S0-143", async () => {
    assert.match(ran, /commissioning: 51-every-time/);
    assert.match(ran, /testing: seeds-greeting/);
  });
  const holds = (what: string) => shell.run(`ls $DIR/scripts/${what}`, vars).then((text) => text.trim().split("\n"));
  await row(["S0-135", "S1-004"], async () => assert.deepEqual((await holds("commissioning")).toSorted(), own));
  await row(["S0-135", "S1-005"], async () => assert.deepEqual(await holds("testing"), ["seeds-greeting"]));
  await row(["S0-136", "S1-006"], async () => {
    assert.match(await shell.run("grep -rh 'each time' $DIR/out", vars), /^each time$/m);
    assert.match(await shell.run("grep -rh 'hello from' $DIR/out", vars), /^hello from Linux$/m);
  });
  await row(["S0-138", "S0-141"], async () => {
    await shell.run("echo 'echo this very file' >> $DIR/scripts/testing/seeds-greeting", vars);
    await shell.run(`${runner} --no-download $DIR 2>&1`, vars);
    const printed = await shell.run(
      "maas $PROFILE node-script-result download $SYSTEM_ID current-testing output=stdout",
      {
        SYSTEM_ID: id,
      },
    );
    assert.equal(printed, "hello from Linux\nthis very file\n");
  });
  await row("S0-137", async () => assert.deepEqual(await statuses(), ["Passed", "Passed", "Passed"]));
  await row(["S0-136", "S1-007"], () => logsIn("output: {all: '| tee -a /var/log/cloud-init-output.log'}"));
  await row(["S0-136", "S1-008"], () => logsIn("args=('/var/log/cloud-init.log'"));
}

/** As the machine's firmware and initrd get at it. */
async function preseedOf({ bootUrl }: Room): Promise<string> {
  const values = {
    mac: MACS.byHand.replaceAll(":", "-"),
    platform: "pcbios",
    buildarch: "x86_64",
    uuid: "",
    serial: "",
  };
  let url = expand(`${bootUrl}/ipxe.cfg-\${mac:hexhyp}?platform=\${platform}&buildarch=\${buildarch}`, values);
  const kernel = await until(
    async () => {
      const boot = readBootScript(await (await fetch(url)).text());
      if (boot.do === "chain") url = expand(boot.url, values);
      return boot.do === "kernel" ? boot.arguments : undefined;
    },
    { timeoutMs: 30_000, everyMs: 500, what: "a boot script for the machine that is played by hand" },
  );
  const preseedUrl = argument(kernel, "cloud-config-url");
  assert.ok(preseedUrl);
  return (await fetch(preseedUrl)).text();
}

async function ask(as: Credentials, path: string, body?: Record<string, string>): Promise<Buffer> {
  const form = body && multipart(body);
  const reply = await fetch(`${as.metadataUrl}${METADATA_VERSION}/${path}`, {
    headers: {
      authorization: authorization(as, Date.now() / 1000),
      ...(form ? { "content-type": form.contentType } : {}),
    },
    ...(form ? { method: "POST", body: form.body } : {}),
  });
  const content = Buffer.from(await reply.arrayBuffer());
  assert.ok(reply.ok, `${path}: ${reply.status} ${content.toString("utf8").slice(0, 200)}`);
  return content;
}

/** The built-in scripts would look at, and change, this host: the region is told that they have run. */
async function tellBuiltin({ shell }: Session, as: Credentials): Promise<void> {
  const scripts = await shell.json<ScriptJson[]>("maas $PROFILE node-scripts read type=commissioning");
  const builtin = new Set(scripts.filter((s) => s.default).map((s) => s.name));
  for (const row of await readArchive(await ask(as, "maas-scripts")))
    if (builtin.has(row.name)) await ask(as, "", signalFields({ status: "WORKING", row, exitStatus: 0 }));
}

/** Whether cloud-init of the built image writes its log there. */
async function logsIn(said: string): Promise<void | NotMet> {
  const cache = imageCacheDir();
  const [image] = (await readdir(cache, { recursive: true }).catch(() => [])).filter((name) =>
    name.endsWith("/squashfs"),
  );
  if (image === undefined)
    return { notMet: `no image was built on this host to look into (script/image makes one in ${cache})` };
  const { execFile } = await import("node:child_process");
  const { promisify } = await import("node:util");
  const file = "etc/cloud/cloud.cfg.d/05_logging.cfg";
  const { stdout } = await promisify(execFile)("unsquashfs", ["-cat", join(cache, image), file]);
  assert.ok(stdout.includes(said), stdout.slice(-400));
}

export const readHome = ({ shell }: Session, name: string): Promise<string> => readFile(join(shell.home, name), "utf8");
