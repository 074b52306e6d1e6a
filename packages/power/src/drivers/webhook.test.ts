import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { WebhookBmc } from "@rackwright/testkit/bmc/webhook";
import { startWebhookBmc } from "@rackwright/testkit/bmc/webhook";
import { conformance } from "../conformance.ts";
import { powerOn, powerQuery } from "../run.ts";
import { webhook } from "./webhook.ts";

const timing = { attempts: 1, attemptMs: 5000, settleMs: 5000, pollMs: 20 };

const settingsOf = (bmc: WebhookBmc, url = bmc.url) => ({
  power_on_uri: `${url}/on`,
  power_off_uri: `${url}/off`,
  power_query_uri: `${url}/state`,
  power_user: bmc.user,
  power_pass: bmc.password,
});

conformance(webhook, async () => {
  const bmc = await startWebhookBmc();
  return {
    settings: settingsOf(bmc),
    wrongPassword: { ...settingsOf(bmc), power_pass: "guessed" },
    unreachable: settingsOf(bmc, `http://127.0.0.1:${await closedPort()}`),
    state: async () => bmc.state,
    setState: async (state) => void (bmc.state = state),
    hang: async (hung) => void (bmc.hung = hung),
    [Symbol.asyncDispose]: bmc.stop,
  };
});

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

test("webhook: a token is used instead of user and password", async () => {
  await using bmc = await startWebhookBmc();
  await powerOn({ driver: webhook, settings: { ...settingsOf(bmc), power_token: bmc.token }, timing });
  assert.deepEqual(bmc.requests, ["POST /on Bearer a-token", "GET /state Bearer a-token"]);
});

test("webhook: redirects are followed, and another host does not see the credentials", async () => {
  await using bmc = await startWebhookBmc();
  bmc.instead = [{ status: 308, location: "/on" }];
  await powerOn({ driver: webhook, settings: { ...settingsOf(bmc), power_on_uri: `${bmc.url}/moved` }, timing });
  assert.deepEqual(
    bmc.requests.map((line) => line.split(" ", 2).join(" ")),
    ["POST /moved", "POST /on", "GET /state"],
  );

  bmc.requests.length = 0;
  bmc.instead = [{ status: 307, location: bmc.url.replace("127.0.0.1", "localhost") + "/state" }];
  await assert.rejects(powerQuery({ driver: webhook, settings: settingsOf(bmc), timing }), { kind: "auth" });
  assert.equal(bmc.requests[1], "GET /state");

  bmc.instead = [{ status: 302, location: "file:///etc/passwd" }];
  await assert.rejects(powerQuery({ driver: webhook, settings: settingsOf(bmc), timing }), { kind: "refused" });
  bmc.instead = Array.from({ length: 9 }, () => ({ status: 302, location: "/state" }));
  await assert.rejects(
    powerQuery({ driver: webhook, settings: settingsOf(bmc), timing }),
    /redirects more than 5 times/,
  );
});

test("webhook: a gateway error is retried, other refusals are not", async () => {
  await using bmc = await startWebhookBmc();
  const order = { driver: webhook, settings: settingsOf(bmc), timing: { ...timing, attempts: 3, pauseMs: 5 } };
  bmc.instead = [{ status: 502 }, { status: 503 }];
  assert.equal(await powerQuery(order), "off");
  bmc.instead = [{ status: 500 }];
  await assert.rejects(powerQuery(order), { kind: "refused", message: /answered 500/ });
  assert.equal(bmc.requests.length, 4);
});

test("webhook: a reply that neither pattern knows is refused with its beginning", async () => {
  await using bmc = await startWebhookBmc();
  bmc.describe = () => "rebooting\nor so";
  await assert.rejects(powerQuery({ driver: webhook, settings: settingsOf(bmc), timing }), {
    kind: "refused",
    message: /rebooting or so/,
  });
});

test("webhook: a pattern that never ends is stopped, and the thread of everybody else goes on", async () => {
  await using bmc = await startWebhookBmc();
  bmc.describe = () => `${"a".repeat(40)}!`;
  let ticks = 0;
  const ticking = setInterval(() => ticks++, 20);
  const settings = { ...settingsOf(bmc), power_on_regex: "^(a+)+$" };
  await assert.rejects(powerQuery({ driver: webhook, settings, timing }), {
    kind: "refused",
    message: /nested repetitions/,
  });
  clearInterval(ticking);
  assert.ok(ticks > 20, `${ticks} ticks`);
});
