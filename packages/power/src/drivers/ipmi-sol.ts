/**
 * The serial console by Serial over LAN (IPMI 2.0, section 15), by `ipmitool sol activate`. Seen with 1.8.19: it works with a pipe for standard
 * input, closes the session in order when that ends, and exits 1 when somebody else has the console, of which a BMC has one.
 */
import { PowerError } from "../driver.ts";
import type { IpmiAttempt } from "./ipmi.ts";
import { command, isOtherSuite, rejected, suitesToTry } from "./ipmi-tool.ts";

const OPENED = /\[SOL Session operational\.[^\]]*\]\s*/;
const DOING = "opening the serial console";

export async function serialOverLan(attempt: IpmiAttempt, onText: (text: string) => void): Promise<void> {
  const { settings, outside, signal } = attempt;
  if (settings.power_driver === "LAN")
    throw new PowerError("unsupported", `${DOING}: IPMI 1.5 has none: set power_driver to LAN_2_0`);
  for (const suite of suitesToTry(settings)) {
    let head: string | undefined = "";
    const { stdout, stderr } = await outside.stream(
      command(settings, suite, ["sol", "activate"]),
      (text) => {
        if (head === undefined) return onText(text);
        head += text;
        const [opening] = OPENED.exec(head) ?? [];
        if (opening === undefined) return;
        onText(head.slice(head.indexOf(opening) + opening.length));
        head = undefined;
      },
      signal,
    );
    if (signal.aborted || head === undefined) return;
    if (!isOtherSuite(stdout + stderr)) throw closed(attempt, stdout + stderr);
  }
  throw rejected(attempt, DOING, "no matching cipher suite");
}

function closed(attempt: IpmiAttempt, text: string): PowerError {
  const at = `${DOING} of the IPMI BMC ${attempt.settings.power_address}`;
  if (/already active on another session/i.test(text))
    return new PowerError("refused", `${at}: somebody else has it open (Serial over LAN)`);
  if (
    /SOL.*(?:disabled|not supported)|payload (?:type )?(?:is )?disabled|Invalid data field|Invalid command/i.test(text)
  )
    return new PowerError("unsupported", `${at}: Serial over LAN is off or not there: enable it in the BMC`);
  return rejected(attempt, DOING, text);
}
