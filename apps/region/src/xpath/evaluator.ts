/**
 * XPath over machines' documents, without harm to this process: in a worker thread that is ended when one step takes too long, and replaced
 * when its memory ran out. The one place that starts such threads.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { definitionProblem } from "@rackwright/domain/tags/definition";
import type { Details } from "@rackwright/domain/tags/details";
import { type Answer, type Question, verdict } from "./protocol.ts";

export type Verdict = { matches: boolean; readable: boolean } | { failed: string };

export interface XPathEvaluator {
  /** What is wrong with an expression; undefined when nothing is. */
  problem(expression: string): Promise<string | undefined>;
  /** For each document, in base64, what each expression says of it. A document that cannot be read matches nothing. */
  evaluate(expressions: readonly string[], documents: readonly Details[]): Promise<Verdict[][]>;
  /** Ends the thread, if there is one. */
  close(): Promise<void>;
}

/** For one step: parsing a document, or one expression over one. Documents have 1 MiB at most, which is parsed in some 25 ms. */
const STEP_LIMIT_MS = 2000;
const LOOK_EVERY_MS = 50;
/** Loading the library takes 0.3 s on an idle processor. */
const START_LIMIT_MS = 60_000;
/** The heap of JavaScript; libxml2's memory is limited by the worker itself. */
const RESOURCES = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };

/** Has elements of both kinds, so that steps below them are looked at as well. */
const SAMPLE: Details = {
  lshw: btoa(
    '<list><node id="sample" class="system"><product>sample</product><size units="bytes">1</size></node></list>',
  ),
  lldp: btoa('<lldp><interface name="eth0"><chassis><name>sample</name></chassis></interface></lldp>'),
};

class Stuck extends Error {}

export function xpathEvaluator(options: { stepLimitMs?: number } = {}): XPathEvaluator {
  const stepLimitMs = options.stepLimitMs ?? STEP_LIMIT_MS;
  const progress = new Int32Array(new SharedArrayBuffer(4));
  let worker: Worker | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  async function started(): Promise<Worker> {
    if (worker) return worker;
    const fresh = new Worker(new URL("worker.ts", import.meta.url), { resourceLimits: RESOURCES, name: "xpath" });
    fresh.on("error", () => worker === fresh && (worker = undefined));
    fresh.on("exit", () => worker === fresh && (worker = undefined));
    worker = fresh;
    fresh.ref();
    try {
      await once(fresh, "message", { signal: AbortSignal.timeout(START_LIMIT_MS) });
    } catch (error) {
      await end();
      throw new Error("the thread that evaluates XPath did not start", { cause: error });
    }
    return fresh;
  }

  async function end(): Promise<void> {
    const ended = worker;
    worker = undefined;
    await ended?.terminate();
  }

  /** @throws Stuck when a step took too long, or the thread broke */
  async function ask(expressions: readonly string[], documents: readonly Details[]): Promise<Answer> {
    const asked = await started();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const broke = (error?: unknown) =>
      reject(new Stuck(`it broke: ${error instanceof Error ? error.message : "the thread ended"}`));
    // While it is asked it keeps the process alive; otherwise it does not.
    asked.ref();
    asked.once("message", resolve);
    asked.once("error", broke);
    asked.once("exit", broke);
    let [seen, since] = [Atomics.load(progress, 0), performance.now()];
    const watch = setInterval(() => {
      const now = Atomics.load(progress, 0);
      if (now !== seen) [seen, since] = [now, performance.now()];
      else if (performance.now() - since > stepLimitMs)
        reject(new Stuck(`it takes longer than ${stepLimitMs / 1000} s`));
    }, LOOK_EVERY_MS);
    const question: Question = { expressions, documents, progress };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    asked.postMessage(question);
    try {
      return await promise;
    } catch (error) {
      await end();
      throw error;
    } finally {
      clearInterval(watch);
      asked.off("message", resolve);
      asked.off("error", broke);
      asked.off("exit", broke);
      asked.unref();
    }
  }

  async function evaluate(expressions: readonly string[], documents: readonly Details[]): Promise<Verdict[][]> {
    const all: Verdict[][] = [];
    while (all.length < documents.length) {
      const rest = documents.slice(all.length);
      let answer: Answer;
      try {
        answer = await ask(expressions, rest);
      } catch (error) {
        if (!(error instanceof Stuck)) throw error;
        all.push(...(await onePerTurn(expressions, rest, error)));
        break;
      }
      if (answer.spoilt) await end();
      for (let row = 0; row < answer.rows; row += 1)
        all.push(expressions.map((_, column) => verdictAt(answer, row * expressions.length + column)));
    }
    return all;
  }

  /** Something among these is stuck: each by itself, so that the others are known; what is stuck is not tried on further documents. */
  async function onePerTurn(
    expressions: readonly string[],
    documents: readonly Details[],
    stuck: Stuck,
  ): Promise<Verdict[][]> {
    const only = expressions[0];
    if (expressions.length === 1 && only !== undefined && documents.length === 1) return [[{ failed: stuck.message }]];
    const columns: Verdict[][] = [];
    for (const expression of expressions) {
      const column: Verdict[] = [];
      for (const document of documents) {
        const failed = column.at(-1);
        if (failed && "failed" in failed && failed.failed.startsWith("it takes")) {
          column.push(failed);
          continue;
        }
        const [row] = await evaluate([expression], [document]);
        column.push(row?.[0] ?? { failed: stuck.message });
      }
      columns.push(column);
    }
    return documents.map((_, row) => columns.map((column) => column[row] ?? { failed: stuck.message }));
  }

  /** One question at a time. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work);
    queue = result.catch(() => {});
    return result;
  }

  return {
    async problem(expression) {
      const known = definitionProblem(expression);
      if (known !== undefined) return known;
      const [row] = await inTurn(() => evaluate([expression], [SAMPLE]));
      const said = row?.[0];
      return said && "failed" in said
        ? `This is no XPath 1.0 expression that can be evaluated: ${said.failed}.`
        : undefined;
    },
    evaluate: (expressions, documents) =>
      expressions.length === 0 || documents.length === 0
        ? Promise.resolve(documents.map(() => []))
        : inTurn(() => evaluate(expressions, documents)),
    close: () => inTurn(end),
  };
}

function verdictAt(answer: Answer, at: number): Verdict {
  switch (answer.verdicts[at]) {
    case verdict.yes:
      return { matches: true, readable: true };
    case verdict.no:
      return { matches: false, readable: true };
    case verdict.unreadable:
      return { matches: false, readable: false };
    default:
      return { failed: answer.failures[at] ?? "it failed" };
  }
}
