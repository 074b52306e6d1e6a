/** scripts/ and scripts/{name}. */
import type { Upload } from "@rackwright/contract/params";
import { nodeScript, nodeScripts } from "@rackwright/contract/resources/scripts";
import { invalidField } from "@rackwright/domain/errors";
import {
  checkForHardware,
  checkName,
  checkPackages,
  checkTags,
  checkTimeout,
  checkTitle,
} from "@rackwright/domain/scripts/fields";
import type { Metadata } from "@rackwright/domain/scripts/metadata";
import { parallelMode, scriptType } from "@rackwright/domain/scripts/script";
import { hardwareType } from "@rackwright/domain/scripts/status";
import { readFile } from "node:fs/promises";
import {
  addScriptTag,
  changeScript,
  createScript,
  type NewText,
  removeScript,
  removeScriptTag,
  revertScript,
  scriptList,
  scriptText,
  scriptView,
} from "../app/scripts.ts";
import { Raw } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";
import type { ValuesOf } from "@rackwright/contract/params";
import { wireScript } from "./wire/script.ts";

type Fields = ValuesOf<typeof nodeScript.actions.update.params>;

/** What the form states; what it leaves out is not there. */
function givenFields(p: Fields): Metadata {
  const type = p.type ?? p.script_type;
  return {
    ...(p.name === undefined || p.name === "" ? {} : { name: checkName(p.name) }),
    ...(p.title === undefined ? {} : { title: checkTitle(p.title) }),
    ...(p.description === undefined ? {} : { description: p.description }),
    ...(p.tags === undefined ? {} : { tags: checkTags(p.tags) }),
    ...(type === undefined ? {} : { type: scriptType[type] }),
    ...(p.hardware_type === undefined ? {} : { hardwareType: hardwareType[p.hardware_type] }),
    ...(p.parallel === undefined ? {} : { parallel: parallelMode[p.parallel] }),
    ...(p.timeout === undefined || p.timeout === "" ? {} : { timeoutSeconds: checkTimeout(p.timeout) }),
    ...(p.destructive === undefined ? {} : { destructive: p.destructive }),
    ...(p.for_hardware === undefined ? {} : { forHardware: checkForHardware(p.for_hardware) }),
    ...(p.packages === undefined ? {} : { packages: checkPackages(p.packages) }),
    ...(p.may_reboot === undefined ? {} : { mayReboot: p.may_reboot }),
    ...(p.recommission === undefined ? {} : { recommission: p.recommission }),
    ...(p.apply_configured_networking === undefined
      ? {}
      : { applyConfiguredNetworking: p.apply_configured_networking }),
  };
}

/** A script's text; undefined when none was sent. */
export async function givenText(script: Upload | undefined, comment: string | undefined): Promise<NewText | undefined> {
  if (script === undefined || script.sizeBytes === 0) {
    if (comment !== undefined && comment !== "")
      throw invalidField("comment", "A comment is about a new version: send the script too.");
    return undefined;
  }
  const bytes = script.bytes ?? (script.path === undefined ? undefined : await readFile(script.path));
  if (!bytes) throw new Error("an upload has neither bytes nor a path");
  return { bytes, comment: comment === undefined || comment === "" ? null : comment };
}

const BINARY = "application/binary";

export function nodeScriptsRoutes(routes: Routes): void {
  routes.on(nodeScripts.actions.read, async ({ ctx, params }) => {
    const { type, hardware_type, filters, include_script } = params;
    const filter = {
      type: type && scriptType[type],
      hardwareType: hardware_type && hardwareType[hardware_type],
      words: filters,
    };
    return (await scriptList(ctx, filter, include_script)).map(wireScript);
  });

  routes.on(nodeScripts.actions.create, async ({ ctx, params }) => {
    const text = await givenText(params.script, params.comment);
    if (!text) throw invalidField("script", "This field is required.");
    return wireScript(await createScript(ctx, givenFields(params), text));
  });

  routes.on(nodeScript.actions.read, async ({ ctx, path, params }) =>
    wireScript(await scriptView(ctx, path["name"] ?? "", params.include_script)),
  );

  routes.on(nodeScript.actions.update, async ({ ctx, path, params }) => {
    const text = await givenText(params.script, params.comment);
    return wireScript(await changeScript(ctx, path["name"] ?? "", givenFields(params), text));
  });

  routes.on(nodeScript.actions.delete, ({ ctx, path }) => removeScript(ctx, path["name"] ?? ""));

  routes.on(nodeScript.actions.download, async ({ ctx, path, params }) => {
    const text = await scriptText(ctx, path["name"] ?? "", params.revision ?? params.rev);
    return new Raw(text, BINARY);
  });

  routes.on(nodeScript.actions.revert, async ({ ctx, path, params }) =>
    wireScript(await revertScript(ctx, path["name"] ?? "", params.to)),
  );

  routes.on(nodeScript.actions.add_tag, async ({ ctx, path, params }) =>
    wireScript(await addScriptTag(ctx, path["name"] ?? "", params.tag)),
  );

  routes.on(nodeScript.actions.remove_tag, async ({ ctx, path, params }) =>
    wireScript(await removeScriptTag(ctx, path["name"] ?? "", params.tag)),
  );
}
