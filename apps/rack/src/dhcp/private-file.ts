import { chown, open, rename } from "node:fs/promises";

/** Replace a file in one step; only its owner may read it, at no moment anyone else. */
export async function writePrivate(file: string, text: string, owner?: { uid: number; gid: number }): Promise<void> {
  const next = `${file}.next`;
  const handle = await open(next, "w", 0o600);
  try {
    await handle.chmod(0o600); // a file left by an interrupted run keeps its old mode
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
  if (owner) await chown(next, owner.uid, owner.gid);
  await rename(next, file);
}
