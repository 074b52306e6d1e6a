/** Scripts by CLI: upload, list, tag, update, revert, download, delete. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FIXTURES } from "./shell.ts";
import { RFC2822, type ScriptJson, type Session } from "./session.ts";

export async function scriptsByCli({ shell, step }: Session): Promise<void> {
  const stored = await readFile(join(FIXTURES, "seeds-greeting.sh"), "utf8");
  const vars = { SCRIPT_NAME: "seeds-draft", PATH_TO_SCRIPT: "draft.sh", TAG: "seeds-group" };
  const draft = stored.replace("name: seeds-greeting", "name: seeds-draft").replace(/^# title: .*\n/m, "");
  await writeFile(join(shell.home, "draft.sh"), draft);
  await writeFile(join(shell.home, "changed.sh"), draft.replace("hello from", "good morning from"));

  await step("S0-110 S0-111 S0-112 S0-113: upload a testing script", async () => {
    const made = await shell.json<ScriptJson>(
      "maas $PROFILE node-scripts create name=$SCRIPT_NAME \\\n script@=$PATH_TO_SCRIPT type=testing",
      vars,
    );
    assert.equal(made.name, "seeds-draft");
    assert.equal(made.type_name, "Testing script");
    const stray = await shell.attempt("maas $PROFILE node-scripts create name=x name script=draft.sh", vars);
    assert.notEqual(stray.code, 0);
    assert.match(stray.err, /name is not of the form key=value/);
    for (const [line, says] of [
      ["maas $PROFILE node-scripts create name=$SCRIPT_NAME script@=$PATH_TO_SCRIPT type=testing", /already|exists/],
      ["maas $PROFILE node-scripts create name=seeds-empty type=testing", /"script"/],
      [
        "echo true > plain && maas $PROFILE node-scripts create name=seeds-plain script@=plain type=testing",
        /"script"/,
      ],
    ] as const) {
      const refused = await shell.attempt(line, vars);
      assert.notEqual(refused.code, 0, line);
      assert.match(refused.out + refused.err, says, line);
    }
  });
  await step(
    "S0-010 S0-011 S0-012 S0-013 S0-014 S0-015 S0-003: metadata in the script, script= as a path",
    async () => {
      await shell.run("maas $PROFILE node-scripts create script=$FIXTURES/50-script-example.sh");
      const read = await shell.json<ScriptJson>("maas $PROFILE node-script read 50-script-example");
      assert.deepEqual(
        [read.name, read.title, read.description, read.type_name],
        ["50-script-example", "Example", "Just an example", "Commissioning script"],
      );
      assert.ok(read.tags.includes("noauto"));
    },
  );
  await step("S0-131 S0-132 S0-133 S0-134: tags group scripts", async () => {
    const tagged = await shell.json<ScriptJson>("maas $PROFILE node-script add-tag $SCRIPT_NAME tag=$TAG", vars);
    assert.ok(tagged.tags.includes(vars.TAG));
    const listed = await shell.json<ScriptJson[]>("maas $PROFILE node-scripts read type=testing filters=$TAG", vars);
    assert.deepEqual(
      listed.map((s) => s.name),
      ["seeds-draft"],
    );
    const bare = await shell.json<ScriptJson>("maas $PROFILE node-script remove-tag $SCRIPT_NAME tag=$TAG", vars);
    assert.ok(!bare.tags.includes(vars.TAG));
    for (const tag of ["", "tag=a,b"])
      assert.notEqual((await shell.attempt(`maas $PROFILE node-script add-tag $SCRIPT_NAME ${tag}`, vars)).code, 0);
  });
  await step("S0-115 S0-116 S0-117: list by type and tag", async () => {
    const cpu = await shell.json<ScriptJson[]>("maas $PROFILE node-scripts read type=testing filters=cpu");
    assert.ok(cpu.some((s) => s.name === "stress-ng-cpu-short"));
    assert.ok(cpu.every((s) => s.type_name === "Testing script" && s.tags.includes("cpu")));
    assert.notEqual((await shell.attempt("maas $PROFILE node-scripts read type=nonsense")).code, 0);
  });
  await step("S0-118 S0-119 S0-120 S0-121 S0-122 S0-123 S0-124 S0-125 S0-126: update, history, revert", async () => {
    await shell.run(
      'maas $PROFILE node-script update \\\n $SCRIPT_NAME script@=changed.sh comment="Updated version"',
      vars,
    );
    const second = await shell.json<ScriptJson>(
      "maas $PROFILE node-script update $SCRIPT_NAME script=changed.sh title=Morning comment=again",
      vars,
    );
    assert.equal(second.title, "Morning");
    assert.deepEqual(
      second.history.map((h) => h.comment),
      ["again", "Updated version", null],
    );
    for (const entry of second.history) {
      assert.deepEqual(Object.keys(entry).toSorted(), ["comment", "created", "id"]);
      assert.match(entry.created, RFC2822);
    }
    const first = second.history.at(-1);
    assert.ok(first);
    const back = await shell.json<ScriptJson>("maas $PROFILE node-script revert $SCRIPT_NAME to=$VERSION_ID", {
      ...vars,
      VERSION_ID: String(first.id),
    });
    assert.deepEqual(
      back.history.map((h) => h.id),
      [first.id],
    );
    for (const to of ["", "to=999999"])
      assert.notEqual((await shell.attempt(`maas $PROFILE node-script revert $SCRIPT_NAME ${to}`, vars)).code, 0);
  });
  await step("S0-006 S0-127: the downloaded file is the uploaded one", async () => {
    await shell.run(
      "maas $PROFILE node-script download $SCRIPT_NAME > $LOCAL_FILENAME && cmp $PATH_TO_SCRIPT $LOCAL_FILENAME",
      {
        ...vars,
        LOCAL_FILENAME: "downloaded.sh",
      },
    );
  });
  await step("S0-108 S0-109: every built-in script can be downloaded", async () => {
    const all = await shell.json<ScriptJson[]>("maas $PROFILE node-scripts read");
    assert.ok(all.length > 20, `${all.length} scripts`);
    const text = await shell.run("maas $PROFILE node-script download smartctl-validate");
    assert.match(text, /^#!/);
  });
  await step("S0-128: delete, but nothing that is built in", async () => {
    assert.equal(await shell.run("maas $PROFILE node-script delete $SCRIPT_NAME", vars), "");
    assert.notEqual((await shell.attempt("maas $PROFILE node-script read $SCRIPT_NAME", vars)).code, 0);
    assert.notEqual((await shell.attempt("maas $PROFILE node-script delete smartctl-validate")).code, 0);
  });
}
