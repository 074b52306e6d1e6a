import { hardwareTypeAliases, parallelAliases, scriptTypeAliases } from "@rackwright/domain/scripts/words";
import { action, resource } from "../action.ts";
import {
  choice,
  flag,
  integer,
  json,
  optionalFlag,
  optionalList,
  requiredInteger,
  requiredText,
  text,
  upload,
} from "../params.ts";

const scriptTypes = ["commissioning", "testing", "release"] as const;
const hardwareTypes = ["node", "cpu", "memory", "storage", "network", "gpu"] as const;
const parallels = ["disabled", "instance", "any"] as const;
const type = choice("commissioning, testing or release.", scriptTypes, scriptTypeAliases);
const hardwareType = choice(
  "What kind of hardware it is about: node, cpu, memory, storage, network, gpu.",
  hardwareTypes,
  hardwareTypeAliases,
);
const filters = optionalList("Names or tags of scripts, or ids of results.", { split: "comma" });

const fields = {
  title: text("What people read.", { max: 255 }),
  description: text("What it does."),
  tags: optionalList("Tags to choose it by.", { split: "comma" }),
  type,
  script_type: type,
  hardware_type: hardwareType,
  parallel: choice(
    "What may run beside it: disabled, instance (its own further instances), any.",
    parallels,
    parallelAliases,
  ),
  timeout: text("Longest run: seconds, or HH:MM:SS; 0 for no limit."),
  destructive: optionalFlag("Whether it destroys data."),
  script: upload("The script itself; its first line begins with #!."),
  comment: text("Why this version.", { max: 255 }),
  for_hardware: optionalList("Hardware that it is for: modalias:, pci:, usb:, system_vendor: ...", { split: "comma" }),
  packages: json('Packages that it needs: `{"apt": [...], "snap": [...], "url": [...]}`.'),
  may_reboot: optionalFlag("Whether it may reboot the machine."),
  recommission: optionalFlag("Whether the built-in scripts run again after it."),
  apply_configured_networking: optionalFlag("Whether the configured network is applied while it runs."),
} as const;

export const nodeScripts = resource({
  name: "NodeScripts",
  path: "/scripts/",
  doc: "Scripts for commissioning, testing and releasing machines.",
  actions: {
    read: action({
      method: "GET",
      doc: "List scripts",
      params: {
        type,
        hardware_type: hardwareType,
        include_script: flag("Show the scripts' text too, base64."),
        filters,
      },
      returns: "Script[]",
      errors: { 400: "type or hardware_type is unknown" },
    }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Add a script\n\nFields that its own metadata block states need not be given, and may not contradict it.",
      params: { name: text("Name; may be stated in the script.", { max: 255 }), ...fields },
      returns: "Script",
      errors: { 400: "name, text or metadata were refused", 403: "the caller is not an administrator" },
    }),
  },
});

export const nodeScript = resource({
  name: "NodeScript",
  path: "/scripts/{name}",
  doc: "One script, by its name or id.",
  actions: {
    read: action({
      method: "GET",
      doc: "Read a script",
      params: { include_script: flag("Show the script's text too, base64.") },
      returns: "Script",
      errors: { 404: "there is no such script" },
    }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a script\n\nA new text becomes a new version; older ones are kept.",
      params: { name: text("New name.", { max: 255 }), ...fields },
      returns: "Script",
      errors: {
        400: "a field was refused, or the script is built in",
        403: "the caller is not an administrator",
        404: "there is no such script",
      },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a script",
      returns: "",
      success: 204,
      errors: {
        400: "the script is built in",
        403: "the caller is not an administrator",
        404: "there is no such script",
      },
    }),
    download: action({
      method: "GET",
      doc: "Download a script",
      params: {
        revision: integer("Version, from the history. Default: the newest."),
        rev: integer("The same as revision."),
      },
      returns: "bytes",
      errors: { 400: "no such version", 404: "there is no such script" },
    }),
    revert: action({
      method: "POST",
      access: "admin",
      doc: "Go back to an older version\n\nNewer versions are gone then.",
      params: { to: requiredInteger("Id of a version, or how many to go back: -1 is the one before.") },
      returns: "Script",
      errors: {
        400: "no such version, or the script is built in",
        403: "the caller is not an administrator",
        404: "there is no such script",
      },
    }),
    add_tag: action({
      method: "POST",
      access: "admin",
      doc: "Add a tag to a script",
      params: { tag: requiredText("The tag.", { pattern: /^[^,]*$/, patternHint: "A tag has no comma in it." }) },
      returns: "Script",
      errors: {
        400: "tag is missing or has a comma",
        403: "the caller is not an administrator",
        404: "there is no such script",
      },
    }),
    remove_tag: action({
      method: "POST",
      access: "admin",
      doc: "Remove a tag from a script",
      params: { tag: requiredText("The tag.") },
      returns: "Script",
      errors: { 400: "tag is missing", 403: "the caller is not an administrator", 404: "there is no such script" },
    }),
  },
});

