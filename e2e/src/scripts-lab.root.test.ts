/**
 * Scripts on real machines, and a machine's life by API 1.0, in one lab: one machine waits idly for a script that hangs while the other is
 * installed and started.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { runBuiltInTests } from "./scripts-lab/built-in.ts";
import { runByHand } from "./scripts-lab/by-hand.ts";
import { checkCustomResults, goThroughCustomScripts, suppressAndOverride } from "./scripts-lab/custom.ts";
import type { OldLife } from "./old-api/life.ts";
import { liveInLab } from "./scripts-lab/old-life.ts";
import { openRoom, type ScriptsRoom } from "./scripts-lab/room.ts";

const reasons = [
  process.getuid?.() === 0 ? undefined : "not root",
  existsSync("/dev/net/tun") ? undefined : "no /dev/net/tun",
  existsSync("/usr/bin/qemu-system-x86_64") ? undefined : "no qemu-system-x86_64: see lab/packages.txt",
  existsSync("/usr/bin/ssh-keygen") ? undefined : "no ssh and ssh-keygen: package openssh-client",
  existsSync("/usr/sbin/kea-dhcp4") ? undefined : "no kea-dhcp4: see apps/rack/packages.txt",
].filter((reason) => reason !== undefined);
const skip = reasons.length > 0 && `scripts cannot run on real machines here: ${reasons.join(", ")}`;

let room: ScriptsRoom | undefined;
before(async () => {
  if (!skip) room = await openRoom();
});
after(() => room?.[Symbol.asyncDispose]());

const MOST_MS = 60 * 60_000;

suite("two machines at the same time", { skip, concurrency: true, timeout: MOST_MS }, () => {
  suite("with scripts of somebody's own", { concurrency: 1 }, () => {
    let id: string | undefined;
    test("disks and cards are told apart, a restart is survived, what hangs is ended, what fails is shown", async (t) => {
      assert.ok(room);
      const { site, custom } = room;
      id = await goThroughCustomScripts(site, custom, (line) => t.diagnostic(line));
      await checkCustomResults(site, custom, id);
    });
    test("the scripts are run again by hand, without sending and without downloading", async (t) => {
      assert.ok(room && id !== undefined, "the tests have run");
      await runByHand(room, id, (line) => t.diagnostic(line));
    });
    test("failures are suppressed, and overridden", async () => {
      assert.ok(room && id !== undefined, "the tests have run");
      await suppressAndOverride(room.site, id);
    });
  });
  suite("by API 1.0", { concurrency: 1 }, () => {
    let life: OldLife | undefined;
    test("a machine goes through its whole life, and 2.0 sees the same at every step", async (t) => {
      assert.ok(room);
      life = await liveInLab(room.site, room.old, (line) => t.diagnostic(line));
    });
    test("each built-in test runs on it, or says why it cannot", async (t) => {
      assert.ok(room && life, "there is a machine that is Ready");
      await runBuiltInTests(room.site, life.systemId, (line) => t.diagnostic(line));
    });
  });
});
