/** Signed texts of mirrors, verified by gpgv with the keyring of their source. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DomainError } from "@rackwright/domain/errors";

/** A text of 64 MiB is verified within a second; what hangs is not waited for. */
const TIMEOUT_MS = 60_000;

/**
 * @param signed a clear-signed text (RFC 9580 section 7)
 * @param keyring binary, or in ASCII armor
 * @param url for the reason
 * @returns just what was signed
 * @throws DomainError when no key of the keyring made the signature
 */
export async function verifySigned(signed: Uint8Array, keyring: Uint8Array, url: string): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), "rackwright-gpgv-"));
  try {
    const file = join(directory, "keyring.gpg");
    await writeFile(file, dearmored(keyring), { mode: 0o600 });
    const { code, output, said } = await run(
      "gpgv",
      ["--homedir", directory, "--keyring", file, "--output", "-", "-"],
      signed,
    );
    if (code === 0 && output.length > 0) return output;
    const why = said.trim().split("\n").at(-1) ?? "";
    throw new DomainError("bad_request", `${url} is not signed by a key of the source's keyring: ${why.slice(0, 500)}`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** gpgv reads binary keyrings alone (RFC 9580 section 6.2: armor is base64 between a header and a checksum). */
export function dearmored(keyring: Uint8Array): Uint8Array {
  const text = Buffer.from(keyring).toString("latin1");
  const blocks = [
    ...text.matchAll(/-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n([^]*?)-----END PGP PUBLIC KEY BLOCK-----/g),
  ];
  if (blocks.length === 0) return keyring;
  return Buffer.concat(
    blocks.map(([, block = ""]) => {
      const body = block.slice(/\r?\n\r?\n/.exec(block)?.index ?? 0);
      const lines = body.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith("="));
      return Buffer.from(lines.join(""), "base64");
    }),
  );
}

async function run(
  program: string,
  words: string[],
  input: Uint8Array,
): Promise<{ code: number | null; output: Buffer; said: string }> {
  const child = spawn(program, words, {
    stdio: "pipe",
    timeout: TIMEOUT_MS,
    env: { PATH: process.env.PATH, LC_ALL: "C" },
  });
  const [output, said]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => said.push(chunk));
  child.stdin.on("error", () => {}); // it may end before it has read all: its exit code says so
  child.stdin.end(input);
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("error", (cause) =>
    reject(
      new DomainError("bad_request", `${program} verifies signatures and cannot be run here: install its package.`, {
        cause,
      }),
    ),
  );
  child.once("close", resolve);
  return { code: await promise, output: Buffer.concat(output), said: Buffer.concat(said).toString("utf8") };
}
