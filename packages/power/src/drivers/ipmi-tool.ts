/** One ipmitool call: its arguments, the secrets in its environment, and what its texts mean. */
import { PowerError } from "../driver.ts";
import type { Command, Finished } from "../outside/run-program.ts";
import type { IpmiAttempt } from "./ipmi.ts";
import { keyAsOctal, parseAddress } from "./ipmi-values.ts";

/**
 * Run ipmitool, with the first cipher suite that the BMC takes.
 * @throws PowerError from every text that means failure; what is returned may still be no success, so read it
 */
export async function ipmitool(attempt: IpmiAttempt, doing: string, words: readonly string[]): Promise<Finished> {
  const suites = suitesToTry(attempt.settings);
  for (const [index, suite] of suites.entries()) {
    const finished = await call(attempt, suite, words);
    const text = finished.stdout + finished.stderr;
    const isLast = index === suites.length - 1;
    if (!isLast && isOtherSuite(text)) continue;
    if (finished.code !== 0 || /Unable to establish/i.test(text)) throw rejected(attempt, doing, text);
    return finished;
  }
  throw new Error("no cipher suite to try");
}

/** The BMC answered, and did not take the cipher suite. */
export const isOtherSuite = (text: string): boolean =>
  /Unable to establish IPMI v2/i.test(text) && !isSilent(text) && !isCredential(text);

/** IPMI 1.5 has no suites. Unset: 17 is the one with a sound hash, 3 the one that old BMCs have. */
export function suitesToTry(settings: IpmiAttempt["settings"]): readonly (string | undefined)[] {
  if (settings.power_driver === "LAN") return [undefined];
  return settings.cipher_suite_id === "" ? ["17", "3"] : [settings.cipher_suite_id];
}

const levels: Record<string, string> = { USER: "USER", OPERATOR: "OPERATOR", ADMIN: "ADMINISTRATOR" };
const oemTypes: Record<string, string> = { intel20: "intelplus", supermicro20: "supermicro" };

/** Sets the environment's K_g from octal escapes; the `x` keeps a line feed at the end from being cut off. */
const withKey =
  'k=$(printf "$RACKWRIGHT_KG"x); IPMI_KGKEY=${k%x}; unset RACKWRIGHT_KG; export IPMI_KGKEY; exec ipmitool "$@"';

function call(attempt: IpmiAttempt, suite: string | undefined, words: readonly string[]): Promise<Finished> {
  return attempt.outside.run(command(attempt.settings, suite, words), attempt.signal);
}

/** Its arguments can be read by every user of the host; secrets are in the environment. */
export function command(
  settings: IpmiAttempt["settings"],
  suite: string | undefined,
  words: readonly string[],
): Command {
  const { host, port } = parseAddress(settings.power_address) ?? { host: settings.power_address, port: undefined };
  const oem = settings.workaround_flags.map((flag) => oemTypes[flag]).find((type) => type !== undefined);
  const key = suite === undefined ? "" : settings.k_g;
  const args = [
    ["-v", "-I", suite === undefined ? "lan" : "lanplus", "-H", host],
    port === undefined ? [] : ["-p", port],
    // One second and two repeats: about 6 s until it gives up on a dead address; the retries are ours.
    ["-N", "1", "-R", "2", "-L", levels[settings.privilege_level] ?? "OPERATOR"],
    suite === undefined ? [] : ["-C", suite],
    settings.power_user === "" ? [] : ["-U", settings.power_user],
    oem === undefined ? [] : ["-o", oem],
    key === "" ? [] : ["-K"],
    ["-E", ...words],
  ].flat();
  const env = { IPMI_PASSWORD: settings.power_pass };
  if (key === "") return { file: "ipmitool", args, env };
  const keyed = { ...env, RACKWRIGHT_KG: keyAsOctal(key) };
  return { file: "/bin/sh", args: ["-c", withKey, "ipmitool", ...args], env: keyed };
}

/** Nothing came back at all, or there is no way to send. */
const isSilent = (text: string): boolean =>
  /Get Auth Capabilities (error|command failed)|Address lookup for .* failed|Could not open socket|unreachable/i.test(
    text,
  );

/** `unauthorized name` and the HMAC: user and password. The RAKP 4 check: K_g. `Activate Session`: the password in IPMI 1.5. */
const isCredential = (text: string): boolean =>
  /HMAC is invalid|unauthorized name|Invalid user name|RAKP 4 message has invalid|Activate Session command failed|Insufficient privilege|Unable to set session privilege|Password is longer|unauthorized role|privilege level is not/i.test(
    text,
  );

/** The session stands, and what came next got no answer: were it refused, the reason would follow after a colon. */
const isCutOff = (text: string): boolean =>
  /Unable to get Chassis Power|Unable to set Chassis Power|Set Session Privilege Level to \w+ failed$|no response|timed? ?out/im.test(
    text,
  );

/** The error for a text that is no success, with what to check. */
export function rejected(attempt: IpmiAttempt, doing: string, text: string): PowerError {
  const { power_address, power_user, privilege_level, cipher_suite_id } = attempt.settings;
  const at = `${doing} by the IPMI BMC ${power_address}`;
  const said = lastLine(text);
  if (/Address lookup for .* failed/i.test(text))
    return new PowerError("unreachable", `${at}: the name cannot be resolved: check power_address and the DNS`);
  if (isSilent(text))
    return new PowerError(
      "unreachable",
      `${at}: no answer: check power_address, its network, and that IPMI over LAN is enabled`,
    );
  if (/Insufficient privilege|session privilege.*:|unauthorized role|privilege level is not/i.test(text))
    return new PowerError(
      "auth",
      `${at}: ${power_user} may not do that at privilege level ${privilege_level || "OPERATOR"}: raise it`,
    );
  if (/RAKP 4 message has invalid/i.test(text))
    return new PowerError("auth", `${at}: the K_g key does not fit: check k_g, empty when the BMC has none`);
  if (isCredential(text))
    return new PowerError("auth", `${at}: user or password not accepted (${said}): check power_user and power_pass`);
  if (isCutOff(text))
    return new PowerError(
      "timeout",
      `${at}: the session was opened, then the BMC stopped answering: reset the BMC if it stays so`,
    );
  if (
    /invalid (authentication|integrity|confidentiality) algorithm|no matching cipher suite|no cipher suite match/i.test(
      text,
    )
  )
    return new PowerError(
      "refused",
      `${at}: cipher suite ${cipher_suite_id || "17 and 3"} not taken: set another cipher_suite_id`,
    );
  return new PowerError("refused", `${at}: ${said}`);
}

/** The line that says why: ipmitool prints it last, unless it is the general one. */
function lastLine(text: string): string {
  const lines = text.split("\n").map((line) => line.replace(/^[>\s]+/, "").trim());
  const telling = lines.filter(
    (line) => line !== "" && !/^Error: Unable to establish|^Loading IANA|^Discovered IPMB/.test(line),
  );
  return telling.at(-1) ?? "ipmitool gave no reason";
}
