/** Every command line of the documentation is understood, by the commands of ours or by what our server describes of its API. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { api20 } from "@rackwright/contract/versions";
import { readArguments } from "./action-arguments.ts";
import { documentedParameters, isDocumented } from "./api/documented.ts";
import { resourcesOf } from "./api/describe.ts";
import { parseParameters, splitParameter } from "./api/parameters.ts";
import { builtinNamed } from "./builtins.ts";
import { findAction, findResource } from "./profile-command.ts";
import { commandLines, wordsOf } from "./test-support/command-lines.ts";

const resources = resourcesOf(api20.describe("http://localhost"), false);
const isProfile = (word: string | undefined): boolean => ["$PROFILE", "$profile", "admin"].includes(word ?? "");

/** @throws Error of what is not understood */
async function understand(line: string): Promise<string> {
  const [first = "", ...rest] = wordsOf(line);
  if (first === "--help") return "help";
  if (builtinNamed(first)) return `command ${builtinNamed(first)?.name}`;
  if (!isProfile(first)) return `${first} without a profile: a hint`;
  const [word = "", verb = "", ...args] = rest;
  const resource = findResource(resources, word, verb);
  assert.ok(resource, `there is no resource ${word}`);
  if (verb === "--help" || verb === "-h") return `help of ${word}`;
  const action = findAction(resource, verb);
  assert.ok(action, `${resource.word} has no action ${verb}`);
  const given = readArguments(resource, action, args);
  if (given === "help") return `help of ${resource.word} ${action.name}`;
  await parseParameters(given.data.map((argument) => argument.replace("@=", "=")));
  const documented = documentedParameters(action);
  for (const argument of given.data) {
    const key = splitParameter(argument)?.key ?? "";
    assert.ok(isDocumented(documented, key), `${resource.word} ${action.name} documents no parameter ${key}`);
  }
  return `${resource.word} ${action.name} (${[...resource.handler.params, ...given.data.map((it) => it.split("=")[0])].join(" ")})`;
}

for (const { id, line, as, parses } of commandLines)
  test(`${id}: ${line}`, async (t) => {
    if (parses === undefined) return t.diagnostic(`${id} PASS ${await understand(line)}`);
    await assert.rejects(understand(line), (error: Error) => error.message.includes(parses));
    t.diagnostic(`${id} PASS a slip: ${parses}${as === undefined ? "" : `; meant: ${await understand(as)}`}`);
  });

test("every documented row with a command line is there once at least", () => {
  assert.equal(new Set(commandLines.map(({ id }) => id)).size, 46);
});

test("a parameter that is none, a resource and an action that are none, are told", async () => {
  await assert.rejects(understand("maas $PROFILE machine deploy x nonsense=1"), /documents no parameter nonsense/);
  await assert.rejects(understand("maas $PROFILE machnie read x"), /no resource machnie/);
  await assert.rejects(understand("maas $PROFILE machine raed x"), /no action raed/);
});
