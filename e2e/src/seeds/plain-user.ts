/** A user who is no administrator, logged in beside the one that is. */
import type { UserShell } from "./shell.ts";

const NAME = "plain";
const PASSWORD = "not-a-secret-either";

/** @returns the profile's name */
export async function plainUser(shell: UserShell, host: string): Promise<string> {
  const vars = { NAME, PASSWORD, MAAS_HOST: host };
  await shell.run(
    "maas $PROFILE users create username=$NAME email=$NAME@example.com password=$PASSWORD is_superuser=0",
    vars,
  );
  const body = new URLSearchParams({ username: NAME, password: PASSWORD, consumer: "seeds" });
  const reply = await fetch(`${host}/accounts/authenticate/`, { method: "POST", body });
  const key = (await reply.json()) as Record<"consumer_key" | "token_key" | "token_secret", string>;
  const API_KEY = `${key.consumer_key}:${key.token_key}:${key.token_secret}`;
  await shell.run('maas login $NAME "$MAAS_HOST/" $API_KEY', { ...vars, API_KEY });
  return NAME;
}
