/** The secret that a rack proves to know when it enrols: a file that only this user reads, made when there is none. */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** @throws Error when the file is there and too short to be a secret */
export function enrolmentSecret(file: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    chmodSync(file, 0o600);
  }
  const secret = readFileSync(file, "utf8").trim();
  if (secret.length < 16)
    throw new Error(`${file} holds no enrolment secret for racks: delete it, and a new one is made at the next start`);
  return secret;
}
