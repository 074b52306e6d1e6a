import { action, resource } from "../action.ts";
import { integer, list, requiredText, text } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;

export const version = resource({
  name: "Version",
  path: "/version/",
  doc: "What this server is and can do.",
  actions: {
    read: action({ method: "GET", access: "anonymous", doc: "Read version and capabilities", returns: "Version" }),
  },
});

export const configuration = resource({
  name: "Maas",
  path: "/maas/",
  doc: "Settings of the whole installation.",
  actions: {
    get_config: action({
      method: "GET",
      doc: "Read a setting",
      params: { name: requiredText("Name of the setting.") },
      returns: "ConfigValue",
      errors: { 400: "name is missing or unknown" },
    }),
    set_config: action({
      method: "POST",
      access: "admin",
      doc: "Change a setting",
      params: { name: requiredText("Name of the setting."), value: text("New value.") },
      returns: "string",
      errors: { 400: "name is unknown, or the value was refused", ...admin },
    }),
  },
});

export const events = resource({
  name: "Events",
  path: "/events/",
  doc: "What happened to machines and settings.",
  actions: {
    query: action({
      method: "GET",
      doc: "List events, newest first",
      params: {
        hostname: list("Host name. May be repeated."),
        mac_address: list("MAC address. May be repeated."),
        id: list("System id. May be repeated."),
        domain: list("Domain of the machine."),
        zone: list("Zone of the machine."),
        pool: list("Resource pool of the machine."),
        agent_name: list("Agent name of the machine."),
        owner: list("User who did it."),
        level: text(
          "Least level: AUDIT, DEBUG, INFO, WARNING, ERROR, CRITICAL. Default INFO; AUDIT shows audit events alone.",
        ),
        limit: integer("At most so many, up to 1000. Default 100.", { min: 1, max: 1000 }),
        before: integer("Only events older than this id.", { min: 0 }),
        after: integer("Only events newer than this id.", { min: 0 }),
      },
      returns: "EventsPage",
      errors: { 400: "limit, level or MAC address make no sense, or both cursors were given" },
    }),
  },
});

const DEFINITION =
  "XPath 1.0 expression over what lshw and lldpctl (lldp:NAME) printed on a machine: whatever it fits gets the tag, and nothing else. Empty: the tag is put on by update-nodes.";

export const tags = resource({
  name: "Tags",
  path: "/tags/",
  doc: "Tags on machines.",
  actions: {
    read: action({ method: "GET", doc: "List tags", returns: "Tag[]" }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a tag",
      params: {
        name: requiredText("Name: letters, digits, _ and -.", {
          max: 256,
          pattern: /^[a-zA-Z0-9_-]+$/,
          patternHint: "Use letters, digits, _ and - only.",
        }),
        comment: text("Free text."),
        definition: text(DEFINITION),
        kernel_opts: text("Kernel arguments for machines with the tag."),
      },
      returns: "Tag",
      errors: { 400: "name or definition were refused", ...admin },
    }),
  },
});

const noTag = { 404: "there is no such tag" } as const;

export const tag = resource({
  name: "Tag",
  path: "/tags/{name}/",
  doc: "One tag, by its name.",
  actions: {
    read: action({ method: "GET", doc: "Read a tag", returns: "Tag", errors: noTag }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a tag",
      returns: "",
      success: 204,
      errors: { ...admin, ...noTag },
    }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a tag\n\nWhat is not named stays as it is.",
      params: {
        name: text("Another name: letters, digits, _ and -.", {
          max: 256,
          pattern: /^[a-zA-Z0-9_-]+$/,
          patternHint: "Use letters, digits, _ and - only.",
        }),
        comment: text("Free text."),
        definition: text(DEFINITION),
        kernel_opts: text("Kernel arguments for machines with the tag."),
      },
      returns: "Tag",
      errors: { 400: "name or definition were refused", ...admin, ...noTag },
    }),
    rebuild: action({
      method: "POST",
      access: "admin",
      doc: "Find the tag's machines by its definition again\n\nGoes on after the reply: see evaluation. A tag without a definition stays on the machines that it was put on.",
      returns: "TagRebuild",
      errors: { ...admin, ...noTag },
    }),
    evaluation: action({
      method: "GET",
      doc: "Read how far the machines of the tag's definition have been found",
      returns: "TagEvaluation",
      errors: noTag,
    }),
    devices: action({ method: "GET", doc: "List the devices that have the tag", returns: "Device[]", errors: noTag }),
    rack_controllers: action({
      method: "GET",
      doc: "List the rack controllers that have the tag",
      returns: "RackController[]",
      errors: noTag,
    }),
    region_controllers: action({
      method: "GET",
      doc: "List the region controllers that have the tag",
      returns: "RegionController[]",
      errors: noTag,
    }),
    machines: action({
      method: "GET",
      doc: "List the machines that have the tag",
      returns: "Machine[]",
      errors: noTag,
    }),
    nodes: action({ method: "GET", doc: "List the nodes that have the tag", returns: "Node[]", errors: noTag }),
    update_nodes: action({
      method: "POST",
      access: "admin",
      doc: "Put the tag on machines, or take it off\n\nOf a tag with a definition this lasts until that is evaluated again.",
      params: {
        add: list("System ids that get it. May be repeated.", { split: "comma-or-blank" }),
        remove: list("System ids that lose it. May be repeated.", { split: "comma-or-blank" }),
        definition: text("The definition that this was found by; refused when it has changed since."),
        rack_controller: text("Rack controller that found it."),
      },
      returns: "TagUpdate",
      errors: { ...admin, ...noTag, 409: "the tag's definition is another by now" },
    }),
  },
});

export const sshKeys = resource({
  name: "SSHKeys",
  path: "/account/prefs/sshkeys/",
  doc: "The caller's SSH keys, which machines that they deploy let in.",
  actions: {
    read: action({ method: "GET", doc: "List SSH keys", returns: "SSHKey[]" }),
    create: action({
      method: "POST",
      doc: "Add an SSH key",
      params: {
        key: requiredText("A public key, as in authorized_keys."),
        user: text("Name of the user who gets it. Default: the caller; others need an administrator."),
      },
      returns: "SSHKey",
      success: 201,
      errors: { 400: "the key is not one, or is there already", 403: "the key would be another user's" },
    }),
    import: action({
      method: "POST",
      doc: "Import SSH keys\n\nThat somebody published at Launchpad or GitHub. The region fetches them; keys that are there already stay.",
      params: { keysource: requiredText("lp:NAME (Launchpad) or gh:NAME (GitHub).") },
      returns: "SSHKey[]",
      errors: { 400: "keysource is missing or no source, or the keys could not be fetched" },
    }),
  },
});

export const sshKey = resource({
  name: "SSHKey",
  path: "/account/prefs/sshkeys/{id}/",
  doc: "One SSH key, by its id.",
  actions: {
    read: action({
      method: "GET",
      doc: "Read an SSH key",
      returns: "SSHKey",
      errors: { 403: "the key is another user's", 404: "there is no such key" },
    }),
    delete: action({
      method: "DELETE",
      doc: "Delete an SSH key",
      returns: "",
      success: 204,
      errors: { 403: "the key is another user's", 404: "there is no such key" },
    }),
  },
});
