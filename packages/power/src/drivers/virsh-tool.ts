/**
 * virsh, run with commands on one connection. A password goes to ssh through SSH_ASKPASS, a program in a private directory that is gone
 * afterwards: libvirt hands on that variable and DISPLAY, and nothing else of ours, to the ssh that it starts. `setsid` takes the terminal
 * away, or ssh would ask there.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Attempt, PowerError } from "../driver.ts";
import type { Finished } from "../outside/run-program.ts";

export const virshSettings = {
  power_address: { label: "Address", kind: "text", required: true, check: addressComplaint },
  power_pass: { label: "Password (optional)", kind: "password", secret: true },
  power_id: { label: "Virsh VM ID", kind: "text", required: true, scope: "machine", check: domainComplaint },
} as const;

/** Of a machine, or of the host itself, which has no power_id. */
export type VirshAttempt = Attempt<typeof virshSettings>;

/** Parameters of a libvirt URI that lead to no program of somebody's choice on the rack or the host, as `command` and `netcat` would. */
const PARAMETERS = ["socket", "mode", "proxy", "no_verify", "keyfile"];

export function addressComplaint(address: string): string | undefined {
  if (!/^(qemu|test)(\+(unix|ssh|tcp|tls))?:\/\//.test(address) || !URL.canParse(address))
    return "Enter a libvirt URI: qemu+ssh://USER@HOST/system, qemu+tls://HOST/system or qemu:///system.";
  const url = new URL(address);
  if (url.password !== "") return "Give the password in power_pass, not in the address.";
  if (!/^[\w.-]*$/.test(url.username) || url.username.startsWith("-")) return `${url.username} is no user name.`;
  if (!/^[\w.:[\]-]*$/.test(url.hostname) || url.hostname.startsWith("-")) return `${url.hostname} is no host.`;
  if (!/^\/[\w./-]*$/.test(url.pathname)) return `${url.pathname} is no path of a libvirt URI: /system is usual.`;
  for (const [name, value] of url.searchParams) {
    if (!PARAMETERS.includes(name)) return `The parameter ${name} is not allowed: only ${PARAMETERS.join(", ")} are.`;
    if (!/^[\w./-]*$/.test(value)) return `The parameter ${name} has a value that is not allowed.`;
  }
  return undefined;
}

/** virsh takes a number for the id of a running machine, which is another one after each start. */
export function domainComplaint(id: string): string | undefined {
  if (/^\d+$/.test(id)) return "A number means another machine after each start: give the name or the UUID.";
  return id.startsWith("-") || /["'\\;]/.test(id)
    ? "Quotes, backslashes, semicolons, and a hyphen at the beginning are not allowed."
    : undefined;
}

/** What sets the outputs of several commands apart; no command prints it by itself. */
const MARK = "@@rackwright@@";

/** One command; its output. @throws PowerError */
export async function virsh(attempt: Attempt, doing: string, words: readonly string[]): Promise<string> {
  const finished = await run(attempt, () => words);
  if (finished.code !== 0) throw rejected(attempt, doing, finished.stderr);
  return finished.stdout;
}

/** A command that reads a file, which holds `text`. @throws PowerError */
export async function virshWithFile(
  attempt: Attempt,
  doing: string,
  text: string,
  words: (file: string) => readonly string[],
): Promise<string> {
  const finished = await run(attempt, (file) => words(file), text);
  if (finished.code !== 0) throw rejected(attempt, doing, finished.stderr);
  return finished.stdout;
}

/**
 * Several commands on one connection: one that fails has an empty output, and does not end the others.
 * @param commands made of words without blanks and quotes
 * @throws PowerError when the connection could not be made
 */
export async function virshBatch(attempt: Attempt, doing: string, commands: readonly string[]): Promise<string[]> {
  const script = commands.map((command) => `${command}; echo ${MARK}`).join("; ");
  const finished = await run(attempt, () => [script]);
  const outputs = finished.stdout.split(MARK);
  if (outputs.length !== commands.length + 1) throw rejected(attempt, doing, finished.stderr);
  return outputs.slice(0, -1);
}

/** What ssh noted of a host: with another key there it would not even send a password. */
export async function forgetHostKey({ settings, outside, signal }: Attempt): Promise<void> {
  const { power_address: address = "" } = settings as Record<string, string>;
  if (addressComplaint(address) !== undefined || !/^\w+\+ssh:/.test(address)) return;
  const { hostname, port } = new URL(address);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  // One that was never noted is no error, and no file at all is none.
  await outside.run(
    { file: "ssh-keygen", args: ["-R", port === "" || port === "22" ? host : `[${host}]:${port}`], env: {} },
    signal,
  );
}

async function run(attempt: Attempt, words: (file: string) => readonly string[], text = ""): Promise<Finished> {
  const { power_address: address = "", power_pass: password = "" } = attempt.settings as Record<string, string>;
  const complaint = addressComplaint(address);
  if (complaint !== undefined) throw new PowerError("refused", `power_address ${shown(address)}: ${complaint}`);
  const dir = await mkdtemp(join(tmpdir(), "rackwright-virsh-"));
  try {
    const file = join(dir, "input.xml");
    const askpass = join(dir, "askpass");
    await writeFile(file, text, { mode: 0o600 });
    await writeFile(join(dir, "password"), `${password}\n`, { mode: 0o600 });
    await writeFile(askpass, password === "" ? noPassword : onePassword, { mode: 0o700 });
    const args = ["virsh", "-q", "-c", address, ...words(file)];
    return await attempt.outside.run(
      { file: "setsid", args, env: { SSH_ASKPASS: askpass, DISPLAY: ":" } },
      attempt.signal,
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** ssh asks this whether a host is the right one too: the first time it is taken at its word, and one that changed is refused by ssh itself. */
const trustAtFirst = '#!/bin/sh\ncase "$1" in *yes/no*) echo yes; exit 0;; esac\n';
const noPassword = `${trustAtFirst}exit 1\n`;
/** A wrong password is not tried again. */
const onePassword = `${trustAtFirst}cd "$(dirname "$0")" && cat password 2>/dev/null && rm password\n`;

const shown = (address: string) => address.replace(/\/\/([^/@:]*):[^/@]*@/, "//$1@");

/** The error for what virsh said, with what to check. */
export function rejected(attempt: Attempt, doing: string, stderr: string): PowerError {
  const { power_address: address = "", power_id: id = "" } = attempt.settings as Record<string, string>;
  const at = `${doing} by libvirt at ${shown(address)}`;
  const said = saidBy(stderr);
  if (/setsid: failed to execute virsh/.test(stderr))
    return new PowerError(
      "unsupported",
      `${at}: virsh is not installed on the rack controller: install libvirt-clients`,
    );
  if (
    /permission denied|authentication (failed|unavailable)|host key verification|access denied|too many auth/i.test(
      stderr,
    )
  )
    return new PowerError("auth", `${at}: not let in (${said}): check the user, power_pass, keys and known hosts`);
  if (SILENCE.test(stderr))
    return new PowerError(
      "unreachable",
      `${at}: ${said}: check power_address, its network, and that libvirt runs there`,
    );
  if (/failed to get domain|domain not found|no domain with matching/i.test(stderr))
    return new PowerError("refused", `${at}: there is no virtual machine ${id}: check power_id`);
  if (/not supported|unsupported|no connection driver/i.test(stderr))
    return new PowerError("unsupported", `${at}: ${said}`);
  return new PowerError("refused", `${at}: ${said}`);
}

const SILENCE =
  /connection (refused|reset|timed out|closed)|no route to host|network is unreachable|could not resolve|unable to resolve|failed to connect socket|end of file|cannot recv|broken pipe|keepalive/i;

/** The last line that says something: the first is what was tried, in virsh's words. */
function saidBy(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.replace(/^error: /, "").trim());
  return lines.filter((line) => line !== "").at(-1) ?? "virsh gave no reason";
}
