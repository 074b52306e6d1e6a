/** The machine's disks. */
import { type Case, type Observation, type Rule, rule } from "./case.ts";
import { has, quoted, said } from "./seen.ts";

const ERROR =
  /I\/O error|Input\/output error|medium error|critical target error|Unrecovered read error|EXT4-fs error|blk_update_request|read-only file ?system|SMART.*FAILED/i;
const SMALL = /too small|No space left|not enough space|does not fit|is smaller than|exceeds the (?:size|end) of/i;
const MISSING =
  /did not appear within|no disk (?:with|has|is)|disk .* (?:is missing|not found|is not there)|has no (?:disk|block device)|no such disk|MissingDevice|cannot find (?:the )?disk/i;

const OTHER_SIZE = /has (\d+) bytes, but the plan was made for (\d+)/;

const disks = (c: Case): string =>
  c.facts.disks.length === 0
    ? "no disks are known"
    : `known: ${c.facts.disks.map((d) => `${d.name} ${(d.sizeBytes / 1e9).toFixed(1)} GB`).join(", ")}`;

/** The installer writes on no disk but the one that its plan was made for. */
function otherSize(c: Case, is: (now: number, was: number) => boolean): Observation | undefined {
  return said(c, OTHER_SIZE, (found) => is(Number(found[1]), Number(found[2])));
}

export const diskRules: readonly Rule[] = [
  rule("disk_error", (c) => {
    const e = said(c, ERROR);
    if (!e) return undefined;
    return {
      summary: `A disk of the machine has errors: ${quoted(e.text)}.`,
      expected: "Disks read and write without errors.",
      checks: ["The disk's SMART data: run a storage test.", "Cables, backplane and controller.", "Replace the disk."],
    };
  }),
  rule("disk_too_small", (c) => {
    const e = said(c, SMALL) ?? otherSize(c, (now, was) => now < was);
    if (!e) return undefined;
    return {
      summary: `A disk is too small for what is to go on it: ${quoted(e.text)} (${disks(c)}).`,
      expected: "The boot disk holds the image and the storage layout.",
      checks: [
        "The storage layout: sizes of its partitions.",
        "Which disk is the boot disk.",
        "Commission the machine again if a disk of it was changed.",
      ],
    };
  }),
  rule("disk_missing", (c) => {
    const e = said(c, MISSING) ?? otherSize(c, (now, was) => now > was);
    const none = c.machine.status === "deploying" && c.facts.disks.length === 0 && !has(c, "installer", /./);
    if (!e && !none) return undefined;
    return {
      summary: `A disk that the machine should have is not there: ${e ? quoted(e.text) : "there is none to install on"} (${disks(c)}).`,
      expected: "The disks that commissioning found are still there.",
      checks: [
        "That the disk is plugged in and its controller enabled.",
        "Commission the machine again if it was changed.",
      ],
    };
  }),
];
