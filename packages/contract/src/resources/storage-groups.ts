/** What volume groups, datastores, RAIDs and bcaches have alike. */
import { optionalList, text } from "../params.ts";
import { storageChange } from "./storage.ts";

export const groupSeen = (what: string) =>
  ({ 403: "the caller may not see this machine", 404: `there is no such machine or ${what}` }) as const;
/** @param refused what a 400 complains of */
export const groupRefused = (what: string, refused: string) => ({ 400: refused, ...storageChange(what) }) as const;

export const groupUuid = text("UUID. Default: a new one.");
export const memberList = (doc: string) => optionalList(doc, { split: "comma" });
export const firstMembers = {
  block_devices: memberList("Block devices, by id or name. May be repeated."),
  partitions: memberList("Partitions, by id or name. May be repeated."),
} as const;
export const memberChanges = {
  add_block_devices: memberList("Block devices that join."),
  remove_block_devices: memberList("Block devices that leave."),
  add_partitions: memberList("Partitions that join."),
  remove_partitions: memberList("Partitions that leave."),
} as const;
