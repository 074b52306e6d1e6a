import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { KEY, startApiServer } from "./test-support/api-server.ts";
import { launcher, newHome } from "./test-support/maas.ts";

const PATH = "GET /MAAS/api/2.0/machines/abc123/";
const item = (n: number, more: object = {}) => ({
  id: `evidence-${n}`,
  at: `2026-06-01T10:00:0${n}.123Z`,
  source: "dhcp",
  kind: "evidence",
  level: "debug",
  text: `seen ${n}`,
  epoch: 1,
  username: null,
  detail: null,
  ...more,
});
const page = (next: string, ...items: object[]) => ({ body: JSON.stringify({ items, next, prev: null }) });

async function bench(
  body: (b: {
    api: Awaited<ReturnType<typeof startApiServer>>;
    home: Awaited<ReturnType<typeof newHome>>;
  }) => Promise<void>,
) {
  await using api = await startApiServer();
  await using home = await newHome();
  assert.equal((await home.maas(["login", "admin", api.url, KEY])).code, 0);
  await body({ api, home });
}

test("machine timeline without --follow prints the reply; --follow is no option of others", () =>
  bench(async ({ api, home }) => {
    api.answers[`${PATH}?op=timeline&level=info`] = page("1-0-1", item(1));
    const ran = await home.maas(["admin", "machine", "timeline", "abc123", "level=info"]);
    assert.equal(ran.code, 0);
    assert.equal((JSON.parse(ran.out) as { next: string }).next, "1-0-1");
    const other = await home.maas(["admin", "machine", "read", "abc123", "--follow"]);
    assert.match(other.err, /unknown option --follow/);
    assert.match((await home.maas(["admin", "machine", "timeline", "-h"])).out, /--follow/);
  }));

test("--follow prints a line for each item once, over a restart of the server, until it is interrupted", () =>
  bench(async ({ api, home }) => {
    let restarts = 0;
    api.answers[`${PATH}?op=timeline&level=info`] = page(
      "1-0-1",
      item(1),
      item(2, { text: "a\u001b[31m\nb", level: "error" }),
    );
    // The second item was not settled, so it comes again.
    api.answers[`${PATH}?op=timeline&level=info&after=1-0-1`] = () =>
      restarts++ === 0
        ? { status: 503, body: "away" }
        : page("3-1-3", item(2), item(3, { source: "region", kind: "status", text: "Ready", username: "admin" }));
    api.answers[`${PATH}?op=timeline&level=info&after=3-1-3`] = page("3-1-3");
    const child = spawn(launcher, ["admin", "machine", "timeline", "--follow", "abc123", "level=info"], {
      env: { ...process.env, HOME: home.path },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines: string[] = [];
    const isDone = Promise.withResolvers<void>();
    createInterface(child.stdout).on("line", (text) => {
      lines.push(text);
      if (lines.length === 3) isDone.resolve();
    });
    const ended = once(child, "exit");
    await Promise.race([isDone.promise, ended]);
    // It asked on from the last place, so nothing more was printed.
    while (!api.asked.some(({ url }) => url.endsWith("after=3-1-3")) && child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGINT");
    assert.deepEqual(await ended, [1, null]);
    assert.deepEqual(lines, [
      "2026-06-01 10:00:01 dhcp      seen 1",
      "2026-06-01 10:00:02 dhcp      !! a [31m b",
      "2026-06-01 10:00:03 region    == Ready (admin)",
    ]);
  }));

test("--follow of what is not to be seen ends with the server's words", () =>
  bench(async ({ api, home }) => {
    api.answers[`${PATH}?op=timeline`] = { status: 403, type: "text/plain", body: "You may not view it." };
    const ran = await home.maas(["admin", "machine", "timeline", "abc123", "--follow"]);
    assert.deepEqual([ran.code, ran.out], [2, "You may not view it."]);
  }));
