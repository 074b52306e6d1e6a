/** Logins, in the file and form of the official client, so that both may be used side by side. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ApiKey } from "./api/api-key.ts";
import type { ApiDescription } from "./api/describe.ts";
import { CliError } from "./errors.ts";

export interface Profile {
  name: string;
  /** The API's root, with a slash at the end. */
  url: string;
  credentials: ApiKey | null;
  description: ApiDescription;
  /** PEM of the server's certificate authority. */
  cacerts?: string | null;
}

export class Profiles {
  readonly #home: string;
  constructor(home: string) {
    this.#home = home;
  }

  async list(): Promise<Profile[]> {
    if (!existsSync(this.#file)) return [];
    return this.#use((database) =>
      database.prepare("SELECT name, data FROM profiles ORDER BY name").all().map(fromRow),
    );
  }

  async find(name: string): Promise<Profile | undefined> {
    if (!existsSync(this.#file)) return undefined;
    const row = await this.#use((database) =>
      database.prepare("SELECT name, data FROM profiles WHERE name = ?").get(name),
    );
    return row && fromRow(row);
  }

  /** Store it, in place of one with the same name. */
  async save(profile: Profile): Promise<void> {
    await this.#use((database) =>
      database
        .prepare(
          "INSERT INTO profiles (name, data) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET data = excluded.data",
        )
        .run(profile.name, JSON.stringify(profile)),
    );
    this.#writeCertificate(profile);
  }

  /** Unknown names are no error. */
  async remove(name: string): Promise<void> {
    if (!existsSync(this.#file)) return;
    await this.#use((database) => database.prepare("DELETE FROM profiles WHERE name = ?").run(name));
    rmSync(this.#certificate(name), { force: true });
  }

  get #file(): string {
    return join(this.#home, ".maascli.db");
  }

  #certificate(name: string): string {
    return join(this.#home, ".maascli.certs", `${name}.pem`);
  }

  #writeCertificate({ name, cacerts }: Profile): void {
    if (!cacerts) return rmSync(this.#certificate(name), { force: true });
    mkdirSync(join(this.#home, ".maascli.certs"), { recursive: true, mode: 0o700 });
    writeFileSync(this.#certificate(name), cacerts, { mode: 0o600 });
  }

  async #use<T>(act: (database: import("node:sqlite").DatabaseSync) => T): Promise<T> {
    this.#protect();
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(this.#file, { timeout: 5000 });
    try {
      database.exec(
        "CREATE TABLE IF NOT EXISTS profiles (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, data BLOB)",
      );
      return act(database);
    } catch (cause) {
      const why = (cause as Error).message;
      throw new CliError(`the profiles in ${this.#file} cannot be used (${why}): move the file away and log in again`, {
        cause,
      });
    } finally {
      database.close();
    }
  }

  /** It holds API keys: made, and kept, for its owner alone, before SQLite ever opens it. */
  #protect(): void {
    try {
      closeSync(openSync(this.#file, "a", 0o600));
      if ((statSync(this.#file).mode & 0o077) !== 0) chmodSync(this.#file, 0o600);
    } catch (cause) {
      throw new CliError(`the profiles in ${this.#file} cannot be opened: check who owns it and its folder`, { cause });
    }
  }
}

function fromRow(row: Record<string, unknown>): Profile {
  const { data } = row;
  const text = typeof data === "string" ? data : Buffer.from(data as Uint8Array).toString("utf8");
  return JSON.parse(text) as Profile;
}
