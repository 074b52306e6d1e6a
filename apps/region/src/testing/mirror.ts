/** A small mirror of images: a directory laid out as simplestreams, and the same over HTTP on loopback, which may stall and break off. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

export interface MirrorProduct {
  release?: string;
  arch?: string;
  version?: string;
  label?: string;
  /** By file type. */
  files?: Record<string, Buffer>;
  /** What the list says of the files beyond their truth. */
  lies?: Record<string, object>;
}

/** Writes index, one list and the files of these products below a directory. */
export async function writeMirror(directory: string, products: readonly MirrorProduct[]): Promise<void> {
  const listed: Record<string, object> = {};
  for (const [at, product] of products.entries()) {
    const { release = "noble", arch = "amd64", version = "20260101", label = "stable" } = product;
    const items: Record<string, object> = {};
    for (const [ftype, bytes] of Object.entries(product.files ?? {})) {
      const path = `${release}/${arch}/${version}/${at}/${ftype}`;
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), bytes);
      items[ftype] = { ftype, path, size: bytes.length, sha256: sha256Of(bytes), ...product.lies?.[ftype] };
    }
    listed[`com.example:v3:boot:${release}:${arch}:${at}`] = {
      os: "ubuntu",
      release,
      arch,
      subarch: "ga-24.04",
      subarches: "generic,ga-24.04",
      kflavor: "generic",
      label,
      release_title: "24.04 LTS",
      versions: { [version]: { items } },
    };
  }
  const path = "streams/v1/com.example.json";
  const entry = { datatype: "image-downloads", format: "products:1.0", path, products: Object.keys(listed) };
  await mkdir(join(directory, "streams/v1"), { recursive: true });
  await writeFile(join(directory, path), JSON.stringify({ format: "products:1.0", products: listed }));
  await writeFile(
    join(directory, "streams/v1/index.json"),
    JSON.stringify({ format: "index:1.0", index: { all: entry } }),
  );
}

/** Signs index and list as mirrors do. @returns the keyring, in ASCII armor */
export async function signMirror(directory: string, home: string): Promise<Buffer> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const gpg = (...words: string[]) =>
    run("gpg", ["--homedir", home, "--batch", "--yes", "--quiet", "--passphrase", "", ...words], {
      encoding: "buffer",
    });
  try {
    await gpg("--quick-generate-key", "mirror@example.com", "ed25519", "sign", "never");
    for (const name of ["index", "com.example"]) {
      const file = join(directory, "streams/v1", name);
      await gpg("--clearsign", "--output", `${file}.sjson`, `${file}.json`);
    }
    return (await gpg("--armor", "--export")).stdout;
  } finally {
    await run("gpgconf", ["--homedir", home, "--kill", "all"]).catch(() => {}); // its agent would outlive the test
  }
}

export interface WebMirror {
  /** http://127.0.0.1:PORT/ */
  url: string;
  /** Paths that were asked for, each with the byte from which on. */
  asked: { path: string; from: number }[];
  /** How the next answers for a path behave: it is cut or left hanging after so many bytes of the file. */
  faults: Map<string, { after: number; how: "cut" | "hang" } | { status: number }>;
  close(): Promise<void>;
}

export async function serveMirror(directory: string): Promise<WebMirror> {
  const asked: WebMirror["asked"] = [];
  const faults: WebMirror["faults"] = new Map();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = decodeURIComponent((request.url ?? "/").slice(1));
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    asked.push({ path, from });
    const bytes = await readFile(join(directory, path)).catch(() => undefined);
    const fault = faults.get(path);
    if (!bytes || (fault && "status" in fault)) {
      response.writeHead(fault && "status" in fault ? fault.status : 404).end();
      return;
    }
    const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(from > 0 ? 206 : 200, { "content-length": bytes.length - from, ...(from > 0 ? range : {}) });
    if (!fault) response.end(bytes.subarray(from));
    else
      response.write(bytes.subarray(from, Math.max(from, fault.after)), () => {
        if (fault.how === "cut") response.destroy();
      });
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`,
    asked,
    faults,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
