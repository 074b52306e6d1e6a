/** Which records a name may have, and what they may say (reference: enums.json, RRTYPE). */
import { isTarget } from "./names.ts";

export const RR_TYPES = ["CNAME", "MX", "NS", "SRV", "SSHFP", "TXT"] as const;
export type RrType = (typeof RR_TYPES)[number];

export interface RecordProblem {
  field: "rrtype" | "rrdata" | "name";
  message: string;
}

const isUint = (text: string | undefined, max: number): boolean =>
  text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= max;
const UINT16 = 0xffff;

/** Why these data are not of this type; undefined when they are. */
export function dataProblem(type: RrType, data: string): RecordProblem | undefined {
  const words = data.trim().split(/\s+/);
  const wrong = (message: string): RecordProblem => ({
    field: "rrdata",
    message: `"${data}" is no ${type}: ${message}`,
  });
  switch (type) {
    case "CNAME":
    case "NS":
      return words.length === 1 && isTarget(words[0] ?? "") ? undefined : wrong("the name of a host.");
    case "MX":
      return words.length === 2 && isUint(words[0], UINT16) && isTarget(words[1] ?? "")
        ? undefined
        : wrong("a preference and the name of a mail server, such as `10 mail.example.com`.");
    case "SRV":
      return words.length === 4 && words.slice(0, 3).every((word) => isUint(word, UINT16)) && isTarget(words[3] ?? "")
        ? undefined
        : wrong("priority, weight, port and host, such as `0 5 5060 sip.example.com` (RFC 2782).");
    case "SSHFP":
      return words.length === 3 &&
        isUint(words[0], 255) &&
        isUint(words[1], 255) &&
        /^([0-9a-f]{2})+$/i.test(words[2] ?? "")
        ? undefined
        : wrong("algorithm, type of fingerprint, and fingerprint in hexadecimal (RFC 4255).");
    case "TXT":
      return data.length <= 65_000 ? undefined : wrong("too long.");
  }
}

export interface NameContents {
  name: string;
  /** Types of its other records. */
  types: readonly string[];
  addressCount: number;
}

/** A name that is another's alias is nothing else (RFC 1034 section 3.6.2); services have their own kind of name. */
export function placeProblem(type: RrType, at: NameContents): RecordProblem | undefined {
  if (type === "CNAME" && (at.types.length > 0 || at.addressCount > 0))
    return { field: "rrtype", message: `${at.name} has addresses or other records: it cannot be an alias as well.` };
  if (type !== "CNAME" && at.types.includes("CNAME"))
    return { field: "rrtype", message: `${at.name} is an alias (CNAME): it cannot have other records.` };
  if (type === "SRV" && !/^_[^.]+\._[^.]+(\..+)?$/.test(at.name))
    return {
      field: "name",
      message: "An SRV record is of a service: its name begins as `_service._protocol` (RFC 2782).",
    };
  return undefined;
}
