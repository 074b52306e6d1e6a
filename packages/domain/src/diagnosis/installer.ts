/** The installer: it failed, or says nothing any more. */
import { type Rule, rule } from "./case.ts";
import { ago, isQuiet, last, quoted } from "./seen.ts";

/** It tells of its progress every few seconds; only the boot loader's own programs take their time. */
const SILENT_SECONDS = 300;

export const installerRules: readonly Rule[] = [
  rule("installation_failed", (c) => {
    const e = last(c, "installer", /\bfinish cmd-install: .*\(FAIL/s);
    if (!e) return undefined;
    return {
      summary: `The installer ended without success: ${quoted(e.text)}.`,
      expected: "The installer ends with success, and the machine starts from its disk.",
      checks: [
        "The installer's log (/tmp/install.log), kept as a result of the installation.",
        "The console of the machine, which stays on for that.",
      ],
    };
  }),
  rule("installer_silent", (c) => {
    const e = last(c, "installer", /./);
    if (!e || c.machine.status !== "deploying" || !c.machine.netboot || !isQuiet(c, SILENT_SECONDS)) return undefined;
    return {
      summary: `The installer fell silent ${ago(c, e)}: ${quoted(e.text)}.`,
      expected: "The installer tells of its progress every few seconds, until it has ended.",
      checks: [
        "The console: a kernel panic, or a disk that does not answer.",
        "The network link of the machine.",
        "Whether the machine is still on.",
      ],
    };
  }),
];
