/** kill -9 in the middle of an import of images: it goes on where it was, in a region that is the same one, and the rack gets what came. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { serveMirror, writeMirror } from "@rackwright/region/testing/mirror";
import { RegionApi } from "@rackwright/testkit/fleet/region-api";
import { until } from "@rackwright/testkit/until";
import { upRoom } from "./up-process.ts";

const MIB = 1 << 20;
const PATH = "noble/amd64/20260101/0/squashfs";

interface Image {
  id: number;
  sets: Record<string, { complete: boolean; files: Record<string, { progress?: number }> }>;
}

test("an import outlives kill -9 and fetches nothing twice", async (t) => {
  await using room = upRoom();
  const directory = join(room.dir, "mirror");
  const files = {
    "boot-kernel": randomBytes(1000),
    "boot-initrd": randomBytes(1000),
    squashfs: randomBytes(40 * MIB),
  };
  await writeMirror(directory, [{ files }]);
  const mirror = await serveMirror(directory);
  t.after(() => mirror.close());
  mirror.faults.set(PATH, { after: 38 * MIB, how: "hang" });

  const first = await room.up();
  let api = new RegionApi(first.url, first.api_key);
  const regions = async () =>
    ((await api.call("GET", "regioncontrollers/")) as { system_id: string; node_type: number }[]).map(
      (r) => r.system_id,
    );
  const before = await regions();
  assert.equal(before.length, 1);
  const source = (await api.call("POST", "boot-sources/", [["url", mirror.url]])) as { id: number };
  await api.call("POST", `boot-sources/${source.id}/selections/`, [
    ["os", "ubuntu"],
    ["release", "noble"],
  ]);
  await api.call("POST", "boot-resources/?op=import");
  const image = async (): Promise<Image | undefined> => {
    const [one] = (await api.call("GET", "boot-resources/?type=synced")) as Image[];
    return one && ((await api.call("GET", `boot-resources/${one.id}/`)) as Image);
  };
  const progress = async () => ((await image())?.sets["20260101"]?.files.squashfs?.progress ?? 0) > 75;
  await until(progress, { what: "32 MiB to be stored", timeoutMs: 60_000, everyMs: 100 });
  first.child.kill("SIGKILL");
  await first.ended;

  mirror.faults.clear();
  mirror.asked.length = 0;
  const second = await room.up();
  api = new RegionApi(second.url, second.api_key);
  assert.deepEqual(await regions(), before);
  const done = async () => (await api.call("GET", "boot-resources/?op=is_importing")) === false;
  await until(done, { what: "the end of the import", timeoutMs: 90_000, everyMs: 200 });
  assert.equal((await image())?.sets["20260101"]?.complete, true, second.stderr().slice(-2000));
  const asked = mirror.asked.filter(({ path }) => !path.startsWith("streams/"));
  assert.deepEqual(
    asked.map(({ path }) => path),
    [PATH],
  );
  assert.ok((asked[0]?.from ?? 0) >= 32 * MIB, String(asked[0]?.from));

  const [rack] = (await api.call("GET", "rackcontrollers/")) as { system_id: string; node_type: number }[];
  assert.deepEqual([rack?.system_id, rack?.node_type], [before[0], 4]);
  const list = async () =>
    (await api.call("GET", `rackcontrollers/${rack?.system_id}/?op=list_boot_images`)) as {
      images: object[];
      status: string;
    };
  await until(async () => (await list()).status === "synced", {
    what: "the rack to hold it",
    timeoutMs: 60_000,
    everyMs: 200,
  });
  assert.deepEqual((await list()).images, [
    { name: "noble", architecture: "amd64", subarches: ["generic", "ga-24.04"] },
  ]);
});
