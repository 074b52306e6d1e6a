/** What all kinds of request bodies have in common. */
import type { RawParams, RawValue } from "@rackwright/contract/params";
import { DomainError } from "@rackwright/domain/errors";
import type { CutLimits } from "./cut.ts";

export interface BodyLimits {
  /** All of the body, in bytes. */
  total: number;
  /** File parts beyond this many bytes go to a temporary file. */
  inMemory: number;
  /** Instead of a temporary file: of each file part, and of all together, no more is kept than this. */
  cut?: CutLimits & { together: number };
}

export interface ParsedBody {
  params: RawParams;
  /** Removes temporary files. */
  dispose: () => Promise<void>;
}

export function addParam(params: RawParams, name: string, value: RawValue): void {
  (params[name] ??= []).push(value);
}

export function notUtf8(): DomainError {
  return new DomainError(
    "bad_request",
    "The parameters are not valid UTF-8: encode text so, and send bytes as a file.",
  );
}

export function tooLarge(limit: number): DomainError {
  return new DomainError(
    "payload_too_large",
    `The body is larger than ${limit} bytes, which is the most that is taken here.`,
  );
}
