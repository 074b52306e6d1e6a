/** Each test that is built in, once, on a real machine. What this one or its closed network cannot do is skipped with the reason. */
import assert from "node:assert/strict";
import type { Site } from "../site.ts";
import { lineOf, type Result, resultsOf } from "./results.ts";
import { rested } from "./room.ts";

/** How it ends here, and what its output says. */
interface Expected {
  status: "Passed" | "Skipped";
  says: RegExp;
}

const passed = (says: RegExp): Expected => ({ status: "Passed", says });
const noSmart: Expected = { status: "Skipped", says: /^Not applicable here: \/dev\/vdb has no SMART: / };

const expected: Record<string, Expected> = {
  "smartctl-validate": noSmart,
  "smartctl-short": noSmart,
  "smartctl-long": noSmart,
  "smartctl-conveyance": noSmart,
  badblocks: passed(/0 bad blocks found/),
  "badblocks-destructive": passed(/0 bad blocks found/),
  fio: passed(/^sequential_write: [1-9]\d* KiB\/s/m),
  memtester: passed(/No error in 3 s/),
  "stress-ng-cpu-short": passed(/successful run completed/),
  "stress-ng-cpu-long": passed(/successful run completed/),
  "stress-ng-memory-short": passed(/successful run completed/),
  "stress-ng-memory-long": passed(/successful run completed/),
  "7z": passed(/^Avr:/m),
  ntp: { status: "Skipped", says: /^Not applicable here: this machine was given no time servers/ },
  "internet-connectivity": passed(/^Reached: http:\/\/10\.77\.0\.1:5240/m),
  "gateway-connectivity": passed(/^Reached: 10\.77\.0\.1$/m),
  "rack-controller-connectivity": passed(/^Reached: http:\/\/10\.77\.0\.1:5248/m),
};

/** Runs of seconds, on the small disk, and what stands for the internet in a network that leads nowhere. */
const SHORT = {
  storage: "vdb",
  ...Object.fromEntries(
    ["memtester", ...["cpu", "memory"].flatMap((what) => [`stress-ng-${what}-short`, `stress-ng-${what}-long`])].map(
      (name) => [`${name}_runtime`, "3"],
    ),
  ),
  "internet-connectivity_url": "http://10.77.0.1:5240/MAAS/",
};

/** @param id a machine that is Ready, and is so again */
export async function runBuiltInTests(site: Site, id: string, say: (line: string) => void): Promise<void> {
  const { api, lab } = site;
  const scripts = await api.call<{ name: string; default: boolean }[]>("GET", "/scripts/?type=testing");
  const names = scripts.filter((script) => script.default).map((script) => script.name);
  assert.deepEqual(names.toSorted(), Object.keys(expected).toSorted(), "none is left out");

  const subnets = await api.call<{ id: number; cidr: string }[]>("GET", "/subnets/");
  const subnet = subnets.find(({ cidr }) => cidr === lab.cidr);
  await api.call("PUT", `/subnets/${subnet?.id}/`, { gateway_ip: lab.hostAddress });
  const commissioning = await resultsOf(api, id, "current-commissioning");
  await api.act(id, "test", { testing_scripts: names.join(","), ...SHORT });
  const ended = await rested(site, id, ["Testing"]);
  const results = await resultsOf(api, id, "current-testing");
  for (const one of [...commissioning, ...results].toSorted((a, b) => (a.name < b.name ? -1 : 1))) say(lineOf(one));

  const wrong = [...results.filter((one) => !isRight(one)), ...commissioning.filter((one) => !went(one))];
  assert.deepEqual(
    wrong.map((one) => `${one.name}: ${one.status_name}\n${one.output.slice(-2000)}`),
    [],
  );
  assert.equal(results.length, names.length);
  assert.equal(ended.status_name, "Ready", ended.status_message);
}

function isRight(one: Result): boolean {
  const wanted = expected[one.name];
  return wanted !== undefined && one.status_name === wanted.status && wanted.says.test(one.output);
}

const went = (one: Result): boolean => ["Passed", "Skipped"].includes(one.status_name);
