/** Password of the first administrator: from the environment, a file, a prompt, or made up. Never from the command line. */
import { readFile } from "node:fs/promises";
import { randomWord } from "@rackwright/region/auth/secrets";

export async function adminPassword(
  file: string | undefined,
  username: string,
): Promise<{ password: string; generated: boolean }> {
  if (file !== undefined) {
    const password = (await readFile(file, "utf8")).replace(/\r?\n$/, "");
    if (password === "") throw new Error(`--admin-password-file ${file} is empty: write the password into it`);
    return { password, generated: false };
  }
  const given = process.env.RACKWRIGHT_ADMIN_PASSWORD;
  delete process.env.RACKWRIGHT_ADMIN_PASSWORD; // children need not see it
  if (given !== undefined && given !== "") return { password: given, generated: false };
  if (process.stdin.isTTY && process.stderr.isTTY) {
    const typed = await prompt(`Password for the first administrator, ${username} (empty: one is made up): `);
    if (typed !== "") return { password: typed, generated: false };
  }
  return { password: randomWord(16), generated: true };
}

/** A line from the terminal that is not shown. */
function prompt(text: string): Promise<string> {
  process.stderr.write(text);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let typed = "";
  const onData = (chunk: Buffer) => {
    for (const char of chunk.toString("utf8")) {
      if (char === "\u0003") return finish(() => reject(new Error("interrupted")));
      if (char === "\r" || char === "\n") return finish(() => resolve(typed));
      typed = char === "\u007f" ? typed.slice(0, -1) : typed + char;
    }
  };
  const finish = (settle: () => void) => {
    process.stdin.off("data", onData);
    process.stdin.setRawMode(false);
    process.stdin.pause();
    process.stderr.write("\n");
    settle();
  };
  process.stdin.setRawMode(true);
  process.stdin.resume();
  process.stdin.on("data", onData);
  return promise;
}
