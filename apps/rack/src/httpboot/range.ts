/** One byte range of an HTTP request (RFC 9110 section 14). */

export interface ByteRange {
  first: number;
  /** Included. */
  last: number;
}

/**
 * What of `sizeBytes` bytes to send. "whole": no range, several, or a header that is none, which the RFC lets a server ignore.
 * "unsatisfiable": 416.
 */
export function readRange(header: string | undefined, sizeBytes: number): ByteRange | "whole" | "unsatisfiable" {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header?.trim() ?? "");
  if (!match) return "whole";
  const [, from = "", to = ""] = match;
  if (from === "" && to === "") return "whole";
  if (from === "") {
    const length = Math.min(Number(to), sizeBytes); // suffix: the last `to` bytes
    return length === 0 ? "unsatisfiable" : { first: sizeBytes - length, last: sizeBytes - 1 };
  }
  const first = Number(from);
  if (to !== "" && Number(to) < first) return "whole";
  if (first >= sizeBytes) return "unsatisfiable";
  return { first, last: to === "" ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1) };
}
