/** What a reply prints, and the exit code it means. */
import type { ApiReply } from "./http.ts";
import type { Shell } from "../shell.ts";

/** On a terminal the body is announced; in a pipe there is nothing but its bytes. Exit code 0 for 2xx, else 2. */
export async function printReply(reply: ApiReply, shell: Shell): Promise<number> {
  const isSuccess = reply.status >= 200 && reply.status < 300;
  if (shell.isTerminal) await printForPeople(reply, isSuccess, shell);
  else await shell.out(reply.body);
  return isSuccess ? 0 : 2;
}

async function printForPeople(reply: ApiReply, isSuccess: boolean, { out }: Shell): Promise<void> {
  if (!isTextual(reply)) return out(reply.body);
  if (isSuccess) await out("Success.\nMachine-readable output follows:\n");
  else if (reply.body.length === 0) await out(`Request failed with code ${reply.status}: ${reply.reason}\n`);
  await out(reply.body);
  await out("\n");
}

function isTextual(reply: ApiReply): boolean {
  const type = mediaType(reply);
  return type.endsWith("/json") || type.startsWith("text/");
}

export const mediaType = ({ headers }: ApiReply): string =>
  (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";

/** `--debug`: the certificate, the status line and the headers, on stderr. */
export async function printDebug(reply: ApiReply, { err }: Shell): Promise<void> {
  const { certificate } = reply;
  if (certificate?.fingerprint256 !== undefined) {
    const name = (parts: object) =>
      Object.entries(parts)
        .map(([key, value]) => `${key}=${String(value)}`)
        .join(", ");
    await err(`Certificate subject: ${name(certificate.subject)}\nCertificate issuer:  ${name(certificate.issuer)}\n`);
    await err(`SHA-256 fingerprint: ${certificate.fingerprint256}\n\n`);
  }
  await err(`${reply.status} ${reply.reason}\n\n`);
  const headers = Object.entries(reply.headers)
    .map(([name, value]) => ({
      name: name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()),
      value: String(value),
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const width = Math.max(0, ...headers.map(({ name }) => name.length));
  await err(headers.map(({ name, value }) => `${name.padStart(width)}: ${value}\n`).join(""));
  await err("\n");
}

/** The stored description is of another version of the API than the one that answered. */
export async function warnOfOldDescription(
  reply: ApiReply,
  storedHash: string | undefined,
  { err }: Shell,
): Promise<void> {
  const current = reply.headers["x-maas-api-hash"];
  if (current === undefined || current === storedHash) return;
  const rule = "*".repeat(70);
  const lines = [
    "*** WARNING: the server's API is not the one this profile was made for.",
    "*** Commands and their help may be out of date. To bring them up to date:",
    "***",
    "***   maas refresh",
  ];
  await err(`${[rule, ...lines, rule].join("\n")}\n`);
}
