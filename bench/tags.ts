/**
 * A tag's definition over many machines: from the request that makes the tag until each machine that it fits has it, as the API shows it, with
 * changes written. Beside it the XPath alone: the same documents from memory to libxml2 in C (python3 with lxml, where it is there), and to the
 * database's own xpath_exists().
 * usage: node bench/tags.ts [MACHINES]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { startTagEvaluation } from "@rackwright/region/app/tag-evaluation";
import { testRegion } from "@rackwright/region/testing/region";
import { until } from "@rackwright/testkit/until";
import { lshwOf } from "./lshw.ts";

const count = Number(process.argv[2] ?? 10_000);
const definitions = {
  first: '//node[@id="display"]/product[contains(., "A100")]',
  changed: 'count(//node[@class="disk"]) > 3 and //node[@id="memory"]/size[@units="bytes"] >= 549755813888',
};
const LIMIT_MS = 5000;

const PYTHON = `
import sys, time
from lxml import etree
data = open(sys.argv[1], 'rb').read()
documents = data.split(b'\\0')[:-1]
xpath = etree.XPath(sys.argv[2])
began = time.perf_counter()
matched = sum(1 for text in documents if xpath(etree.fromstring(text)))
print(matched, (time.perf_counter() - began) * 1000)
`;

interface Evaluation {
  state: string;
  done: number;
  matched: number;
}

const t = await testRegion();
const directory = mkdtempSync(join(tmpdir(), "rackwright-bench-"));
try {
  const documents = Array.from({ length: count }, (_, n) => lshwOf(n));
  const bytes = documents.reduce((sum, text) => sum + text.length, 0);
  await seed(documents);
  await startTagEvaluation(t.region);
  console.log(
    `${count} machines, ${(bytes / count / 1000).toFixed(1)} kB of lshw each, ${new Set(documents).size} different; load ${loadavg()[0]?.toFixed(1)}`,
  );
  const made = await timed("new tag", () =>
    t.request(t.admin, "POST", "/tags/", { form: { name: "bench", definition: definitions.first } }),
  );
  await timed("definition changed", () =>
    t.request(t.admin, "PUT", "/tags/bench/", { form: { definition: definitions.changed } }),
  );
  await timed("rebuild, nothing differs", () =>
    t.request(t.admin, "POST", "/tags/bench/", { query: { op: "rebuild" } }),
  );
  const [matched, python] = lxml(documents);
  if (python !== undefined) {
    if (matched !== made.matched) throw new Error(`lxml finds ${matched} machines, we ${made.matched}`);
    console.log(
      `lxml, in memory, XPath alone  ${ms(python)}, ${matched} match; new tag takes ${(made.tookMs / python).toFixed(2)} times that`,
    );
  } else console.log("no lxml in python3 here (python3-lxml of the distribution): left out");
  const [rows, postgres] = await sqlXpath();
  if (rows !== made.matched) throw new Error(`xpath_exists() finds ${rows} machines, we ${made.matched}`);
  console.log(
    `xpath_exists(), in the database ${ms(postgres)}, ${rows} match; new tag takes ${(made.tookMs / postgres).toFixed(2)} times that`,
  );
  if (count === 10_000) console.log(made.tookMs < LIMIT_MS ? `under ${ms(LIMIT_MS)}` : `MORE than ${ms(LIMIT_MS)}`);
} finally {
  await t.close();
  rmSync(directory, { recursive: true });
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}

/** Set-based, and the API knows nothing of it: this is not what is measured. */
async function seed(texts: readonly string[]): Promise<void> {
  await t.db.pool.query(
    `insert into node (system_id, hostname, status) select 'b' || lpad(i::text, 5, '0'), 'bench-' || i, 4 from generate_series(1, $1) i`,
    [texts.length],
  );
  await t.db.pool.query("insert into script_set (node_id, result_type) select id, 0 from node where node_type = 0");
  const { rows } = await t.db.pool.query<{ id: number }>("select id from script_set order by id");
  for (let from = 0; from < rows.length; from += 500) {
    const ids = rows.slice(from, from + 500).map((row) => row.id);
    await t.db.pool.query(
      `insert into script_result (set_id, name, status, exit_status, stdout)
       select id, 'maas-lshw', 2, 0, convert_to(text, 'UTF8') from unnest($1::bigint[], $2::text[]) r(id, text)`,
      [ids, texts.slice(from, from + 500)],
    );
    // What else a commissioning leaves.
    await t.db.pool.query(
      `insert into script_result (set_id, name, status) select id, 'script-' || i, 2 from unnest($1::bigint[]) id, generate_series(1, 12) i`,
      [ids],
    );
  }
  await t.db.pool.query("analyze");
}

async function timed(what: string, ask: () => Promise<{ status: number; text: string }>) {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const spent = process.cpuUsage();
  const began = performance.now();
  const reply = await ask();
  if (reply.status !== 200) throw new Error(`${reply.status}: ${reply.text}`);
  const evaluation = await until(
    async () => {
      const { json } = await t.request(t.admin, "GET", "/tags/bench/", { query: { op: "evaluation" } });
      const read = json as Evaluation;
      return read.state === "done" || read.state === "failed" ? read : undefined;
    },
    { what, timeoutMs: 120_000, everyMs: 100 },
  );
  const tookMs = performance.now() - began;
  delay.disable();
  const { user, system } = process.cpuUsage(spent);
  if (evaluation.state !== "done") throw new Error(`${what}: ${JSON.stringify(evaluation)}`);
  console.log(
    `${what.padEnd(29)} ${ms(tookMs)}, ${evaluation.matched} match; processor time of region and thread ${ms((user + system) / 1000)}, longest stall of the event loop ${ms(delay.max / 1e6)}`,
  );
  return { tookMs, matched: evaluation.matched };
}

function lxml(texts: readonly string[]): [number, number] | [undefined, undefined] {
  const file = join(directory, "documents");
  writeFileSync(file, texts.map((text) => `${text}\0`).join(""));
  try {
    const out = execFileSync("/usr/bin/python3", ["-c", PYTHON, file, definitions.first], {
      encoding: "utf8",
      stdio: "pipe",
    });
    const [matched, took] = out.trim().split(" ").map(Number);
    return [matched ?? 0, took ?? Number.NaN];
  } catch (error) {
    if (String(error).includes("No module named")) return [undefined, undefined];
    throw error;
  }
}

async function sqlXpath(): Promise<[number, number]> {
  const began = performance.now();
  const { rows } = await t.db.pool.query<{ n: number }>(
    "select count(*)::int as n from script_result where name = 'maas-lshw' and xpath_exists($1, convert_from(stdout, 'UTF8')::xml)",
    [definitions.first],
  );
  return [rows[0]?.n ?? 0, performance.now() - began];
}
