/**
 * Which nodes the definitions of tags fit. A new definition is evaluated over all of them, as a job that goes on where it was when its process
 * was killed; what a machine newly sends is evaluated against all definitions.
 */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import {
  advanceEvaluation,
  anyDefinitions,
  applyFound,
  definedTag,
  type DefinedTag,
  detailsAfter,
  detailsOf,
  endEvaluation,
  finishEvaluation,
  listDefinedTags,
  lockDefinitions,
  type NodeDetails,
  startEvaluation,
  wantEvaluation,
} from "@rackwright/db/tag-evaluations";
import { invalidField } from "@rackwright/domain/errors";
import { type Ctx, inTransaction, type Region, systemCtx } from "../context.ts";
import { type Verdict, xpathEvaluator } from "../xpath/evaluator.ts";

const TAG_QUEUE = "tag-definition";
const NODE_QUEUE = "node-tags";

interface TagJob {
  tagId: number;
  generation: number;
}
interface NodeJob {
  nodeId: number;
}

/** Nodes of one transaction: some 50 ms, and a few megabytes in memory. */
const BATCH = 200;
/** A process that dies, or a database that is away, costs a try; patience outlasts them. */
const RETRIES = { retryLimit: 100, longestPauseSeconds: 15 };

/** One thread for the process: it knows nothing of a region. */
const xpath = xpathEvaluator();

/** @throws DomainError invalid_fields when it cannot be evaluated */
export async function checkDefinition(definition: string): Promise<void> {
  if (definition === "") return;
  const problem = await xpath.problem(definition);
  if (problem !== undefined) throw invalidField("definition", problem);
}

/** The tag's definition is new, or to be evaluated again. Nobody stores hardware meanwhile (see `lockDefinitions`). */
export async function evaluateAgain(ctx: Ctx, tx: Tx, tag: { id: number; definition: string }): Promise<void> {
  await lockDefinitions(tx);
  if (tag.definition === "") return endEvaluation(tx, tag.id);
  const generation = await wantEvaluation(tx, tag.id);
  const job: TagJob = { tagId: tag.id, generation };
  await ctx.region.jobs.enqueue(tx, TAG_QUEUE, job, { key: `${tag.id}:${generation}` });
}

/** What lshw or lldpctl printed on a node was stored in `tx`. */
export async function detailsChanged(ctx: Ctx, tx: Tx, nodeId: number): Promise<void> {
  const job: NodeJob = { nodeId };
  if (await anyDefinitions(tx)) await ctx.region.jobs.enqueue(tx, NODE_QUEUE, job);
}

export async function startTagEvaluation(region: Region): Promise<void> {
  await region.jobs.handle<TagJob>(TAG_QUEUE, RETRIES, ({ data, signal }) => evaluateTag(region, data, signal));
  await region.jobs.handle<NodeJob>(NODE_QUEUE, { ...RETRIES, concurrency: 2 }, ({ data }) =>
    evaluateNode(region, data),
  );
}

async function evaluateTag(region: Region, { tagId, generation }: TagJob, signal: AbortSignal): Promise<void> {
  const db = region.db.kysely;
  const ctx = systemCtx(region);
  const started = await inTransaction(ctx, (tx) => startEvaluation(tx, tagId, generation, region.now()));
  if (started?.state !== "running") return;
  const tag = await definedTag(db, tagId);
  if (tag?.generation !== generation) return;
  let reading = detailsAfter(db, started.position, BATCH);
  let keeping = Promise.resolve(true);
  for (;;) {
    const nodes = await reading;
    const last = nodes.at(-1);
    if (!last) return (await keeping) ? finish(ctx, tag, null) : undefined;
    signal.throwIfAborted();
    // While these are looked at, the next ones come, and those before are written.
    reading = detailsAfter(db, last.id, BATCH);
    reading.catch(() => {});
    const verdicts = (await verdictsOf([tag], nodes)).map((row) => row[0]);
    if (!(await keeping)) return;
    const failed = verdicts.findIndex((verdict) => verdict && "failed" in verdict);
    if (failed >= 0) {
      const verdict = verdicts[failed];
      const why = verdict && "failed" in verdict ? verdict.failed : "";
      return finish(ctx, tag, `The definition cannot be evaluated on ${nodes[failed]?.systemId ?? ""}: ${why}.`);
    }
    keeping = keep(ctx, tag, nodes, verdicts);
    keeping.catch(() => {});
  }
}

/** Without a document nothing is known of a node, and no definition fits it. */
async function verdictsOf(tags: readonly DefinedTag[], nodes: readonly NodeDetails[]): Promise<Verdict[][]> {
  const known = nodes.filter(hasDetails);
  const evaluated = await xpath.evaluate(
    tags.map((tag) => tag.definition),
    known,
  );
  const rows = evaluated.values();
  const unknown: Verdict = { matches: false, readable: true };
  return nodes.map((node) => (hasDetails(node) ? rows.next().value : undefined) ?? tags.map(() => unknown));
}

const hasDetails = ({ lshw, lldp }: NodeDetails) => lshw !== null || lldp !== null;

/** @returns false when the tag is another by now, or gone */
async function keep(
  ctx: Ctx,
  tag: DefinedTag,
  nodes: readonly NodeDetails[],
  verdicts: readonly (Verdict | undefined)[],
): Promise<boolean> {
  const matches = verdicts.map((verdict) => verdict !== undefined && "matches" in verdict && verdict.matches);
  const found = nodes.map(({ id, version }, i) => ({ id, version, matches: matches[i] ?? false }));
  const unreadable = verdicts.filter((verdict) => verdict && "readable" in verdict && !verdict.readable).length;
  return inTransaction(ctx, async (tx) => {
    if (!(await applyFound(tx, tag, found))) return false;
    const matched = matches.filter(Boolean).length;
    const position = nodes.at(-1)?.id ?? 0;
    await advanceEvaluation(tx, tag, { position, done: nodes.length, matched, unreadable });
    return true;
  });
}

async function finish(ctx: Ctx, tag: DefinedTag, error: string | null): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const end = { state: error === null ? "done" : "failed", error, now: ctx.region.now() } as const;
    if (await finishEvaluation(tx, tag.id, tag.generation, end))
      await appendChange(tx, { kind: "update", entity: "tag", entityId: tag.name, payload: { evaluation: end.state } });
  });
}

/** All definitions over what one node has sent now. One that cannot be evaluated leaves its tag as it is. */
async function evaluateNode(region: Region, { nodeId }: NodeJob): Promise<void> {
  const tags = await listDefinedTags(region.db.kysely);
  const node = await detailsOf(region.db.kysely, nodeId);
  if (!node || tags.length === 0) return;
  const [verdicts] = await verdictsOf(tags, [node]);
  await inTransaction(systemCtx(region), async (tx) => {
    for (const [i, tag] of tags.entries()) {
      const verdict = verdicts?.[i];
      if (verdict && "matches" in verdict)
        await applyFound(tx, tag, [{ id: node.id, version: node.version, matches: verdict.matches }]);
    }
  });
  for (const [i, tag] of tags.entries()) {
    const verdict = verdicts?.[i];
    if (verdict && "failed" in verdict)
      region.log.warn({ tag: tag.name, node: node.systemId, why: verdict.failed }, "a definition cannot be evaluated");
  }
}
