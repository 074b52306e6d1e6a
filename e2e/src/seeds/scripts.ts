/** Scripts by CLI: upload, list, tag, update, revert, download, delete. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FIXTURES } from "./shell.ts";
import { RFC2822, type ScriptJson, type Session } from "./session.ts";

const DRAFT = "seeds-draft";
const vars = { SCRIPT_NAME: DRAFT, PATH_TO_SCRIPT: "draft.sh", TAG: "seeds-group" };
const UPLOAD = "maas $PROFILE node-scripts create name=$SCRIPT_NAME \\\n script@=$PATH_TO_SCRIPT type=testing";

export async function scriptsByCli(session: Session): Promise<void> {
  const { shell } = session;
  const stored = await readFile(join(FIXTURES, "seeds-greeting.sh"), "utf8");
  const draft = stored.replace("name: seeds-greeting", `name: ${DRAFT}`).replace(/^# title: .*\n/m, "");
  await writeFile(join(shell.home, "draft.sh"), draft);
  await writeFile(join(shell.home, "changed.sh"), draft.replace("hello from", "good morning from"));
  await writeFile(join(shell.home, "plain.sh"), "echo true\n");
  await writeFile(join(shell.home, "bare.sh"), "#!/bin/sh\necho bare\n");
  await upload(session);
  await statedInTheScript(session);
  await tags(session);
  await lists(session);
  await versions(session);
  await downloadAndDelete(session);
  await commissioningAlike(session);
}

async function upload({ shell, row, refuses }: Session): Promise<void> {
  const fails = async (line: string) => assert.notEqual((await shell.attempt(line, vars)).code, 0, line);
  let made: ScriptJson | undefined;
  await row("S0-110", async () => {
    made = await shell.json<ScriptJson>(UPLOAD, vars);
    const stray = await shell.attempt("maas $PROFILE node-scripts create name=x name script=draft.sh", vars);
    assert.notEqual(stray.code, 0);
    assert.match(stray.err, /name is not of the form key=value/);
  });
  await row("S0-111", async () => {
    assert.equal(made?.name, DRAFT);
    const again = await shell.attempt(UPLOAD, vars);
    assert.notEqual(again.code, 0);
    assert.match(again.out + again.err, /"name".*already exists/);
    await shell.run("sed s/seeds-draft/seeds-nameless/ draft.sh > nameless.sh");
    const nameless = await shell.json<ScriptJson>("maas $PROFILE node-scripts create script@=nameless.sh type=testing");
    assert.equal(nameless.name, "seeds-nameless");
    await shell.run("maas $PROFILE node-script delete seeds-nameless");
  });
  await row("S0-112", async () => {
    assert.match(await refuses(400, "POST", "scripts/", { name: "seeds-empty", type: "testing" }), /"script"/);
    const plain = { name: "seeds-plain", type: "testing", script: "echo true\n" };
    assert.match(await refuses(400, "POST", "scripts/", plain), /"script".*#!/);
    await fails("maas $PROFILE node-scripts create name=seeds-empty type=testing");
    await fails("maas $PROFILE node-scripts create name=seeds-plain script@=plain.sh type=testing");
  });
  await row("S0-113", async () => assert.equal(made?.type_name, "Testing script"));
}

async function statedInTheScript({ shell, row }: Session): Promise<void> {
  await row("S0-003", async () => {
    for (const form of ["script@=bare.sh", "script=bare.sh"]) {
      await shell.run(`maas $PROFILE node-scripts create name=seeds-by-path ${form}`);
      await shell.run("maas $PROFILE node-script download seeds-by-path | cmp - bare.sh");
      await shell.run("maas $PROFILE node-script delete seeds-by-path");
    }
  });
  await row("S0-010", async () => {
    await shell.run("grep -v 'End MAAS' $FIXTURES/50-script-example.sh > endless.sh");
    const endless = await shell.attempt("maas $PROFILE node-scripts create script=endless.sh");
    assert.notEqual(endless.code, 0);
    assert.match(endless.out + endless.err, /Line 3 begins metadata that do not end: add/);
    await shell.run("maas $PROFILE node-scripts create script=$FIXTURES/50-script-example.sh");
  });
  const read = () => shell.json<ScriptJson>("maas $PROFILE node-script read 50-script-example");
  await row("S0-011", async () => assert.equal((await read()).name, "50-script-example"));
  await row("S0-012", async () => assert.equal((await read()).title, "Example"));
  await row("S0-013", async () => assert.equal((await read()).description, "Just an example"));
  await row("S0-014", async () => assert.equal((await read()).type_name, "Commissioning script"));
  await row("S0-015", async () => assert.ok((await read()).tags.includes("noauto")));
}

async function tags({ shell, row, refuses }: Session): Promise<void> {
  await row("S0-132", async () => {
    const tagged = await shell.json<ScriptJson>("maas $PROFILE node-script add-tag $SCRIPT_NAME tag=$TAG", vars);
    assert.ok(tagged.tags.includes(vars.TAG));
  });
  await row("S0-131", async () => {
    const listed = await shell.json<ScriptJson[]>("maas $PROFILE node-scripts read filters=$TAG", vars);
    assert.deepEqual(
      listed.map((s) => s.name),
      [DRAFT],
    );
  });
  await row("S0-133", async () => {
    const bare = await shell.json<ScriptJson>("maas $PROFILE node-script remove-tag $SCRIPT_NAME tag=$TAG", vars);
    assert.ok(!bare.tags.includes(vars.TAG));
  });
  await row("S0-134", async () => {
    for (const op of ["add_tag", "remove_tag"]) await refuses(400, "POST", `scripts/${DRAFT}?op=${op}`);
    await refuses(400, "POST", `scripts/${DRAFT}?op=add_tag`, { tag: "a,b" });
    const shown = await shell.attempt("maas $PROFILE node-script add-tag $SCRIPT_NAME tag=a,b", vars);
    assert.notEqual(shown.code, 0);
  });
}

async function lists({ shell, row, refuses }: Session): Promise<void> {
  await row("S0-115", async () => {
    const listed = await shell.json<ScriptJson[]>("maas $PROFILE node-scripts read type=testing filters=cpu");
    assert.ok(listed.some((s) => s.name === "stress-ng-cpu-short"));
  });
  await row("S0-116", async () => {
    const tests = await shell.json<ScriptJson[]>("maas $PROFILE node-scripts read type=testing");
    assert.deepEqual(new Set(tests.map((s) => s.type_name)), new Set(["Testing script"]));
    await refuses(400, "GET", "scripts/?type=nonsense");
    assert.notEqual((await shell.attempt("maas $PROFILE node-scripts read type=nonsense")).code, 0);
  });
  await row("S0-117", async () => {
    const cpu = await shell.json<ScriptJson[]>("maas $PROFILE node-scripts read filters=cpu");
    assert.ok(cpu.length > 0 && cpu.every((s) => s.tags.includes("cpu")));
  });
}

async function versions({ shell, row, refuses }: Session): Promise<void> {
  const read = () => shell.json<ScriptJson>("maas $PROFILE node-script read $SCRIPT_NAME", vars);
  const first = (await read()).history.at(-1)?.id ?? 0;
  await row("S0-118", async () => {
    const line = "maas $PROFILE node-script update \\\n $SCRIPT_NAME script=$PATH_TO_SCRIPT comment=$COMMENT";
    const given = { ...vars, PATH_TO_SCRIPT: "changed.sh", COMMENT: "Updated version" };
    const { history } = await shell.json<ScriptJson>(line.replace("$COMMENT", '"$COMMENT"'), given);
    assert.equal(history.length, 2);
    assert.equal(history.at(-1)?.id, first);
  });
  await row("S0-119", async () => {
    await shell.run("maas $PROFILE node-script download $SCRIPT_NAME | cmp - changed.sh", vars);
    await shell.run(`maas $PROFILE node-script download $SCRIPT_NAME revision=${first} | cmp - draft.sh`, vars);
  });
  await row("S0-120", async () => assert.equal((await read()).history[0]?.comment, "Updated version"));
  await row("S0-121", async () => {
    const changed = await shell.json<ScriptJson>("maas $PROFILE node-script update $SCRIPT_NAME title=Morning", vars);
    assert.deepEqual([changed.title, changed.history.length], ["Morning", 2]);
  });
  await row("S0-123", async () => {
    await shell.run("maas $PROFILE node-script update $SCRIPT_NAME script=draft.sh comment=again", vars);
    assert.equal((await read()).history.length, 3);
  });
  await row("S0-122", async () => {
    const { history } = await read();
    assert.deepEqual(
      history.map((h) => h.comment),
      ["again", "Updated version", null],
    );
    for (const entry of history) {
      assert.deepEqual(Object.keys(entry).toSorted(), ["comment", "created", "id"]);
      assert.match(entry.created, RFC2822);
    }
  });
  const changed = (await read()).history[1]?.id ?? 0;
  await row("S0-124", async () => {
    const given = { ...vars, VERSION_ID: String(changed) };
    await shell.run("maas $PROFILE node-script revert $SCRIPT_NAME to=$VERSION_ID", given);
    await shell.run("maas $PROFILE node-script download $SCRIPT_NAME | cmp - changed.sh", vars);
  });
  await row("S0-125", async () => {
    await refuses(400, "POST", `scripts/${DRAFT}?op=revert`, { to: "999999" });
    await refuses(400, "POST", `scripts/${DRAFT}?op=revert`);
    assert.notEqual((await shell.attempt("maas $PROFILE node-script revert $SCRIPT_NAME to=999999", vars)).code, 0);
  });
  await row(["S0-126", "S1-003"], async () => {
    assert.deepEqual(
      (await read()).history.map((h) => h.id),
      [changed, first],
    );
  });
}

async function downloadAndDelete({ shell, row, refuses }: Session): Promise<void> {
  await row(["S0-006", "S0-127"], async () => {
    const given = { ...vars, LOCAL_FILENAME: "downloaded.sh" };
    await shell.run("maas $PROFILE node-script download $SCRIPT_NAME > $LOCAL_FILENAME", given);
    await shell.run("cmp changed.sh downloaded.sh");
  });
  await row("S0-108", async () => {
    const text = await shell.run("maas $PROFILE node-script download $SCRIPT_NAME", { SCRIPT_NAME: "memtester" });
    assert.match(text, /^#!\/[^]*name: memtester/);
  });
  await row("S0-109", async () => {
    const all = await shell.json<ScriptJson[]>("maas $PROFILE node-scripts read");
    const builtin = all.filter((s) => s.default).map((s) => s.name);
    assert.ok(builtin.length > 25, `${builtin.length} built-in scripts`);
    const line = 'for name in $NAMES; do maas $PROFILE node-script download "$name" > it && head -c 3 it; done';
    assert.equal(await shell.run(line, { NAMES: builtin.join(" ") }), "#!/".repeat(builtin.length));
  });
  await row("S0-128", async () => {
    assert.equal(await shell.run("maas $PROFILE node-script delete $SCRIPT_NAME", vars), "");
    assert.notEqual((await shell.attempt("maas $PROFILE node-script read $SCRIPT_NAME", vars)).code, 0);
    await refuses(400, "DELETE", "scripts/smartctl-validate");
    assert.notEqual((await shell.attempt("maas $PROFILE node-script delete smartctl-validate")).code, 0);
  });
  await row("S0-130", async () => {
    const fields = "name title description tags type hardware_type parallel timeout destructive script comment".split(
      " ",
    );
    const more = "for_hardware packages may_reboot recommission apply_configured_networking".split(" ");
    for (const line of ["node-scripts create", "node-script update"]) {
      const help = await shell.run(`maas $PROFILE ${line} --help`);
      for (const field of [...fields, ...more])
        assert.match(help, new RegExp(`:param (\\S+ )?${field}:`), `${line}: ${field}`);
    }
    const read = await shell.run("maas $PROFILE node-scripts read --help");
    for (const field of ["type", "hardware_type", "filters", "include_script"])
      assert.match(read, new RegExp(`:param (\\S+ )?${field}:`));
  });
}

async function commissioningAlike({ shell, row }: Session): Promise<void> {
  await row("S0-129", async () => {
    const here = { SCRIPT_NAME: "seeds-alike" };
    const run = (line: string) => shell.run(`maas $PROFILE ${line}`, here);
    await run("node-scripts create name=$SCRIPT_NAME script@=bare.sh type=commissioning tags=noauto");
    await shell.run("sed s/bare/more/ bare.sh > more.sh");
    const { history } = await shell.json<ScriptJson>(
      "maas $PROFILE node-script update $SCRIPT_NAME script@=more.sh comment=two",
      here,
    );
    assert.equal(history[0]?.comment, "two");
    await run(`node-script revert $SCRIPT_NAME to=${history[1]?.id}`);
    await run("node-script download $SCRIPT_NAME | cmp - bare.sh");
    await run("node-script add-tag $SCRIPT_NAME tag=x");
    await run("node-script delete $SCRIPT_NAME");
  });
}