const setType = choice(
  "commissioning, testing, installation or release.",
  ["commissioning", "testing", "installation", "release"],
  { ...scriptTypeAliases, "1": "installation", install: "installation" },
);
const resultErrors = { 403: "the caller may not see this machine", 404: "there is no such machine or result" } as const;

export const nodeScriptResults = resource({
  name: "NodeScriptResults",
  path: "/nodes/{system_id}/results/",
  doc: "What scripts found on a machine, run by run.",
  actions: {
    read: action({
      method: "GET",
      doc: "List script results",
      params: {
        type: setType,
        hardware_type: hardwareType,
        include_output: flag("Show the outputs too, base64."),
        filters,
      },
      returns: "ScriptSet[]",
      errors: { 400: "type or hardware_type is unknown", ...resultErrors },
    }),
    // The original's documentation writes it so, though it has only the form for one run.
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Suppress results of a current run\n\nSuppressed failures no longer count in the machine's test status.",
      params: {
        type: setType,
        hardware_type: hardwareType,
        include_output: flag("Show the outputs too, base64."),
        filters,
        suppressed: optionalFlag("Whether they are suppressed."),
      },
      returns: "ScriptSet",
      errors: { 400: "type is missing, or suppressed is neither true nor false", ...resultErrors },
    }),
  },
});

export const nodeScriptResult = resource({
  name: "NodeScriptResult",
  path: "/nodes/{system_id}/results/{id}/",
  doc: "One run: by its id, or current-commissioning, current-testing, current-installation.",
  actions: {
    read: action({
      method: "GET",
      doc: "Read a run's results",
      params: { hardware_type: hardwareType, include_output: flag("Show the outputs too, base64."), filters },
      returns: "ScriptSet",
      errors: { 400: "no such word for a run", ...resultErrors },
    }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Suppress results\n\nSuppressed failures no longer count in the machine's test status.",
      params: {
        hardware_type: hardwareType,
        include_output: flag("Show the outputs too, base64."),
        filters,
        suppressed: optionalFlag("Whether they are suppressed."),
      },
      returns: "ScriptSet",
      errors: { 400: "suppressed is neither true nor false", ...resultErrors },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a run's results",
      returns: "",
      success: 204,
      errors: { 400: "it is the current run", ...resultErrors },
    }),
    download: action({
      method: "GET",
      doc: "Download a run's outputs",
      params: {
        hardware_type: hardwareType,
        filters,
        output: choice("combined, stdout, stderr, result or all.", ["combined", "stdout", "stderr", "result", "all"]),
        filetype: choice("txt, or tar.xz for an archive.", ["txt", "tar.xz"]),
      },
      returns: "bytes",
      errors: { 400: "output or filetype is unknown", ...resultErrors },
    }),
    follow: action({
      method: "GET",
      doc: "Follow a run\n\nServer-sent events until all of the run's results have ended: `output` (the bytes that a script printed, base64, and their place in all that it printed), `result` (a script has begun or ended), `end` (how the run ended). What had ended before is told by its status alone. Each event has its place as id; a stream ends after ten minutes, and may be taken up with `Last-Event-ID` or `after`.",
      params: {
        hardware_type: hardwareType,
        filters,
        after: text("The id of an event, where the header Last-Event-ID cannot be sent."),
      },
      returns: "bytes",
      errors: {
        400: "the place makes no sense, or there is no such word for a run",
        409: "too many streams are open",
        ...resultErrors,
      },
    }),
  },
});
