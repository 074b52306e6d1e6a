/** Operations of ours: what happened to a machine, what is wrong with it, and what changes anywhere. */
import { action, resource } from "../action.ts";
import { choice, integer, list, text } from "../params.ts";

const notMachine = { 403: "the caller may not see this machine", 404: "there is no such machine" } as const;

/** Of the resource Machine. */
export const recorderActions = {
  timeline: action({
    method: "GET",
    doc: "Read a machine's timeline\n\nWhat was seen of it (power, DHCP, boot files, metadata, scripts, installer), its changes of status and what people asked for, in the order of time. Without a cursor: the newest. Secrets are taken out.",
    params: {
      limit: integer("Items at most. Default: 100.", { min: 1, max: 1000 }),
      before: text("A cursor (prev of an earlier reply): what is older."),
      after: text("A cursor (next of an earlier reply): what is newer, the oldest first."),
      level: choice("Least level. Default: debug, which is everything.", ["debug", "info", "warning", "error"]),
      source: list("Sources: bmc, dhcp, tftp, http, metadata, script, installer, console, region. Default: all.", {
        split: "comma",
      }),
    },
    returns: "Timeline",
    errors: { 400: "a cursor or source makes no sense", ...notMachine },
  }),
  diagnose: action({
    method: "GET",
    doc: "Say what is wrong with a machine\n\nWhat is wrong now, what was expected instead, and what to check, the likeliest first.",
    returns: "Diagnosis",
    errors: notMachine,
  }),
  inventory_diff: action({
    method: "GET",
    doc: "Say what has changed in a machine\n\nWhat a commissioning found of its hardware beside what an earlier one found: disks gone, memory smaller, firmware newer, cards moved. Disks are told apart by serial number, cards by MAC address.",
    params: {
      from: integer("The earlier commissioning, by the id of its script results. Default: the one before `to`.", {
        min: 1,
      }),
      to: integer("The later one. Default: the newest.", { min: 1 }),
    },
    returns: "InventoryDiff",
    errors: { 400: "no inventory of that commissioning is kept", ...notMachine },
  }),
  support_bundle: action({
    method: "GET",
    doc: "Read all that helps to help with a machine\n\nA tar.gz of the machine, its timeline and diagnosis, the outputs of its scripts, and facts of the controller. Secrets are taken out.",
    returns: "bytes",
    errors: notMachine,
  }),
} as const;

const entities = list("Kinds of things: machine, subnet, tag ... Default: all.", { split: "comma" });

export const changes = resource({
  name: "Changes",
  path: "/changes/",
  doc: "The record of what changed, of whatever kind, in an order that never changes.",
  actions: {
    read: action({
      method: "GET",
      doc: "Read changes\n\nWhat was changed after a place in the record, the oldest first; only what the caller may see. Without `after`: nothing but the place to begin from.",
      params: {
        after: text("A place: next of an earlier reply, or the id of a change; 0:0 for the beginning."),
        limit: integer("Changes at most. Default: 100.", { min: 1, max: 1000 }),
        entity: entities,
      },
      returns: "ChangesPage",
      errors: { 400: "the place makes no sense" },
    }),
    stream: action({
      method: "GET",
      doc: "Follow changes\n\nServer-sent events that begin after `Last-Event-ID` (or `after`), or now; each has its place as id. A reader that is too slow is ended, and may go on where it was.",
      params: { after: text("A place, where the header Last-Event-ID cannot be sent."), entity: entities },
      returns: "bytes",
      errors: { 400: "the place makes no sense", 409: "too many streams are open" },
    }),
  },
});
