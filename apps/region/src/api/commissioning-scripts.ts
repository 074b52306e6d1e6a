/** commissioning-scripts/: scripts of one kind, by their names, as older clients know them. */
import type { CommissioningScript } from "@rackwright/contract/objects/node-parts";
import type { ValuesOf } from "@rackwright/contract/params";
import { commissioningScript, commissioningScripts } from "@rackwright/contract/resources/commissioning-scripts";
import { API_ROOT } from "@rackwright/contract/table";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { checkName, checkTags, checkTimeout, checkTitle } from "@rackwright/domain/scripts/fields";
import type { Metadata } from "@rackwright/domain/scripts/metadata";
import { scriptType } from "@rackwright/domain/scripts/script";
import { changeScript, createScript, removeScript, scriptList, scriptText } from "../app/scripts.ts";
import type { Ctx } from "../context.ts";
import { plainText, Raw } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";
import { givenText } from "./node-scripts.ts";

type Fields = ValuesOf<typeof commissioningScript.actions.update.params>;

const DEPRECATED = "Use the resource scripts instead: it has all kinds of scripts, and their versions.";

function fieldsOf(p: Fields): Metadata {
  return {
    type: scriptType.commissioning,
    ...(p.name === undefined || p.name === "" ? {} : { name: checkName(p.name) }),
    ...(p.title === undefined ? {} : { title: checkTitle(p.title) }),
    ...(p.description === undefined ? {} : { description: p.description }),
    ...(p.tags === undefined ? {} : { tags: checkTags(p.tags) }),
    ...(p.timeout === undefined || p.timeout === "" ? {} : { timeoutSeconds: checkTimeout(p.timeout) }),
  };
}

async function textOf({ content, comment }: Fields) {
  const text = await givenText(content, comment);
  if (!text) throw invalidField("content", "This field is required.");
  return text;
}

/** The error names what this resource calls it. */
async function asContent<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof DomainError) || error.fields?.script === undefined) throw error;
    const { script, ...others } = error.fields;
    throw new DomainError(error.code, error.message, { fields: { ...others, content: script } });
  }
}

/** Names are told apart from ids: `7` here is a script of that name. @throws DomainError not_found */
async function named(ctx: Ctx, { name = "" }: Record<string, string>): Promise<string> {
  const scripts = await scriptList(
    ctx,
    { type: scriptType.commissioning, hardwareType: undefined, words: undefined },
    false,
  );
  if (!scripts.some(({ script }) => script.name === name))
    throw new DomainError("not_found", `There is no commissioning script ${name}.`);
  return name;
}

export function commissioningScriptsRoutes(routes: Routes): void {
  routes.on(commissioningScripts.actions.read, async ({ ctx }) =>
    (await scriptList(ctx, { type: scriptType.commissioning, hardwareType: undefined, words: undefined }, false))
      .map(({ script }) => script.name)
      .sort(),
  );
  routes.on(commissioningScripts.actions.create, async ({ ctx, params }): Promise<CommissioningScript> => {
    const text = await textOf(params);
    const { script } = await asContent(createScript(ctx, fieldsOf(params), text));
    return {
      name: script.name,
      content: Buffer.from(await scriptText(ctx, script.name, undefined)).toString("base64"),
      deprecated: DEPRECATED,
      resource_uri: `${API_ROOT}/commissioning-scripts/${encodeURIComponent(script.name)}`,
    };
  });
  routes.on(
    commissioningScript.actions.read,
    async ({ ctx, path }) => new Raw(await scriptText(ctx, await named(ctx, path), undefined), "application/binary"),
  );
  routes.on(commissioningScript.actions.update, async ({ ctx, path, params }) => {
    const name = await named(ctx, path);
    const text = await textOf(params);
    await asContent(changeScript(ctx, name, fieldsOf(params), text));
    return plainText("OK");
  });
  routes.on(commissioningScript.actions.delete, async ({ ctx, path }) => removeScript(ctx, await named(ctx, path)));
}
