/** Between the evaluator and its worker. */
import type { Details } from "@rackwright/domain/tags/details";

export interface Question {
  expressions: readonly string[];
  /** In base64, as they come from the database. */
  documents: readonly Details[];
  /** One number, which the worker raises with each parsing, compiling and evaluation that it begins; its keeper watches it. */
  progress: Int32Array;
}

/** Of an expression and a document. */
export const verdict = { no: 0, yes: 1, unreadable: 2, failed: 3 } as const;

export interface Answer {
  /** One byte for each document and expression, documents first. */
  verdicts: Uint8Array;
  /** What failed, by the place of its verdict. */
  failures: Record<number, string>;
  /** Documents that were looked at; not all of them where the worker was spoilt. */
  rows: number;
  /** The worker cannot be trusted any more: its memory ran out, or its program broke. */
  spoilt: boolean;
}

/** What libxml2 may have for one document and all that an expression makes of it. */
export const MAX_BYTES = 64 << 20;

/** The worker's first word: loading the library is no part of any answer's time. */
export const READY = "ready";
