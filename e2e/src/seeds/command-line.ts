/** How commands are written, and what they print. */
import assert from "node:assert/strict";
import type { Session } from "./session.ts";

export async function commandLine({ shell, row }: Session): Promise<void> {
  await row("S0-001", async () => {
    await shell.run("maas login my-own.name $MAAS_URL $API_KEY");
    const me = await shell.json<{ username: string }>("profile=my-own.name; maas $profile users whoami");
    assert.equal(me.username, (await shell.json<{ username: string }>("maas $PROFILE users whoami")).username);
    await shell.run("maas logout my-own.name");
  });
  await row("S0-002", async () => {
    const tag = await shell.json<{ comment: string }>('maas $PROFILE tags create name=seeds-blank comment="a b"');
    assert.equal(tag.comment, "a b");
    await shell.run("maas $PROFILE tag delete seeds-blank");
  });
  await row("S0-004", async () => {
    const seen = await shell.run(`script -qec 'maas "$PROFILE" machines read' /dev/null`);
    assert.match(seen, /^Success\.\r?\nMachine-readable output follows:\r?\n\[/);
    assert.match(await shell.run("maas $PROFILE machines read"), /^\[/);
  });
  await row("S0-005", async () => void (await shell.run("maas $PROFILE machines read | jq .")));
  await row("S0-007", async () => {
    const user = await shell.json<{ is_superuser: boolean }>("maas $PROFILE \\\n users \\\n whoami");
    assert.equal(user.is_superuser, true);
  });
}
