/**
 * Evaluates XPath over machines' documents, in a thread of its own: patterns come from users, documents from machines. libxml2 here is
 * WebAssembly without files or network; no entity is taken in from elsewhere; elements nest 256 deep at most (its own limit). Its memory is
 * bounded below; the time by whoever started this thread, who ends it.
 */
import { parentPort } from "node:worker_threads";
import { definitionNamespaces } from "@rackwright/domain/tags/definition";
import { compositeDocument, type Details, withoutControls } from "@rackwright/domain/tags/details";
import { type Answer, MAX_BYTES, type Question, READY, verdict } from "./protocol.ts";
import { isBroken, limitMemory } from "./memory.ts";

const exhausted = limitMemory(MAX_BYTES);
// What libxml2 prints of an error says more than what it throws.
let printed: string[] = [];
// oxlint-disable-next-line no-console
console.error = (...words: unknown[]) => void printed.push(words.join(" "));
const { ParseOption, XmlDocument, XmlXPath } = await import("libxml2-wasm");

const OPTIONS = {
  option:
    ParseOption.XML_PARSE_NONET |
    ParseOption.XML_PARSE_NO_XXE |
    ParseOption.XML_PARSE_NOERROR |
    ParseOption.XML_PARSE_NOWARNING |
    ParseOption.XML_PARSE_COMPACT,
};

type Compiled = InstanceType<typeof XmlXPath>;
type Parsed = InstanceType<typeof XmlDocument>;

/** @throws Error in libxml2's words */
function compile(expression: string): Compiled {
  printed = [];
  // Alone first: `a) or (b` would make sense between our brackets.
  XmlXPath.compile(expression, definitionNamespaces).dispose();
  return XmlXPath.compile(`boolean(${expression})`, definitionNamespaces);
}

function parse(text: string): Parsed | undefined {
  for (const attempt of [() => text, () => withoutControls(text)]) {
    try {
      // As bytes: half again as quick as a string.
      return XmlDocument.fromBuffer(Buffer.from(attempt()), OPTIONS);
    } catch (error) {
      if (isBroken(error)) throw error;
    }
  }
  return undefined;
}

/** What is no UTF-8 becomes a mark. */
const decoded = (base64: string | null) => (base64 === null ? null : Buffer.from(base64, "base64").toString("utf8"));

/** Both; or the one of them that can be read, when the other cannot. */
function documentOf({ lshw, lldp }: Details, lshwNamespace: boolean): Parsed | undefined {
  const both = { lshw: decoded(lshw), lldp: decoded(lldp) };
  for (const part of [both, { ...both, lldp: null }, { ...both, lshw: null }]) {
    const text = compositeDocument(part, { lshwNamespace });
    const document = text === undefined ? undefined : parse(text);
    if (document) return document;
  }
  return undefined;
}

const messageOf = (error: unknown): string => {
  const words = printed.filter((line) => line.trim() !== "").join(" ");
  if (exhausted()) return "it needs too much memory";
  return (words || (error instanceof Error ? error.message : String(error))).slice(0, 500);
};

function answer({ expressions, documents, progress }: Question): Answer {
  const verdicts = new Uint8Array(expressions.length * documents.length);
  const failures: Record<number, string> = {};
  let spoilt = false;
  let rows = 0;
  const step = () => Atomics.add(progress, 0, 1);
  const broke = (error: unknown) => (spoilt ||= exhausted() || isBroken(error));
  const fail = (at: number, error: unknown) => {
    broke(error);
    verdicts[at] = verdict.failed;
    failures[at] = messageOf(error);
  };
  const compiled = expressions.map((expression, column) => {
    step();
    try {
      return compile(expression);
    } catch (error) {
      for (let row = 0; row < documents.length; row += 1) fail(row * expressions.length + column, error);
      return undefined;
    }
  });
  const lshwNamespace = expressions.some((expression) => /\blshw\s*:/.test(expression));
  for (const details of documents) {
    if (spoilt) break;
    const first = rows * expressions.length;
    rows += 1;
    step();
    let document: Parsed | undefined;
    try {
      document = documentOf(details, lshwNamespace);
    } catch (error) {
      broke(error);
    }
    for (const [column, expression] of compiled.entries()) {
      if (!expression) continue;
      step();
      printed = [];
      try {
        verdicts[first + column] = document
          ? document.eval(expression) === true
            ? verdict.yes
            : verdict.no
          : verdict.unreadable;
      } catch (error) {
        fail(first + column, error);
      }
    }
    spoilt ||= exhausted();
    if (!spoilt) document?.dispose();
  }
  if (!spoilt) for (const expression of compiled) expression?.dispose();
  return { verdicts, failures, rows, spoilt };
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort?.on("message", (question: Question) => parentPort?.postMessage(answer(question)));
// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort?.postMessage(READY);
