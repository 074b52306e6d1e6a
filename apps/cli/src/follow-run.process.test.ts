import assert from "node:assert/strict";
import { test } from "node:test";
import { KEY, startApiServer } from "./test-support/api-server.ts";
import { newHome } from "./test-support/maas.ts";

const PATH = "GET /MAAS/api/2.0/nodes/abc123/results/current-testing/?op=follow";
const about = (id: number, name: string, device: string | null = null) => ({ id, name, device });
const event = (id: string, name: string, data: object) =>
  `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const output = (at: string, who: object, offset: number, text: string | Buffer) =>
  event(at, "output", { ...who, offset, data: Buffer.from(text).toString("base64") });
const result = (at: string, who: object, status: number, name: string, more: object = {}) =>
  event(at, "result", { ...who, status, status_name: name, exit_status: null, rewritten: false, ...more });
const stream = (...events: string[]) => ({ type: "text/event-stream", body: events.join("") });

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

const disk = about(12, "badblocks", "sda");
const other = about(13, "ntp");

test("a run is printed as it goes on, over a restart of the server, and ends with its status", () =>
  bench(async ({ api, home }) => {
    let restarts = 0;
    api.answers[PATH] = stream(
      ": alive\nid: 12:0:0\n\n",
      result("12:0:1", disk, 1, "Running"),
      output("12:8:1", disk, 0, Buffer.from("caf\u00e9\u001b[2J\n").subarray(0, 4)),
      output("12:9:1", disk, 4, Buffer.from("caf\u00e9\u001b[2J\n").subarray(4)),
      output("12:9:1,13:2:1", other, 0, "no"),
      // The stream breaks off within an event.
      "id: 12:9:1,13:9:1\nevent: outp",
    );
    api.answers[`${PATH}&after=12%3A9%3A1%2C13%3A2%3A1`] = () =>
      restarts++ === 0
        ? { status: 503, body: "away" }
        : stream(
            output("12:9:1,13:5:1", other, 2, " time"),
            output("12:99:1,13:5:1", disk, 90, "far on\n"),
            result("12:99:4,13:5:1", disk, 4, "Timed out", { exit_status: 124, rewritten: true }),
            result("12:99:4,13:5:2", other, 2, "Passed", { exit_status: 0 }),
            event("12:99:4,13:5:2", "end", { status: 3, status_name: "Failed" }),
          );
    const expected = [
      "badblocks (sda): Running",
      "==> badblocks (sda) <==",
      "caf\u00e9[2J",
      "==> ntp <==",
      "no time",
      "==> badblocks (sda) <==",
      "[80 bytes are not shown]",
      "far on",
      "badblocks (sda): Timed out, exit 124",
      "(its output as it is kept is another: node-script-result download has it)",
      "ntp: Passed",
      "Failed",
      "",
    ].join("\n");
    const ran = await home.maas(["admin", "node-script-result", "follow", "abc123", "current-testing"]);
    assert.equal(ran.out, expected, ran.err);
    assert.equal(ran.code, 1);
    restarts = 1;
    const read = await home.maas(["admin", "node-script-result", "read", "--follow", "abc123", "current-testing"]);
    assert.deepEqual([read.out, read.code], [expected, 1]);
  }));

test("a run that passed ends with 0; what is refused is printed", () =>
  bench(async ({ api, home }) => {
    api.answers[`${PATH}&filters=ntp`] = stream(event("-", "end", { status: 2, status_name: "Passed" }));
    const args = ["admin", "node-script-result", "follow", "abc123", "current-testing"];
    const ran = await home.maas([...args, "filters=ntp"]);
    assert.deepEqual([ran.out, ran.code], ["Passed\n", 0]);
    api.answers[PATH] = { status: 403, type: "text/plain", body: "You may not view it." };
    const refused = await home.maas(args);
    assert.deepEqual([refused.out, refused.code], ["You may not view it.", 2]);
    api.answers[PATH] = { status: 503, type: "text/plain", body: "away" };
    assert.equal((await home.maas(args)).code, 2);
    assert.match((await home.maas(["admin", "node-script-result", "read", "-h"])).out, /--follow/);
  }));
