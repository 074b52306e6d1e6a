/** Who this rack is, to the region: an id for life, and the credentials it was given. Kept in one file that only this user reads. */
import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writePrivate } from "../dhcp/private-file.ts";

const storedSchema = z.object({
  rackId: z.uuid(),
  credentials: z.object({ systemId: z.string(), token: z.string() }).nullable(),
});

export interface Credentials {
  systemId: string;
  token: string;
}

export interface EnrolOptions {
  regionUrl: string;
  /** Read anew at each enrolment: the region may make the file later than we start. */
  secret: () => Promise<string>;
  hostname: string;
  inRegion: boolean;
  signal: AbortSignal;
}

export class RackIdentity {
  readonly #file: string;
  readonly rackId: string;
  #credentials: Credentials | null;

  private constructor(file: string, rackId: string, credentials: Credentials | null) {
    this.#file = file;
    this.rackId = rackId;
    this.#credentials = credentials;
  }

  static async open(dataDir: string): Promise<RackIdentity> {
    const file = join(dataDir, "rack.json");
    const stored = await read(file);
    if (stored) return new RackIdentity(file, stored.rackId, stored.credentials);
    const made = new RackIdentity(file, randomUUID(), null);
    await made.#save();
    return made;
  }

  get credentials(): Credentials | null {
    return this.#credentials;
  }

  /** `systemId:token`, as headers carry it; undefined before the first enrolment. */
  get header(): string | undefined {
    return this.#credentials ? `${this.#credentials.systemId}:${this.#credentials.token}` : undefined;
  }

  /** The region does not know our credentials: the next connection enrols again. */
  async forget(): Promise<void> {
    this.#credentials = null;
    await this.#save();
  }

  /** @throws Error that says why the region refused */
  async enrol({ regionUrl, secret, hostname, inRegion, signal }: EnrolOptions): Promise<void> {
    const nonce = randomBytes(16).toString("hex");
    const timestamp = Date.now();
    const fields = [this.rackId, hostname, inRegion, nonce, timestamp];
    const mac = createHmac("sha256", await secret())
      .update(fields.join("\n"))
      .digest("hex");
    const reply = await fetch(`${regionUrl}/MAAS/rack/enrol`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ rackId: this.rackId, hostname, inRegion, nonce, timestamp, mac }),
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)]),
    });
    const text = await reply.text();
    if (!reply.ok)
      throw new Error(`the region ${regionUrl} refused to enrol this rack (${reply.status}): ${text.trim()}`);
    this.#credentials = z.object({ systemId: z.string(), token: z.string() }).parse(JSON.parse(text));
    await this.#save();
  }

  #save(): Promise<void> {
    const content = { rackId: this.rackId, credentials: this.#credentials };
    return writePrivate(this.#file, `${JSON.stringify(content, null, 2)}\n`, undefined);
  }
}

async function read(file: string): Promise<z.infer<typeof storedSchema> | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const parsed = storedSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new Error(`${file} is not what a rack wrote: delete it, and this rack enrols as a new one`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
