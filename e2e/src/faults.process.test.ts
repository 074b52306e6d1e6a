/** Every fault that can be emulated is made, and the printed table says what was named of it, and after how many seconds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { upRoom } from "@rackwright/controller/up-process";
import { faults as known } from "@rackwright/testkit/fleet/faults";
import { Fleet } from "@rackwright/testkit/fleet/fleet";
import { RegionApi } from "@rackwright/testkit/fleet/region-api";
import { until } from "@rackwright/testkit/until";
import { type FaultCase, named, survived, warned } from "./faults/cases.ts";
import { addMachine, arrange, type Setting, sideOf } from "./faults/room.ts";
import { isRight, printTable, rightOf, type Row } from "./faults/table.ts";
import { watchNamed, watchSurvived, watchWarned } from "./faults/watch.ts";

/** On a busy host too: most of it is waiting for a deadline of a minute. */
const TABLE_MS = 110_000;
const HEAD_START_MS = 10_000;
const macOf = (index: number, card: number) =>
  `0a:00:00:00:${card.toString(16).padStart(2, "0")}:${index.toString(16).padStart(2, "0")}`;

test("faults are named: at least 18 of 20, within their deadlines, wherever users look", async (t) => {
  const cases = [...named, ...survived, ...warned];
  await using room = upRoom();
  const up = await room.up(["--simulated"]);
  const api = new RegionApi(up.url, up.api_key);
  const setting = await arrange(api, room, up);
  const ending = new AbortController();
  const struck = new Map<string, number>();
  const told: string[] = [];
  const byMac = new Map(cases.map((one, index) => [macOf(index, 0), one]));
  const fleet = new Fleet({
    api,
    bootUrl: setting.bootUrl,
    bootUrlOf: (mac) => (byMac.get(mac)?.otherRack ? setting.otherRack.url : undefined),
    speed: 100,
    // As often within node_timeout as real ones.
    heartbeatSeconds: 4,
    faults: (mac) => byMac.get(mac)?.plays ?? [],
    dhcp: true,
    struck: (mac) => void (struck.has(mac) || struck.set(mac, performance.now())),
    tell: (text) => void told.push(text),
    signal: ending.signal,
  });
  const playing = fleet.play();
  try {
    const endsAt = performance.now() + TABLE_MS;
    // Those that are to reach their deadline begin, as it is a minute from the last step that they took, and those that have two ways to go.
    const hasStruck = (one: FaultCase, index: number) => one.plays.length === 0 || struck.has(macOf(index, 0));
    const led = until(() => cases.every((one, index) => one.fails !== "deadline" || hasStruck(one, index)), {
      timeoutMs: HEAD_START_MS,
      what: "the first faults to strike",
    }).catch(() => undefined);
    const rows = await Promise.all(
      cases.map(async (one, index) => {
        if (one.fails !== "deadline" && one.stage === "commission") await led;
        // One that goes wrong in a way that nobody thought of is a line of the table too.
        return play(setting, one, index, struck, endsAt).catch((error: unknown): Row => {
          const { fault, expected, deadline } = one;
          return { fault, expected, named: null, seconds: null, deadline, remark: String(error) };
        });
      }),
    );
    const diagnosed = rows.slice(0, named.length);
    const arrived = rows.slice(named.length, named.length + survived.length);
    const ofWarned = rows.slice(named.length + survived.length);
    const out = (line: string) => t.diagnostic(line);
    printTable(diagnosed, out);
    printTable(arrived, out);
    printTable(ofWarned, out);
    const wrong = rows.filter((row) => !isRight(row));
    const why = JSON.stringify(wrong, null, 1) + told.slice(-30).join("\n");
    assert.ok(rightOf(diagnosed) / diagnosed.length >= 18 / 20, why);
    assert.equal(rightOf(arrived), arrived.length, why);
    assert.equal(rightOf(ofWarned), ofWarned.length, why);
  } finally {
    ending.abort();
    await playing;
  }
});

test("every fault of the library is one that machines can play", () => {
  for (const { plays } of [...named, ...survived, ...warned]) for (const name of plays) assert.ok(known[name], name);
  const names = [...named, ...survived, ...warned].map(({ fault }) => fault);
  assert.equal(new Set(names).size, names.length);
});

async function play(
  setting: Setting,
  one: FaultCase,
  index: number,
  struck: Map<string, number>,
  endsAt: number,
): Promise<Row> {
  const { api } = setting;
  const macs = Array.from({ length: one.cards ?? 1 }, (_, card) => macOf(index, card));
  const [mac = ""] = macs;
  const address = `10.9.0.${index + 1}`;
  const systemId = await addMachine(api, { macs, address });
  const side = sideOf(setting, systemId, address);
  await one.before?.(side);
  const words = one.plays.flatMap((name) => known[name]?.bmc ?? []);
  const breakBmc = async () => {
    if (words.length > 0) await api.report({ bmc: words.map((word) => `${systemId}:${word}`) });
  };
  if (one.stage === "deploy") {
    await api.call("POST", `machines/${systemId}/?op=commission`);
    await until(
      async () => ((await api.call("GET", `machines/${systemId}/`)) as { status_name: string }).status_name === "Ready",
      {
        timeoutMs: endsAt - performance.now(),
        everyMs: 1000,
        what: `${one.fault}: the machine to be Ready`,
      },
    );
    await api.call("POST", "machines/?op=allocate", [["system_id", systemId]]);
  }
  await breakBmc();
  await api.call("POST", `machines/${systemId}/?op=${one.stage}`, one.request);
  const askedAt = performance.now();
  await one.asked?.(side);
  // Faults that strike no machine are there from when it is asked for something.
  const strikesLater = one.plays.some((name) => known[name] !== undefined && known[name].bmc === undefined);
  let beganAt: number | undefined = strikesLater ? undefined : askedAt;
  if (one.struck) {
    await until(() => struck.get(mac), { timeoutMs: 30_000, what: `${one.fault}: to strike` });
    await one.struck(side);
    beganAt = performance.now();
  }
  const struckAt = () => beganAt ?? struck.get(mac);
  const watch = named.includes(one) ? watchNamed : warned.includes(one) ? watchWarned : watchSurvived;
  return watch(one, { api, systemId, struckAt, endsAt });
}
